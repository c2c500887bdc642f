"""The whole story in a real browser: a phone, the menu, the operator's chat page, ticks, exit. Screenshots are kept."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import open_page, operator, shot
from tests.system.system import System

pytestmark = [pytest.mark.browser, pytest.mark.kafka]


async def test_the_story_by_hand(browser: Browser) -> None:
    async with System(chat=True) as system:
        await system.until_serving("Sales")
        phones = await open_page(browser, f"http://127.0.0.1:{system.ports.simulator}/")
        phone = phones.get_by_test_id("phone-Ana")
        await phone.get_by_test_id("composer").fill("hi")
        await phone.get_by_test_id("composer").press("Enter")
        await phone.get_by_test_id("open-list").first.click()
        await shot(phones, "phones-menu")
        await phones.get_by_test_id("list-row").filter(has_text="Sales").click()
        await expect(phone.get_by_test_id("message").filter(has_text="Transferring to Sales")).to_be_visible()

        chat = await operator(browser, system, "Sales")
        await chat.get_by_test_id("conversation").filter(has_text="Ana").first.click()
        await expect(chat.get_by_test_id("message").filter(has_text="hi").first).to_be_visible()

        await phone.get_by_test_id("composer").fill("How much is the blue one?")
        await phone.get_by_test_id("send").click()
        await expect(chat.get_by_test_id("message").filter(has_text="the blue one")).to_be_visible()
        await chat.get_by_test_id("composer").fill("Ten euros. <b>Shall I keep one for you?</b> 🙂")
        await chat.get_by_test_id("composer").press("Enter")
        answer = phone.get_by_test_id("message").filter(has_text="<b>Shall I keep one for you?</b> 🙂")
        await expect(answer).to_be_visible()
        mine = chat.get_by_test_id("message").filter(has_text="Ten euros.")
        await expect(mine.get_by_test_id("tick")).to_have_attribute("data-tick", re.compile("read"))
        await shot(chat, "chat")
        await shot(phones, "phones")

        await phone.get_by_test_id("composer").fill("#exit")
        await phone.get_by_test_id("composer").press("Enter")
        await expect(phone.get_by_test_id("message").filter(has_text="Your conversation is over.")).to_be_visible()
        await expect(phone.get_by_test_id("open-list")).to_have_count(2)
        await expect(chat.get_by_text(re.compile("left the conversation|closed", re.IGNORECASE)).first).to_be_visible()
        await shot(chat, "chat-closed")
        assert not phones.problems  # type: ignore[attr-defined]
        assert not chat.problems  # type: ignore[attr-defined]
        await asyncio.gather(phones.close(), chat.close())
