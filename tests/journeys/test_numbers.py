"""Two business numbers and one agent: two conversations, and a reply leaves from the number the user wrote to."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.journeys.test_acts import in_menu
from tests.system.agent_program import WAIT_SECONDS, AgentProgram
from tests.system.phones import Phone, body, rows
from tests.system.system import AGENTS, System, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

SECOND = "204060801020304"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system() -> AsyncIterator[System]:
    """The whole broker, with two business numbers."""
    async with System(BROKER_SIMULATOR_MORE_NUMBERS=SECOND, BROKER_CIRCUIT_PROBE_SECONDS="0.5") as running:
        yield running


@pytest.fixture
def first(system: System) -> str:
    """The default business number."""
    return system.stack.credentials.phone_number_id


async def reads_at(program: AgentProgram, number: str, phone: Phone, kind: str, **more: Any) -> dict[str, Any]:
    """Wait for a record of a kind about a phone at a business number."""
    wanted = {"type": kind, "waID": phone.address, "phone_number_id": number, **more}

    async def found() -> dict[str, Any] | None:
        return next((one for one in program.records if wanted.items() <= one.items()), None)

    record: dict[str, Any] = await until(found, WAIT_SECONDS, f"a record with {wanted}")
    return record


async def connected(phone: Phone, agent: str = "sales") -> None:
    """Let a phone write, get the menu and choose an agent."""
    await phone.write("hi")
    await phone.receives_text("Choose an option:")
    await phone.write(agent)
    await phone.receives_text("Transferring")


async def test_one_phone_has_a_conversation_at_each_number(system: System, first: str) -> None:
    sales = await system.program("Sales")
    ana = await system.phone("Ana")
    there = ana.at(SECOND)
    for chat in (ana, there):
        await chat.write("hi")
        menu = await chat.receives_text("Choose an option:")
        assert [row["title"] for row in rows(menu)] == list(AGENTS)
        await chat.tap(menu, "Sales")
        await chat.receives_text("Transferring to Sales")
    began = {number: await reads_at(sales, number, ana, "initial") for number in (first, SECOND)}
    assert began[first]["user"] != began[SECOND]["user"]

    for number, chat in ((first, ana), (SECOND, there)):
        await chat.write(f"written to {number}")
        told = await reads_at(sales, number, ana, "text", text=f"written to {number}")
        assert told["user"] == began[number]["user"]
        await sales.say(ana.address, f"by number {number}", phone_number_id=number, ref=f"n{number}")
        await sales.say(ana.address, f"by user {number}", user=told["user"], ref=f"u{number}")
        for ref, text in ((f"n{number}", f"by number {number}"), (f"u{number}", f"by user {number}")):
            await chat.receives_text(text)
            read = await reads_at(sales, number, ana, "status", text="read", ref=ref)
            assert read["user"] == began[number]["user"]
    for number, chat in ((first, ana), (SECOND, there)):
        said = [body(message) for message in await chat.received()]
        assert said[2:] == [f"by number {number}", f"by user {number}"]

    await there.write("#exit")
    await there.receives_text("Your conversation is over.")
    assert (await reads_at(sales, SECOND, ana, "closed"))["reason"] == "exit"
    await ana.write("still with you")
    await reads_at(sales, first, ana, "text", text="still with you")


async def test_a_bot_made_with_the_kit_answers_at_both(system: System, first: str) -> None:
    await in_menu(system, "Echo")
    async with system.bot("echo_bot"):
        bia = await system.phone("Bia")
        there = bia.at(SECOND)
        for chat in (bia, there):
            await connected(chat, "echo")
        await there.write("second")
        await bia.write("first")
        await there.receives_text("You said: second")
        await bia.receives_text("You said: first")
        for chat, other in ((bia, "You said: second"), (there, "You said: first")):
            assert other not in [body(message) for message in await chat.received()]


@pytest.mark.parametrize("shown", ["number", "user id only"])
async def test_a_reply_of_the_first_generation_finds_its_user(system: System, first: str, shown: str) -> None:
    sales = await system.program("Sales")
    cara = await system.phone("Cara", **({} if shown == "number" else {"phone": None}))
    there = cara.at(SECOND)
    await connected(there)
    record = await reads_at(sales, SECOND, cara, "initial")
    await sales.say(record["waID"], "found you")
    await there.receives_text("found you")
    assert await cara.received() == []

    await connected(cara)
    await sales.say(cara.address, "at both: the default")
    await cara.receives_text("at both: the default")
    await cara.write("#exit")
    await cara.receives_text("Your conversation is over.")
    await sales.say(cara.address, "at the second again", ref="again")
    await there.receives_text("at the second again")
    await reads_at(sales, SECOND, cara, "status", text="read", ref="again")

    await there.write("#exit")
    await there.receives_text("Your conversation is over.")
    await sales.say(cara.address, "too late")
    refused = await sales.reads_error(f"agent Sales is not associated with waID: {cara.address}")
    assert (refused["code"], refused["phone_number_id"]) == ("not_connected", first)


async def test_what_is_wrong_with_one_number_holds_its_messages_only(system: System, first: str) -> None:
    sales = await system.program("Sales")
    dora = await system.phone("Dora")
    there = dora.at(SECOND)
    for chat in (dora, there):
        await connected(chat)
    await system.simulator.switch(errors=[{"code": 131031, "phone_number_id": SECOND}])
    await sales.say(dora.address, "held", phone_number_id=SECOND)

    async def is_held() -> bool:
        async with system.http.get(f"http://127.0.0.1:{system.ports.sender}/ready") as response:
            return SECOND in str((await response.json())["checks"].get("accounts"))

    await until(is_held, WAIT_SECONDS, "the sender holds the second number's messages")
    await sales.say(dora.address, "not held", phone_number_id=first)
    await dora.receives_text("not held")
    assert "held" not in [body(message) for message in await there.received()]
    await system.simulator.switch(errors=[])
    await there.receives_text("held")
    assert [body(message) for message in await there.received()].count("held") == 1
