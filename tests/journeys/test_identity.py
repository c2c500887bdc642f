"""A user changes number and user id while with an agent: one session, one user key, and answers arrive throughout."""

import pytest

from tests.system.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_a_user_changes_the_number_and_stays_with_the_agent(system: System) -> None:
    sales = await system.program("Sales")
    dora = await system.phone("Dora")
    await dora.write("hi")
    await dora.receives_text("Choose an option:")
    await dora.write("sales")
    user = (await sales.reads("initial", dora.address))["user"]

    await system.simulator.call(
        "POST",
        f"/sim/users/{dora.id}/identity",
        {"phone": "5511777770000", "announce": ["user_id_update", "system"]},
    )
    await dora.write("me again")
    told = await sales.reads("text", "5511777770000", "me again")
    assert told["user"] == user

    for address in ("5511777770000", dora.address):
        await sales.say(address, f"to {address}")
        await dora.receives_text(f"to {address}")
