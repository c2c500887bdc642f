"""A user's session and window give the same keys in whichever order their images come, and as the router has them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from app.core.identity import User
from app.core.mirror import Image, session_image, window_image
from app.core.state import Session, Window
from app.core.turn import silent_since
from app.embedded.valkey import Valkey
from app.log_copy import read_all
from app.mirror_command import rebuild
from app.settings import Settings
from app.stores.mirror import MirrorStore
from tests.stores.test_mirror import DAY, NOW, World, redis, shown, store, valkey, world

__all__ = ["redis", "store", "valkey", "world"]

HOUR = 3600
ORDERS = ["session first", "window first"]
ALIVE = {
    "connected 30 h ago, wrote 1 h ago": (30, 1, DAY),
    "connected 100 h ago, wrote 40 h ago, three days": (100, 40, 3 * DAY),
    "connected 1 h ago, wrote 40 h ago": (1, 40, DAY),
    "connected and wrote 1 h ago": (1, 1, DAY),
}
OVER = {
    "connected 30 h ago, wrote 25 h ago": (30, 25, DAY),
    "connected 100 h ago, wrote 73 h ago, three days": (100, 73, 3 * DAY),
    "connected 30 h ago, wrote 2 h ago, an hour": (30, 2, HOUR),
}


def user(since: float, last_seen: float, number: int = 1) -> tuple[Session, Window]:
    """A user of agent 7, by hours ago."""
    window = Window(user=User.at("106", str(number), None), last_seen=NOW - last_seen * HOUR)
    return Session(since=NOW - since * HOUR, agent=7), window


def images(case: tuple[float, float, int], order: str, offset: int = 1, number: int = 1) -> list[Image]:
    """Both images of a user, in an order."""
    session, window = user(case[0], case[1], number)
    key, seconds = f"106:{number}", case[2]
    both = [
        session_image(key, session.to_dict(), offset, seconds),
        window_image(key, window.to_dict(), offset, DAY, seconds),
    ]
    return both if order == "session first" else both[::-1]


async def keys(redis: Redis) -> dict[str, tuple[Any, int]]:
    """Every key that others may read, with its value and its end."""
    found: dict[str, tuple[Any, int]] = {}
    for key in map(str, await redis.keys("wab:[snw]*")):
        value = await (redis.smembers(key) if key.startswith("wab:names:") else redis.get(key))
        found[key] = (value, await redis.expiretime(key))
    return found


@pytest.mark.parametrize("how", ["in a batch", "alone", "again", "more than an hour apart"])
@pytest.mark.parametrize("name", [*ALIVE, *OVER])
async def test_both_orders_give_the_same_keys_and_the_session_the_router_has(
    store: MirrorStore, redis: Redis, name: str, how: str
) -> None:
    case = {**ALIVE, **OVER}[name]
    results = []
    for order in ORDERS:
        await redis.flushdb()
        first, second = images(case, order)
        if how == "in a batch":
            await store.write([first, second])
        else:
            await store.write([first])
            if how == "more than an hour apart":
                await redis.delete("wab:order:106:1")
            await store.write([second])
        if how == "again":
            for image in images(case, order, offset=2):
                await store.write([image])
        results.append(await keys(redis))
        ends = silent_since(*user(case[0], case[1])) + case[2]
        assert (ends > NOW) == (name in ALIVE)
        assert await redis.expiretime("wab:session:106:1") == (ends if name in ALIVE else -2)
        assert await redis.get("wab:name:106:1") == ("106:1" if name in ALIVE or case[1] < 24 else None)
    assert results[0] == results[1]


async def test_a_session_is_still_there_when_only_its_image_comes_again_after_the_window_ended(
    store: MirrorStore, redis: Redis
) -> None:
    case = (100, 40, 3 * DAY)
    await store.write(images(case, "window first"))
    assert not await redis.exists("wab:window:106:1")
    before = await keys(redis)
    assert await store.write(images(case, "session first", offset=2)[:1]) == 1
    assert await keys(redis) == before


async def test_a_window_that_comes_alone_days_after_the_sessions_key_ended_brings_it_back(
    valkey: Valkey, redis: Redis
) -> None:
    then = MirrorStore(SecretStr(valkey.url), clock=lambda: NOW - 9 * DAY)
    await then.write(images((9 * 24 + 2, 9 * 24 + 1, DAY), "session first"))
    await then.close()
    await redis.delete("wab:order:106:1")
    assert await keys(redis) == {}
    # The user wrote every day, which the mirror could not follow: the session never changed, and has no newer image.
    now = MirrorStore(SecretStr(valkey.url))
    await now.write(images((9 * 24 + 2, 1, DAY), "window first", offset=2)[:1])
    await now.close()
    assert (await shown(redis, "session", "106:1"))["agent"] == 7
    assert await redis.expiretime("wab:session:106:1") == NOW - HOUR + DAY


@pytest.mark.parametrize("order", ORDERS)
async def test_a_deleted_session_is_not_brought_back_by_a_window(store: MirrorStore, redis: Redis, order: str) -> None:
    await store.write(images((30, 1, DAY), order))
    last = [session_image("106:1", None, 2, DAY), images((30, 0, DAY), "window first", offset=2)[0]]
    await store.write(last if order == "session first" else last[::-1])
    await store.write(images((30, 0, DAY), "window first", offset=3)[:1])
    assert await shown(redis, "session", "106:1") is None
    assert await shown(redis, "window", "106:1") is not None


async def test_a_session_whose_window_was_forgotten_ends_after_it_began(store: MirrorStore, redis: Redis) -> None:
    await store.write([*images((2, 1, DAY), "session first"), window_image("106:1", None, 2, DAY, DAY)])
    assert await redis.expiretime("wab:session:106:1") == NOW - 2 * HOUR + DAY


async def test_a_session_that_is_there_as_its_key_only_is_prolonged(store: MirrorStore, redis: Redis) -> None:
    session, window = images((23, 1, DAY), "session first")
    await store.write([session])
    await redis.delete("wab:held:106:1")
    await store.write([window])
    assert await redis.expiretime("wab:session:106:1") == NOW - HOUR + DAY


async def test_what_is_held_ends_by_itself_and_with_what_it_is_of(store: MirrorStore, redis: Redis) -> None:
    await store.write(images((30, 25, DAY), "session first"))
    assert 29 * DAY < await redis.ttl("wab:held:106:1") <= 31 * DAY
    await store.write([session_image("106:1", None, 2, DAY), window_image("106:1", None, 2, DAY, DAY)])
    assert await redis.keys("*") == ["wab:order:106:1"]


@pytest.mark.parametrize("order", ORDERS)
async def test_users_per_agent_are_counted_whatever_the_order(store: MirrorStore, order: str) -> None:
    cases = [*ALIVE.values(), *OVER.values()]
    both = [images(case, order, number=number) for number, case in enumerate(cases)]
    for position in (0, 1):
        await store.write([pair[position] for pair in both])
    assert Counter([one["agent"] async for one in store.sessions()]) == {7: len(ALIVE)}


@pytest.mark.parametrize("order", ORDERS)
async def test_a_rebuild_shows_every_session_whichever_changelog_is_read_first(
    world: World, redis: Redis, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [(30, 1), (1, 40), (30, 25)]
    for number in range(30):
        session, window = user(*cases[number % 3], number)
        await world.put("sessions", number, session.to_dict())
        await world.put("windows", number, window.to_dict())

    async def ordered(settings: Settings, topics: tuple[str, ...], take: Callable[[list[Any]], None]) -> int:
        read: list[Any] = []
        count = await read_all(settings, topics, read.extend)
        first = world.topics.sessions_changelog if order == "session first" else world.topics.windows_changelog
        take([record for record in read if record.topic == first])
        take([record for record in read if record.topic != first])
        return count

    monkeypatch.setattr("app.mirror_command.read_all", ordered)
    for _ in range(2):
        done = await rebuild(world.settings)
        assert (done.sessions, done.windows, done.passed_over) == (30, 30, 0)
        found = {int(key.rpartition(":")[2]) for key in map(str, await redis.keys("wab:session:*"))}
        assert found == {number for number in range(30) if number % 3 != 2}
