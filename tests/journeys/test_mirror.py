"""Redis shows to others who is with whom, and can be filled again."""

from typing import Any

import orjson
import pytest
import redis.asyncio as redis

from app.core.identity import user_key
from tests.system.system import System, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_sessions_and_windows_are_mirrored_and_rebuilt(system: System) -> None:
    desk = await system.program("Help Desk")
    iris = await system.phone("Iris")
    await iris.write("hi")
    await iris.receives_text("Choose")
    await iris.write("help desk")
    await desk.reads("initial", iris.address)
    key = user_key(system.stack.credentials.phone_number_id, iris.address, None)

    async with redis.from_url(system.stack.valkey.url) as client:

        async def mirrored() -> Any:
            session = orjson.loads(await client.get(f"wab:session:{key}") or b"{}")
            # The menu's session, without an agent, is mirrored first; the chosen agent follows it.
            return session.get("agent") is not None and await client.get(f"wab:window:{key}") and session

        session = await until(mirrored, 20, f"session and window of {key} in Redis: {await client.keys('*')}")
        assert session["agent"] == system.agents["Help Desk"]["id"]
        left = await client.ttl(f"wab:window:{key}")
        assert 86_000 < left <= 86_400

        names = [user_key(system.stack.credentials.phone_number_id, None, iris.user["user_id"]), key]
        assert [await client.get(f"wab:name:{name}") for name in names] == [key.encode()] * 2

        await client.flushall()
        await system.command("mirror", "rebuild")
        assert [await client.get(f"wab:name:{name}") for name in names] == [key.encode()] * 2
        again = orjson.loads(await client.get(f"wab:session:{key}") or b"")
        assert again["agent"] == session["agent"]
