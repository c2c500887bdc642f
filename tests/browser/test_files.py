"""A user's picture in a real browser: the operator sees it, at any size, on the chat page."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import operator, shot
from tests.system.system import System, until
from tests.web.simulator_support import PNG

pytestmark = [pytest.mark.browser, pytest.mark.kafka]
WAIT_SECONDS = 20.0


async def test_the_operator_sees_the_picture(browser: Browser) -> None:
    async with System(chat=True, media=True) as system:
        await system.until_serving("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring")
        url = f"{system.simulator.url}/sim/media"
        async with system.http.post(url, data=PNG, headers={"Content-Type": "image/png"}) as answer:
            await ana.photograph((await answer.json())["id"], "look")

        chat = await operator(browser, system, "Sales")
        await chat.get_by_test_id("conversation").filter(has_text="Ana").first.click()
        picture = chat.get_by_test_id("message").filter(has_text="look").locator("img")
        await expect(picture).to_be_visible()

        async def loaded() -> bool:
            return bool(await picture.evaluate("image => image.complete && image.naturalWidth === 1"))

        await until(loaded, WAIT_SECONDS, "the picture of one point")
        await shot(chat, "chat-picture")
        assert not chat.problems  # type: ignore[attr-defined]
        await chat.close()
