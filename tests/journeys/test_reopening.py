"""The window has closed and the user is still with their agent: a template brings the conversation back."""

from typing import Any

import pytest

from tests.system.phones import body
from tests.system.system import System, until

pytestmark = [pytest.mark.kafka]

LOOK_SECONDS = 0.5
"""So often the agent tries: not more than one user may be sent at once (44)."""


async def test_after_the_window_a_template_arrives_and_its_answer_opens_the_way_for_free_text() -> None:
    # The window closes 6 s after the user's last message, long before the session ends.
    async with System(BROKER_WINDOW_SECONDS="66", BROKER_WINDOW_MARGIN_SECONDS="60") as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await sales.reads("initial", ana.address)

        async def refused() -> dict[str, Any] | None:
            await sales.say(ana.address, "Are you still there?")
            try:
                return await sales.reads_error(f"window of waID {ana.address} is closed", within=LOOK_SECONDS)
            except AssertionError:
                return None

        assert (await until(refused, 30, "free text is refused"))["code"] == "window_closed"

        parameters = [{"type": "text", "text": "order 17"}]
        template = {
            "name": "reopen_conversation",
            "language": "en",
            "components": [{"type": "body", "parameters": parameters}],
        }
        await sales.write({"waID": ana.address, "message_type": "template", "template": template})
        await ana.receives_text("reopen_conversation")

        await ana.write("Yes, go on")
        await sales.reads("text", ana.address, "Yes, go on")
        await sales.say(ana.address, "It leaves tomorrow.")
        await ana.receives_text("It leaves tomorrow.")
        assert ["Choose" in body(one) for one in await ana.received()].count(True) == 1, "the menu came once, at first"
