"""A user changes number and user id while with an agent: one session, one user key, and answers arrive throughout.

When the news comes late, there were two users for a while: the agent reads that they are one.
"""

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


async def test_two_users_turn_out_to_be_one_and_the_agent_reads_it(system: System) -> None:
    desk = await system.program("Help Desk")
    eva = await system.phone("Eva")
    users = []
    for address in (eva.address, "5511777771111"):
        if address != eva.address:
            change = {"phone": address, "announce": []}
            await system.simulator.call("POST", f"/sim/users/{eva.id}/identity", change)
        await eva.write(f"hi from {address}")
        await eva.receives_text("Choose an option:")
        await eva.write("help desk")
        users.append((await desk.reads("initial", address))["user"])
    first, second = users
    assert first != second

    news = {"announce": ["user_id_update", "system"]}
    await system.simulator.call("POST", f"/sim/users/{eva.id}/identity/announce", news)
    told = await desk.reads("system", "5511777771111", "Two users turned out to be one person.")
    assert (told["user"], told["joined"]) == (first, [second])
    await desk.say("5511777771111", "one Eva, then")
    await eva.receives_text("one Eva, then")
    await eva.write("yes")
    assert (await desk.reads("text", "5511777771111", "yes"))["user"] == first
