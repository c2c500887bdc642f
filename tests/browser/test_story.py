"""The whole story in a real browser: a phone, the menu, the operator's chat page, ticks, exit. Screenshots are kept."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from pydantic import SecretStr

from app.core.register import Agent
from tests.system.system import System
from web.chat.codes import login_code

pytestmark = [pytest.mark.browser, pytest.mark.kafka]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 20_000
"""Milliseconds a page may take to show what is expected."""


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield running
        await running.close()


async def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a screenshot, of the whole page or of what the window shows."""
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=whole)


async def open_page(browser: Browser, url: str, **more: object) -> Page:
    """A page that fails the test when its console shows an error."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    page.problems = problems  # type: ignore[attr-defined]
    return page


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

        chat = await open_page(browser, f"http://127.0.0.1:{system.ports.chat}/chat")
        await chat.get_by_test_id("login-agent").select_option(label="Sales")
        secret = SecretStr(system.stack.credentials.chat_secret)
        agent = system.agents["Sales"]
        await chat.get_by_test_id("login-code").fill(login_code(secret, Agent(**agent)))
        await chat.get_by_test_id("login-submit").click()
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
