"""Operators hand a user over and close the conversation, by mouse at a desk and by keyboard on a phone."""

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.browser.pages import operator, shot
from tests.system.system import System

pytestmark = [pytest.mark.browser, pytest.mark.kafka]

PHONE: ViewportSize = {"width": 375, "height": 740}


async def test_a_user_is_handed_over_with_a_note_and_the_conversation_closed(browser: Browser) -> None:
    async with System(chat=True) as system:
        for name in ("Sales", "Help Desk"):
            await system.until_serving(name)
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring to Sales")

        sales = await operator(browser, system, "Sales")
        await sales.get_by_test_id("conversation").filter(has_text="Ana").first.click()
        await sales.get_by_test_id("transfer-open").click()
        await sales.get_by_test_id("transfer-to").select_option(label="Help Desk")
        await sales.get_by_test_id("transfer-note").fill("order 17 <b>never</b> came")
        await shot(sales, "chat-transfer")
        await sales.get_by_test_id("transfer-do").click()
        await expect(sales.get_by_test_id("line").filter(has_text="The user is with Help Desk now.")).to_be_visible()
        await expect(sales.get_by_test_id("shut")).to_contain_text("Another agent has it now.")
        await expect(sales.get_by_test_id("transfer-open")).to_be_hidden()

        desk = await operator(browser, system, "Help Desk")
        await desk.set_viewport_size(PHONE)
        await desk.get_by_test_id("conversation").filter(has_text="Ana").first.click()
        await expect(desk.get_by_test_id("note")).to_have_text("From Sales: order 17 <b>never</b> came")
        await expect(desk.get_by_test_id("composer")).to_be_visible()
        await shot(desk, "chat-handed-over-phone")
        await desk.get_by_test_id("close-open").press("Enter")
        await desk.get_by_test_id("close-text").fill("Goodbye, Ana!")
        await desk.get_by_test_id("close-reason").fill("sent again")
        await shot(desk, "chat-close-phone")
        await desk.get_by_test_id("close-reason").press("Enter")
        await expect(desk.get_by_test_id("line").filter(has_text="sent again")).to_be_visible()
        await expect(desk.get_by_test_id("shut")).to_contain_text("You closed it.")
        await ana.receives_text("Goodbye, Ana!")
        wide = await desk.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        assert not sales.problems  # type: ignore[attr-defined]
        assert not desk.problems  # type: ignore[attr-defined]
