"""An agent that uses the richer contract: buttons, a quoted reply, a long text, and a record Meta would refuse."""

import pytest

from tests.system.phones import body
from tests.system.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_an_agent_sends_more_than_texts_and_lists(system: System) -> None:
    sales = await system.program("Sales")
    dora = await system.phone("Dora")
    await dora.write("hi")
    await dora.receives_text("Choose")
    await dora.write("sales")
    await sales.reads("initial", dora.address)
    question = await dora.write("tomorrow?")
    asked = await sales.reads("text", dora.address, "tomorrow?")
    assert asked["message_id"] == question

    await sales.write(
        {
            "waID": dora.address,
            "message_type": "buttons",
            "text": "Shall we deliver it tomorrow?",
            "footer": "Prado's shop",
            "buttons": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "Another day"}],
            "reply_to": question,
        }
    )
    offer = await dora.receives_text("Shall we deliver it tomorrow?")
    assert offer["raw"]["context"] == {"message_id": question}
    await dora.press(offer, "Another day")
    assert (await sales.reads("button_reply", dora.address))["text"] == "no"

    words = [f"word{number}" for number in range(900)]
    await sales.say(dora.address, " ".join(words), split=True, ref="long")
    await dora.receives_text(words[-1])
    parts = [body(message) for message in await dora.received() if "word" in body(message)]
    assert len(parts) == 2
    assert " ".join(parts).split() == words

    await sales.write({"waID": dora.address, "message_type": "location_request", "text": "x" * 1025, "ref": "wrong"})
    refused = await sales.reads_error("text may have at most 1024 characters, not 1025")
    assert (refused["code"], refused["ref"]) == ("invalid", "wrong")
