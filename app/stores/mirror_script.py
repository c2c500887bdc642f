"""What Redis does with one image, as one step: the values of a user, when they end, and the names that lead to them.

In: KEYS: order, own value, the other value, names. ARGV: kind, offset, JSON or "", its end, now, order seconds, session
seconds, user key, what a name's key begins with, names as JSON (name → user key). Out: 1, or 0 for an image older than
the last. A name's key is made here: all keys must be on one server.
"""

SCRIPT = """
local kind, value, now, user, named = ARGV[1], ARGV[3], tonumber(ARGV[5]), ARGV[8], ARGV[9]

local seen = redis.call('HGET', KEYS[1], kind)
if seen and tonumber(seen) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], kind, ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[6])

local function moment(seconds) return string.format('%d', seconds) end
local function session_end(window) return math.floor(cjson.decode(window)['last_seen']) + tonumber(ARGV[7]) end

-- The end of a session follows the user's last message, which only the window knows: whichever of the two images comes
-- last sets it.
local ends = tonumber(ARGV[4])
if kind == 'session' and value ~= '' then
    local window = redis.call('GET', KEYS[3])
    if window then ends = math.max(ends, session_end(window)) end
end
if value == '' or ends <= now then
    redis.call('DEL', KEYS[2])
else
    redis.call('SET', KEYS[2], value, 'EXAT', moment(ends))
end

-- Names lead to a user for as long as there is a window or a session to find.
if kind == 'session' then
    local last = redis.call('EXPIRETIME', KEYS[2])
    if last < 0 then return 1 end
    for _, name in ipairs(redis.call('SMEMBERS', KEYS[4])) do
        if redis.call('GET', named .. name) == user then redis.call('EXPIREAT', named .. name, moment(last), 'GT') end
    end
    redis.call('EXPIREAT', KEYS[4], moment(last), 'GT')
    return 1
end

if value ~= '' then
    local last = session_end(value)
    if last > redis.call('EXPIRETIME', KEYS[3]) then redis.call('EXPIREAT', KEYS[3], moment(last)) end
    ends = math.max(ends, last, redis.call('EXPIRETIME', KEYS[3]))
end
local leads = cjson.decode(ARGV[10])
if value == '' or ends <= now then leads = {} end
-- Another home may have taken a name over meanwhile: then it is no longer ours to delete.
for _, name in ipairs(redis.call('SMEMBERS', KEYS[4])) do
    if not leads[name] and redis.call('GET', named .. name) == user then redis.call('DEL', named .. name) end
end
redis.call('DEL', KEYS[4])
for name, home in pairs(leads) do
    -- The person a number was passed on to may be kept under another of their names by now.
    if home ~= user then home = redis.call('GET', named .. home) or home end
    if redis.call('GET', named .. name) == home then
        redis.call('EXPIREAT', named .. name, moment(ends), 'GT')
    else
        redis.call('SET', named .. name, home, 'EXAT', moment(ends))
    end
    redis.call('SADD', KEYS[4], name)
end
if next(leads) then redis.call('EXPIREAT', KEYS[4], moment(ends)) end
return 1
"""
