"""Agents come, are renamed and go during traffic: nobody is lost or misrouted, and who loses an agent gets the menu."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiopg
import pytest
import pytest_asyncio

from tests.system.phones import Phone, body, rows
from tests.system.system import System, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]
USERS, ROUNDS, LEFT_ALONE = 50, 3, 10
MENU_SECONDS = 5.0
"""The promise: an agent is in the menu so soon after it was registered, and out of it so soon after it was deleted."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system() -> AsyncIterator[System]:
    """Two broker workers; former topics are looked at every second, sessions too."""
    async with System(brokers=2, BROKER_SWEEP_SECONDS="1") as running:
        yield running


async def connected(system: System, name: str, agent: str) -> Phone:
    """A new user who has chosen an agent by name."""
    phone = await system.phone(name)
    await phone.write("hi")
    await phone.receives_text("Choose")
    await phone.write(agent)
    await phone.receives_text(f"Transferring to {agent}")
    return phone


async def in_menu(phone: Phone, agent: str) -> float:
    """Ask for the menu until an agent is in it; returns for how many seconds it was not."""
    begun = time.monotonic()

    async def shown() -> bool:
        before = len(await phone.received())
        await phone.write("menu please")
        newest = (await phone.receives(before + 1))[-1]
        return agent in [row["title"] for row in rows(newest)]

    await until(shown, MENU_SECONDS, f"{agent} in the menu")
    return time.monotonic() - begun


async def sql(system: System, statement: str) -> None:
    """A statement made by hand."""
    async with aiopg.connect(system.stack.postgres.dsn) as connection, connection.cursor() as cursor:
        await cursor.execute(statement)


async def test_an_agent_registered_during_traffic_is_in_the_menu_and_nobody_is_misrouted(system: System) -> None:
    names = ("Consumer Service", "Sales")
    programs = {name: await system.program(name) for name in names}
    seeker = await system.phone("Seeker")
    phones = await asyncio.gather(*(connected(system, f"User {number}", names[number % 2]) for number in range(USERS)))

    async def talk(phone: Phone) -> None:
        for number in range(ROUNDS):
            await phone.write(f"word {number}")

    traffic = asyncio.gather(*(talk(phone) for phone in phones))
    system.agents["Returns"] = await system.register("Returns")
    await in_menu(seeker, "Returns")
    await traffic
    returns = await system.program("Returns")
    await seeker.write("returns")
    await returns.reads("initial", seeker.address)
    expected = ["hi", *(f"word {number}" for number in range(ROUNDS))]
    for number, phone in enumerate(phones):
        mine = names[number % 2]
        await programs[mine].reads("text", phone.address, expected[-1], within=60)
        for name, program in {**programs, "Returns": returns}.items():
            assert sorted(program.texts(phone.address)) == (sorted(expected) if name == mine else [])


async def test_a_former_out_topic_is_drained_then_left(system: System) -> None:
    old = await system.program("Help Desk")
    agent = system.agents["Help Desk"]
    rita = await connected(system, "Rita", "Help Desk")
    await old.say(rita.address, "before the change")
    await system.admin("POST", "/agent/update", {**agent, "write_topic": "help_desk-new-out"})
    await old.say(rita.address, "not yet told of it")
    await rita.receives_text("before the change")
    await rita.receives_text("not yet told of it")
    agent["write_topic"] = "help_desk-new-out"
    new = await system.program("Help Desk")
    await new.say(rita.address, "told of it")
    await rita.receives_text("told of it")
    path = f"/agent/{agent['id']}"
    assert list((await system.admin("GET", path))["data"]["draining"]) == ["help_desk-out"]

    await sql(system, """UPDATE agents SET draining = '{"help_desk-out": 0}' WHERE draining <> '{}'""")

    async def left() -> bool:
        return not (await system.admin("GET", path))["data"]["draining"]

    await until(left, 30, "the former topic left")
    await new.say(rita.address, "and still there")
    await rita.receives_text("and still there")
    assert [body(one) for one in await rita.received()].count("not yet told of it") == 1


async def test_users_of_a_deactivated_agent_are_told_and_get_the_menu(system: System) -> None:
    agent = await system.register("Fair stand")
    await in_menu(await system.phone("Looker"), "Fair stand")
    phones = await asyncio.gather(
        *(connected(system, f"Visitor {number}", "Fair stand") for number in range(LEFT_ALONE))
    )
    await system.admin("PUT", f"/agent/{agent.pop('id')}", {**agent, "active": 0})
    for phone in phones:
        menu = await phone.receives_text("Fair stand is no longer available.", within=MENU_SECONDS)
        assert "Fair stand" not in [row["title"] for row in rows(menu)]
    assert [len(await phone.received()) for phone in phones] == [3] * LEFT_ALONE, "each is told once"


async def test_a_worker_that_starts_while_postgres_is_away_routes(system: System) -> None:
    sales = await system.program("Sales")
    await system.stack.postgres.stop()
    try:
        for name in ("broker-0", "broker-1"):
            await system.processes[name].terminate()
        await asyncio.gather(*(system.processes[name].start() for name in ("broker-0", "broker-1")))
        vera = await connected(system, "Vera", "Sales")
        await sales.reads("initial", vera.address)
        await system.admin("GET", "/agent", status=503)
    finally:
        await system.stack.postgres.start()

    async def answers() -> bool:
        _, answer = await system.admin_answer("GET", "/agent")
        return "data" in answer

    await until(answers, 30, "the admin API again")
