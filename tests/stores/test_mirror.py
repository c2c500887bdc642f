"""The mirror on a real Valkey, and its rebuild from a real Kafka while the live mirror runs."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr
from redis.asyncio import Redis

from agents.mirror import Mirror
from app.core.identity import User
from app.core.mirror import Image, session_image, window_image
from app.core.state import Session, Window
from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port
from app.embedded.valkey import Valkey
from app.mirror_command import RebuildFailed, rebuild
from app.reader import TopicReader
from app.settings import Settings, SettingsError
from app.stores.mirror import MirrorAway, MirrorStore
from app.topics import Topics, ensure_topics

NOW = float(int(time.time()))
DAY = 86_400
KEY = "106:5511999990000"


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="mirror-") as name:
        async with Valkey(free_port(), Path(name) / "valkey") as server:
            yield server


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(valkey.url, decode_responses=True)
    yield client
    await client.aclose()


@pytest.fixture
async def store(valkey: Valkey) -> AsyncIterator[MirrorStore]:
    store = MirrorStore(SecretStr(valkey.url))
    yield store
    await store.close()


def session(offset: int, since: float = NOW, agent: int | None = 7, key: str = KEY) -> Image:
    return session_image(key, Session(since=since, agent=agent).to_dict(), offset, DAY)


def window(offset: int, last_seen: float = NOW, key: str = KEY) -> Image:
    value = Window(user=User.at("106", "5511999990000", None), last_seen=last_seen)
    return window_image(key, value.to_dict(), offset, DAY, DAY)


def gone(kind: str, offset: int) -> Image:
    return session_image(KEY, None, offset, DAY) if kind == "session" else window_image(KEY, None, offset, DAY, DAY)


async def shown(redis: Redis, kind: str, key: str = KEY) -> Any:
    """The JSON of a key of the mirror, None when there is none."""
    value = await redis.get(f"wab:{kind}:{key}")
    return None if value is None else orjson.loads(value)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_images_become_keys_that_end_by_themselves(store: MirrorStore, redis: Redis) -> None:
    assert await store.write([session(1), window(1, NOW + 10)]) == 2
    assert (await shown(redis, "session"))["agent"] == 7
    assert (await shown(redis, "window"))["waID"] == "5511999990000"
    assert await redis.expiretime(f"wab:window:{KEY}") == NOW + 10 + DAY
    assert await redis.expiretime(f"wab:session:{KEY}") == NOW + 10 + DAY


async def test_the_session_ends_after_the_users_last_message_whichever_image_comes_last(
    store: MirrorStore, redis: Redis
) -> None:
    await store.write([window(1, NOW + 500), session(1, NOW)])
    assert await redis.expiretime(f"wab:session:{KEY}") == NOW + 500 + DAY
    await store.write([window(2, NOW + 900)])
    assert await redis.expiretime(f"wab:session:{KEY}") == NOW + 900 + DAY
    await store.write([session(2, NOW + 950)])
    assert await redis.expiretime(f"wab:session:{KEY}") == NOW + 950 + DAY


@pytest.mark.parametrize("kind", ["session", "window"])
async def test_what_is_deleted_or_over_is_gone(store: MirrorStore, redis: Redis, kind: str) -> None:
    make = session if kind == "session" else window
    await store.write([make(1)])
    await store.write([gone(kind, 2)])
    assert await shown(redis, kind) is None
    await store.write([make(3)])
    assert await shown(redis, kind) is not None
    await store.write([make(4, NOW - DAY - 1)])
    assert await shown(redis, kind) is None


async def test_an_older_image_never_replaces_a_newer_one(store: MirrorStore, redis: Redis) -> None:
    await store.write([session(9, agent=9)])
    assert await store.write([session(8, agent=8), gone("session", 7)]) == 0
    assert (await shown(redis, "session"))["agent"] == 9
    await store.write([gone("session", 10)])
    assert await store.write([session(9, agent=9)]) == 0
    assert await shown(redis, "session") is None
    assert await store.write([session(10, agent=10)]) == 1


async def test_no_key_of_the_mirror_stays_for_ever(store: MirrorStore, redis: Redis) -> None:
    await store.write([session(1), window(1), gone("session", 2)])
    keys = await redis.keys("*")
    assert sorted(keys) == [f"wab:{kind}:{KEY}" for kind in ("held", "name", "names", "order", "window")]
    assert all([await redis.ttl(key) > 0 for key in keys])


async def test_more_images_than_fit_a_batch(store: MirrorStore, redis: Redis) -> None:
    assert await store.write(session(1, key=f"106:{number}") for number in range(1201)) == 1201
    assert await shown(redis, "session", "106:1200") is not None


async def test_clear_takes_the_mirrors_keys_and_no_others(store: MirrorStore, redis: Redis) -> None:
    await redis.set("chat:unrelated", "1")
    await store.write([session(1), window(1)])
    assert await store.clear() == 6
    assert await redis.keys("*") == ["chat:unrelated"]


async def test_redis_away_raises_and_heals(store: MirrorStore, valkey: Valkey, redis: Redis) -> None:
    await store.write([session(1)])
    await valkey.kill()
    with pytest.raises(MirrorAway, match="BROKER_REDIS_URL"):
        await store.write([session(2, agent=2)])
    assert await store.check() is not None
    await valkey.restart(empty=True)
    assert await store.write([session(2, agent=2)]) == 1
    assert await store.check() is None
    assert (await shown(redis, "session"))["agent"] == 2


async def test_a_redis_that_hangs_costs_bounded_time(valkey: Valkey) -> None:
    store = MirrorStore(SecretStr(valkey.url), seconds=0.3)
    await store.write([session(1)])
    valkey.pause()
    try:
        async with asyncio.timeout(5):
            with pytest.raises(MirrorAway):
                await store.write([session(2)])
    finally:
        valkey.resume()
    assert await store.write([session(2)]) == 1
    await store.close()


class World:
    """Kafka with the two changelogs, Valkey, and a producer of table values."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self.settings = settings
        self.topics = Topics(settings)
        self.producer = producer

    async def put(self, table: str, number: int, value: dict[str, Any] | None) -> None:
        """One change of a table."""
        topic = self.topics.sessions_changelog if table == "sessions" else self.topics.windows_changelog
        content = None if value is None else orjson.dumps(value)
        await self.producer.send_and_wait(topic, content, key=f"106:{number}".encode())


@pytest.fixture
async def world(valkey: Valkey, tmp_path: Path) -> AsyncIterator[World]:
    async with EmbeddedKafka(free_port(), tmp_path / "kafka") as kafka:
        settings = Settings(
            app_id="house",
            kafka=[kafka.bootstrap],
            embedded_kafka=True,
            redis_url=SecretStr(valkey.url),
            partitions=2,
        )
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
        await ensure_topics(settings, Topics(settings).own())
        await producer.start()
        yield World(settings, producer)
        await producer.stop()


async def fill(world: World) -> None:
    """30 users; the last change counts, and the session of user 0 is deleted."""
    for agent in (1, 2):
        for number in range(30):
            await world.put("sessions", number, Session(since=NOW, agent=agent, kept=({"text": "x"},)).to_dict())
            user = User.at("106", str(number), None)
            await world.put("windows", number, Window(user=user, last_seen=NOW).to_dict())
    await world.put("sessions", 0, None)
    await world.put("windows", 1, {"no": "window"})


async def test_rebuild_fills_an_emptied_redis_while_the_live_mirror_runs(world: World, redis: Redis) -> None:
    store = MirrorStore(world.settings.redis_url)
    mirror = Mirror(world.settings, world.topics, store)
    async with TopicReader(world.settings, "mirror", mirror.handle, mirror.topics):
        await fill(world)

        async def live() -> bool:
            return (await shown(redis, "session", "106:29") or {}).get("agent") == 2

        await until(live)
        await redis.flushdb()
        await world.put("sessions", 5, Session(since=NOW, agent=5).to_dict())

        async def newer() -> bool:
            return (await shown(redis, "session", "106:5") or {}).get("agent") == 5

        await until(newer)
        done = await rebuild(world.settings)
        assert (done.sessions, done.windows, done.deleted) == (29, 30, 1)
        assert done.records == 123
        assert (await shown(redis, "session", "106:5"))["agent"] == 5
        assert (await shown(redis, "session", "106:29"))["agent"] == 2
        assert await shown(redis, "session", "106:0") is None
        assert len(await redis.keys("wab:session:*")) == 29
        assert len(await redis.keys("wab:window:*")) == 30
        assert await redis.mget([f"wab:name:106:{number}" for number in range(30)]) == [f"106:{n}" for n in range(30)]
        assert not any(["x" in str(await redis.get(key)) for key in await redis.keys("wab:session:*")])
    await store.close()


async def test_the_live_mirror_waits_for_redis_and_loses_nothing(world: World, valkey: Valkey, redis: Redis) -> None:
    store = MirrorStore(world.settings.redis_url)
    mirror = Mirror(world.settings, world.topics, store)
    reader = TopicReader(world.settings, "mirror", mirror.handle, mirror.topics)
    async with reader:
        await world.put("sessions", 1, Session(since=NOW, agent=1).to_dict())

        async def first() -> bool:
            return await shown(redis, "session", "106:1") is not None

        await until(first)
        await valkey.kill()
        await world.put("sessions", 1, Session(since=NOW, agent=2).to_dict())
        await world.put("sessions", 2, Session(since=NOW, agent=2).to_dict())

        async def failing() -> bool:
            return "MirrorAway" in (reader.failing or "")

        await until(failing)
        await valkey.start()
        await redis.connection_pool.disconnect()

        async def second() -> bool:
            found = [await shown(redis, "session", key) for key in ("106:1", "106:2")]
            return [value and value["agent"] for value in found] == [2, 2]

        await until(second)

        async def counted() -> bool:
            return mirror.counts["written"] >= 3

        await until(counted)
    await store.close()


async def test_rebuild_of_empty_changelogs_and_with_clear(world: World, redis: Redis) -> None:
    await redis.set("wab:session:old", "{}")
    done = await rebuild(world.settings)
    assert (done.records, done.sessions, done.windows) == (0, 0, 0)
    assert await redis.exists("wab:session:old")
    await rebuild(world.settings, clear=True)
    assert not await redis.exists("wab:session:old")


async def test_rebuild_says_what_is_away(world: World, valkey: Valkey) -> None:
    nowhere = world.settings.model_copy(update={"kafka": [f"127.0.0.1:{free_port()}"]})
    with pytest.raises(RebuildFailed, match="BROKER_KAFKA"):
        await rebuild(nowhere)
    await world.put("sessions", 1, Session(since=NOW).to_dict())
    await valkey.kill()
    with pytest.raises(RebuildFailed, match="BROKER_REDIS_URL"):
        await rebuild(world.settings)


@pytest.mark.parametrize("url", ["http://h", "redis://:hunter2@h:port/0", "hunter2"])
def test_a_wrong_url_is_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError, match="BROKER_REDIS_URL") as caught:
        MirrorStore(SecretStr(url))
    assert "hunter2" not in str(caught.value)


async def test_rebuild_says_when_there_are_no_changelogs(world: World) -> None:
    elsewhere = world.settings.model_copy(update={"app_id": "nowhere"})
    for _ in range(2):
        with pytest.raises(RebuildFailed, match="BROKER_APP_ID"):
            await rebuild(elsewhere)


async def test_sessions_are_read_each_once(store: MirrorStore) -> None:
    keys = {f"106:{number}" for number in range(2500)}
    await store.write([session(1, key=key) for key in keys])
    await store.write([window(1)])
    read = [one["user"] async for one in store.sessions()]
    assert len(read) == len(keys)
    assert set(read) == keys
