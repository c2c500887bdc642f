"""Agents act: Sales hands a user to Help Desk with a note, and Help Desk closes the conversation."""

import pytest

from tests.system.phones import rows
from tests.system.system import AGENTS, System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_one_agent_hands_a_user_to_another_who_closes(system: System) -> None:
    sales, desk = await system.program("Sales"), await system.program("Help Desk")
    eva = await system.phone("Eva")
    opened = await eva.write("hi")
    await eva.receives_text("Choose")
    await eva.write("sales")
    await sales.reads("initial", eva.address)
    asked = await eva.write("my order never came")
    await sales.reads("text", eva.address, "my order never came")
    await sales.say(eva.address, "I am sorry!", ref="sorry")
    answer = await sales.reads("status", eva.address, "delivered")

    await sales.write(
        {"waID": eva.address, "message_type": "transfer", "to": "help desk", "note": "order 17 never came"}
    )
    handed = await desk.reads("initial", eva.address)
    assert (handed["from"], handed["note"]) == ("Sales", "order 17 never came")
    assert handed["references"] == [opened, asked, answer["effect"]]
    assert (await sales.reads("closed", eva.address))["reason"] == "transferred"
    await eva.receives_text("Transferring to Help Desk")

    await eva.write("who are you?")
    await desk.reads("text", eva.address, "who are you?")
    assert "who are you?" not in sales.texts(eva.address)
    await sales.write({"waID": eva.address, "message_type": "close"})
    await sales.reads_error(f"agent Sales is not associated with waID: {eva.address}")

    await desk.write({"waID": eva.address, "message_type": "transfer", "to": "Nobody"})
    refused = await desk.reads_error("the field to: 'Nobody'")
    assert refused["code"] == "unknown_agent"
    await desk.write({"waID": eva.address, "message_type": "close", "text": "Goodbye!", "reason": "sent again"})
    closed = await desk.reads("closed", eva.address, "sent again")
    assert closed["reason"] == "agent"
    await eva.receives_text("Goodbye!")
    menu = (await eva.receives(6))[-1]
    assert [row["title"] for row in rows(menu)] == list(AGENTS)


async def in_menu(system: System, name: str) -> None:
    """Register an agent, and wait until it can be chosen."""
    await system.register(name)
    await system.until_known(name)


async def test_a_bot_made_with_the_kit_answers(system: System) -> None:
    await in_menu(system, "Echo")
    async with system.bot("echo_bot"):
        fay = await system.phone("Fay")
        await fay.write("hi")
        await fay.receives_text("Echo")
        await fay.write("echo")
        await fay.receives_text("You said: hi")
        await fay.write("are you there?")
        await fay.receives_text("You said: are you there?")
        await fay.write("#exit")
        await fay.receives_text("Your conversation is over.")


async def test_a_bot_hands_a_user_to_people_with_a_note(system: System) -> None:
    desk = await system.program("Help Desk")
    await in_menu(system, "Reception")
    async with system.bot("handover_bot"):
        gil = await system.phone("Gil")
        await gil.write("hi")
        await gil.receives_text("Reception")
        await gil.write("reception")
        question = await gil.receives_text("What is it about?")
        await gil.press(question, "A bill")
        handed = await desk.reads("initial", gil.address)
        assert (handed["from"], handed["note"]) == ("Reception", "It is about: A bill")
        await gil.receives_text("Transferring to Help Desk")
