"""What Redis does with one image, as one step: the values of a user, when they end, and the names that lead to them.

In: KEYS: order, held, session, window, names. ARGV: kind, offset, JSON or "", its end, now, order seconds, session
seconds, held seconds, user key, what a name's key begins with, names as JSON (name → user key). Out: 1, or 0 for an
image older than the last. A name's key is made here: all keys must be on one server.
Must never let the keys depend on which image of a user came first, nor on how long after the other one.
"""

SCRIPT = """
local kind, offset, value, ends, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local order, held, session_key, window_key, names_key = unpack(KEYS)
local session_seconds, user, named = tonumber(ARGV[7]), ARGV[9], ARGV[10]

local newest = redis.call('HGET', order, kind)
if newest and tonumber(newest) > tonumber(offset) then return 0 end
redis.call('HSET', order, kind, offset)
redis.call('EXPIRE', order, ARGV[6])

local function moment(seconds) return string.format('%d', seconds) end
local function put(key, content, last)
    if content and last > now then
        redis.call('SET', key, content, 'EXAT', moment(last))
    else
        redis.call('DEL', key)
    end
end

-- Only the two images together know when the session ends, and either may come when its own key has ended already: what
-- the other one will need is held apart from the keys.
if kind == 'session' then
    if value == '' then redis.call('HDEL', held, 'session') else redis.call('HSET', held, 'session', value) end
elseif value == '' then
    redis.call('HDEL', held, 'last_seen', 'names', 'window_ends')
else
    local last_seen = moment(math.floor(cjson.decode(value)['last_seen']))
    redis.call('HSET', held, 'last_seen', last_seen, 'names', ARGV[11], 'window_ends', moment(ends))
end
local last_seen = tonumber(redis.call('HGET', held, 'last_seen') or 0)
local window_ends = tonumber(redis.call('HGET', held, 'window_ends') or 0)

local session = value ~= '' and value
if kind == 'window' then
    put(window_key, session, ends)
    -- A session of a mirror that held nothing yet is there as its key only.
    session = redis.call('HGET', held, 'session') or redis.call('GET', session_key)
end
local silent_since = last_seen
if session then silent_since = math.max(last_seen, math.floor(cjson.decode(session)['since'])) end
local session_ends = silent_since + session_seconds
put(session_key, session, session_ends)
redis.call('EXPIREAT', held, moment(math.max(now, session_ends) + tonumber(ARGV[8])))

-- Names lead to a user for as long as there is a window or a session to find; only a window knows them.
local leads = redis.call('HGET', held, 'names')
if kind == 'session' and not leads then return 1 end
local last = math.max(window_ends, session_ends)
leads = leads and last > now and cjson.decode(leads) or {}
-- Another home may have taken a name over meanwhile: then it is no longer ours to delete.
for _, name in ipairs(redis.call('SMEMBERS', names_key)) do
    if not leads[name] and redis.call('GET', named .. name) == user then redis.call('DEL', named .. name) end
end
redis.call('DEL', names_key)
for name, home in pairs(leads) do
    -- The person a number was passed on to may be kept under another of their names by now.
    if home ~= user then home = redis.call('GET', named .. home) or home end
    local present = redis.call('GET', named .. name)
    if present == home then
        redis.call('EXPIREAT', named .. name, moment(last), 'GT')
    elseif kind == 'window' or not present then
        -- A session says nothing new of names: it takes none from a home that has it by now.
        redis.call('SET', named .. name, home, 'EXAT', moment(last))
    end
    redis.call('SADD', names_key, name)
end
if next(leads) then redis.call('EXPIREAT', names_key, moment(last)) end
return 1
"""
