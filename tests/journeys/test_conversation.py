"""The main story: menu, choice, talk both ways, ticks, exit. The agent knows only the first generation's contract."""

import base64
import json

import pytest

from tests.system.phones import body, rows
from tests.system.system import AGENTS, System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_a_user_finds_an_agent_talks_and_leaves(system: System) -> None:
    sales = await system.program("Sales")
    ana = await system.phone("Ana")

    await ana.write("hi")
    menu = await ana.receives_text("Choose an option:")
    assert [row["title"] for row in rows(menu)] == list(AGENTS)

    await ana.tap(menu, "Sales")
    await ana.receives_text("Transferring to Sales")
    initial = await sales.reads("initial", ana.address)
    assert initial["text"] == "Ana wants to talk"
    await sales.reads("text", ana.address, "hi")

    await ana.write("how much is it?")
    asked = await sales.reads("text", ana.address, "how much is it?")
    raw = json.loads(base64.b64decode(asked["raw_payload"]))
    assert raw["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] == "how much is it?"

    await sales.say(ana.address, "Ten euros.")
    await ana.receives_text("Ten euros.")
    for tick in ("sent", "delivered", "read"):
        await sales.reads("status", ana.address, tick)

    await ana.write("  #EXIT ")
    await sales.reads("closed", ana.address)
    again = await ana.receives_text("Your conversation is over.")
    assert [row["title"] for row in rows(again)] == list(AGENTS)

    await sales.say(ana.address, "one more thing")
    await sales.reads_error(f"not associated with waID: {ana.address}")
    assert "one more thing" not in [body(message) for message in await ana.received()]


async def test_an_agent_sends_a_list_and_reads_the_tap(system: System) -> None:
    sales = await system.program("Sales")
    bruno = await system.phone("Bruno")
    await bruno.write("hello")
    await bruno.receives_text("Choose")
    await bruno.write("sales")
    await sales.reads("initial", bruno.address)

    await sales.write(
        {
            "waID": bruno.address,
            "message_type": "list",
            "list_title": "Choose",
            "list_body": "Our plans",
            "list_items": [{"id": "p1", "title": "Basic"}, {"id": "p2", "title": "Pro"}],
        }
    )
    plans = (await bruno.receives(3))[-1]
    await bruno.tap(plans, "Pro")
    assert (await sales.reads("list_reply", bruno.address))["text"] == "p2"
