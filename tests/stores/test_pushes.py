"""Pushes between chat workers over a real Valkey, and without one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from app.embedded.ports import free_port
from app.embedded.valkey import Valkey
from app.stores.pushes import RESYNC, Push, Pushes


async def until(condition: Callable[[], bool], what: str) -> None:
    end = asyncio.get_running_loop().time() + 15
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"never came: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def worker(url: str, name: str) -> AsyncIterator[tuple[Pushes, list[Push]]]:
    pushes = Pushes(SecretStr(url), "chat", name)
    got: list[Push] = []
    pushes.subscribe(got.append)
    await pushes.start()
    try:
        yield pushes, got
    finally:
        await pushes.stop()


async def test_a_push_reaches_every_worker_once(tmp_path: Path) -> None:
    async with (
        Valkey(free_port(), tmp_path / "valkey") as valkey,
        worker(valkey.url, "a") as (a, got_a),
        worker(valkey.url, "b") as (b, got_b),
    ):
        await until(lambda: a.listening.is_set() and b.listening.is_set(), "both listen")
        for number in range(20):
            a.publish({"n": number})
        await until(lambda: len(got_b) == 20, "b got all")
        b.publish({"n": "back"})
        await until(lambda: got_a[-1] == {"n": "back"}, "a got the answer")
        assert got_a == [*({"n": number} for number in range(20)), {"n": "back"}]
        assert [push["n"] for push in got_b] == [*range(20), "back"]


async def test_without_redis_the_own_worker_is_served_and_all_catch_up_later(tmp_path: Path) -> None:
    valkey = Valkey(free_port(), tmp_path / "valkey")
    async with worker(valkey.url, "a") as (a, got_a), worker(valkey.url, "b") as (_, got_b):
        a.publish({"n": 1})
        assert got_a == [{"n": 1}]
        await until(lambda: a.failing is not None, "the failure is noticed")
        assert "BROKER_REDIS_URL" in (await a.check() or "")
        await valkey.start()
        try:
            await until(lambda: RESYNC in got_a and RESYNC in got_b, "both are told to catch up")
            await until(lambda: a.failing is None, "the failure is over")
            assert await a.check() is None
        finally:
            await valkey.stop()
