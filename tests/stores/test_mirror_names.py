"""Any name of a user leads to their session in the mirror, in whatever order the images come, and ends with it."""

import itertools
from typing import Any

import pytest
from redis.asyncio import Redis

from app.core.identity import User
from app.core.mirror import Image, session_image, window_image
from app.core.state import Session, Window
from app.stores.mirror import MirrorStore
from tests.stores.test_mirror import DAY, NOW, redis, store, valkey

__all__ = ["redis", "store", "valkey"]

ANA, BIA = "106:5511999990000", "106:BR.99"
NUMBER, ANAS_ID, NEW = "106:5511999990000", "106:BR.77", "106:5511888880000"


def ana(offset: int, last_seen: float = NOW, **more: Any) -> Image:
    """A window of Ana, who was first seen under her number."""
    user = User.at("106", "5511999990000", "BR.77")
    names = {"numbers": ("5511888880000", "5511999990000"), "ids": ("BR.77",)}
    window = Window(user=user, last_seen=last_seen, **{**names, **more})
    return window_image(ANA, window.to_dict(), offset, DAY, DAY)


def bia(offset: int, **more: Any) -> Image:
    """A window of Bia, who has Ana's former number now."""
    user = User(key=BIA, phone_number_id="106", wa_id="5511888880000", user_id="BR.99")
    window = Window(user=user, last_seen=NOW, numbers=("5511888880000",), ids=("BR.99",), **more)
    return window_image(BIA, window.to_dict(), offset, DAY, DAY)


def session(offset: int, since: float = NOW) -> Image:
    """Ana's session."""
    return session_image(ANA, Session(since=since, agent=7).to_dict(), offset, DAY)


async def led(redis: Redis, *names: str) -> list[Any]:
    """Where names lead."""
    return [await redis.get(f"wab:name:{name}") for name in names]


async def test_every_name_leads_to_the_session(store: MirrorStore, redis: Redis) -> None:
    await store.write([session(1), ana(1)])
    assert await led(redis, NUMBER, ANAS_ID, NEW) == [ANA, ANA, ANA]
    assert await redis.smembers(f"wab:names:{ANA}") == {NUMBER, ANAS_ID, NEW}
    (home,) = await led(redis, ANAS_ID)
    assert await redis.exists(f"wab:session:{home}")


@pytest.mark.parametrize("first", ["session", "window"])
async def test_names_last_as_long_as_window_or_session(store: MirrorStore, redis: Redis, first: str) -> None:
    images = [session(1, NOW + 900), ana(1, NOW + 100)]
    await store.write(images if first == "session" else images[::-1])
    for key in (f"wab:name:{NUMBER}", f"wab:name:{ANAS_ID}", f"wab:names:{ANA}", f"wab:session:{ANA}"):
        assert await redis.expiretime(key) == NOW + 900 + DAY
    assert await redis.expiretime(f"wab:window:{ANA}") == NOW + 100 + DAY
    await store.write([ana(2, NOW + 5000)])
    assert await redis.expiretime(f"wab:name:{NUMBER}") == NOW + 5000 + DAY


async def test_names_go_with_the_window(store: MirrorStore, redis: Redis) -> None:
    await store.write([ana(1), window_image(ANA, None, 2, DAY, DAY)])
    assert await redis.keys("wab:*") == [f"wab:order:{ANA}"]
    await store.write([ana(3), ana(4, NOW - DAY - 1)])
    assert sorted(await redis.keys("wab:*")) == [f"wab:held:{ANA}", f"wab:order:{ANA}"]


async def test_a_name_that_is_no_longer_the_users_goes(store: MirrorStore, redis: Redis) -> None:
    await store.write([ana(1), ana(2, numbers=("5511999990000",))])
    assert await led(redis, NUMBER, ANAS_ID, NEW) == [ANA, ANA, None]
    await store.write([ana(1)])
    assert await led(redis, NEW) == [None], "an older image names nothing"


async def test_a_session_takes_no_name_from_whoever_has_it_by_now(store: MirrorStore, redis: Redis) -> None:
    await store.write([ana(1), bia(1), session(1)])
    assert await led(redis, NUMBER, ANAS_ID, NEW, BIA) == [ANA, ANA, BIA, BIA]


PASSED = {"5511888880000": (BIA, NOW)}


@pytest.mark.parametrize("order", list(itertools.permutations(["had it", "knows", "has it"])))
async def test_a_number_that_changed_hands_leads_to_whoever_has_it(
    store: MirrorStore, redis: Redis, order: tuple[str, ...]
) -> None:
    images = {"had it": ana(1), "knows": ana(2, passed=PASSED), "has it": bia(1)}
    await store.write(images[name] for name in order)
    assert await led(redis, NUMBER, ANAS_ID, NEW, BIA) == [ANA, ANA, BIA, BIA]
    await store.write([window_image(ANA, None, 3, DAY, DAY)])
    assert await led(redis, NUMBER, ANAS_ID, NEW, BIA) == [None, None, BIA, BIA]


async def test_a_number_leads_to_the_home_of_whoever_has_it(store: MirrorStore, redis: Redis) -> None:
    older = "106:4915110000"
    user = User(key=older, phone_number_id="106", wa_id="4915110000", user_id="BR.99")
    joined = Window(user=user, last_seen=NOW, numbers=("4915110000", "5511888880000"), ids=("BR.99",))
    await store.write([bia(1), window_image(older, joined.to_dict(), 1, DAY, DAY)])
    signpost = Window(user=User(key=BIA, phone_number_id="106"), home=older, touched=NOW)
    await store.write([window_image(BIA, signpost.to_dict(), 2, DAY, DAY), ana(2, passed=PASSED)])
    assert await led(redis, NEW, BIA, older) == [older] * 3
