"""Two users turn out to be one while an operator looks at the younger one: the page goes on with one conversation."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import operator, shot
from tests.system.system import System

pytestmark = [pytest.mark.browser, pytest.mark.kafka]


async def test_an_open_conversation_becomes_the_one_it_was_joined_to(browser: Browser) -> None:
    async with System(chat=True) as system:
        await system.until_serving("Sales")
        page = await operator(browser, system, "Sales")
        rows = page.get_by_test_id("conversation")
        eva = await system.phone("Eva")
        for number, address in enumerate((eva.address, "5511777771111")):
            if number:
                change = {"phone": address, "announce": []}
                await system.simulator.call("POST", f"/sim/users/{eva.id}/identity", change)
            await eva.write(f"hi from {address}")
            await eva.receives_text("Choose an option:")
            await eva.write("sales")
            await expect(rows).to_have_count(number + 1)
        await rows.filter(has_text="hi from 5511777771111").click()
        messages = page.get_by_test_id("message")
        await expect(messages).to_contain_text(["hi from 5511777771111"])

        news = {"announce": ["user_id_update", "system"]}
        await system.simulator.call("POST", f"/sim/users/{eva.id}/identity/announce", news)
        await expect(rows).to_have_count(1)
        await expect(page.get_by_test_id("line").filter(has_text="turned out to be one")).to_be_visible()
        await expect(page.get_by_test_id("line").filter(has_text="changed their number")).to_be_visible()
        said = messages.filter(has_text="hi from")
        await expect(said).to_contain_text([f"hi from {eva.address}", "hi from 5511777771111"])
        await page.get_by_test_id("composer").fill("one Eva, then")
        await page.keyboard.press("Enter")
        await eva.receives_text("one Eva, then")
        await shot(page, "chat-joined")
        assert not page.problems  # type: ignore[attr-defined]
