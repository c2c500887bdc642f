"""What is pushed about something old hides nothing of the list or of a conversation that is reached by scrolling."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from app.stores.outgoing import OutgoingMessages
from tests.browser.desk import desk, wrote
from tests.system.system import until
from tests.web.chat_support import ANA, START, Chat

pytestmark = [pytest.mark.browser]
WAIT_SECONDS = 20.0


async def scrolled_through(place: Locator, rows: Locator, end: str, *counts: int) -> None:
    """Scroll to the end of what is there, page by page."""
    for shown in counts:
        await place.evaluate(f"(place) => {{ place.scrollTop = {end}; }}")
        await expect(rows).to_have_count(shown)


async def test_a_push_about_an_old_conversation_hides_none_of_the_list(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        rows = page.get_by_test_id("conversation")
        await chat.arrive(*(wrote(chat, number, f"hello {number}") for number in range(120)))
        await page.reload()
        await expect(rows).to_have_count(50)
        oldest = await chat.conversations.mark_read(1, "pn:5511900000000", 1)
        chat.pushes.publish({"push": "conversation", "agent": 1, "conversation": oldest})
        await chat.arrive(wrote(chat, 120, "a new one"))
        await expect(rows.first).to_contain_text("a new one")
        await expect(rows).to_have_count(51)
        await scrolled_through(page.locator("#list"), rows, "place.scrollHeight", 101, 121)
        shown = await rows.locator(".row-name").all_text_contents()
        assert shown == [f"User {number:03}" for number in reversed(range(121))]


async def ticked(chat: Chat, ref: str) -> None:
    change = await OutgoingMessages(chat.conversations).tick(1, ref, "read", "wamid.1", START)
    assert change is not None
    chat.pushes.publish({"push": "message", "agent": 1, "message": change.message, "conversation": change.conversation})


async def test_a_tick_of_an_old_message_hides_none_of_the_conversation(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        await chat.arrive(chat.wrote("the first"))
        async with chat.page() as own:
            await own.ask("send", agent=1, user=ANA, ref="r", text="an old answer")
        await chat.arrive(*(chat.wrote(f"line {number:03}") for number in range(120)))
        await page.get_by_test_id("conversation").click()
        messages = page.get_by_test_id("message")
        await expect(messages).to_have_count(50)
        await ticked(chat, "r")
        await chat.arrive(chat.wrote("a new one"))
        await expect(messages.last).to_contain_text("a new one")
        await expect(messages).to_have_count(51)
        await scrolled_through(page.locator("#log"), messages, "0", 101, 123)
        await expect(page.locator("#log")).not_to_contain_text("Earlier messages")
        shown = " ".join(await messages.all_text_contents())
        assert all(f"line {number:03}" in shown for number in range(120))
        await expect(messages.nth(1)).to_contain_text("an old answer")
        await expect(messages.nth(1).get_by_test_id("tick")).to_have_attribute("data-tick", "read")


async def test_what_was_pushed_before_a_conversation_was_read_hides_none_of_it(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        await chat.arrive(chat.wrote("the first"))
        async with chat.page() as own:
            await own.ask("send", agent=1, user=ANA, ref="r", text="an old answer")
        await chat.arrive(*(chat.wrote(f"line {number:03}") for number in range(60)))
        read = chat.conversations.history

        async def late(*asked: Any) -> Any:
            chat.conversations.history = read  # type: ignore[method-assign]
            await ticked(chat, "r")
            return await read(*asked)

        chat.conversations.history = late  # type: ignore[method-assign, assignment]
        await page.get_by_test_id("conversation").click()
        messages = page.get_by_test_id("message")
        await expect(messages.last).to_contain_text("line 059")
        await expect(messages).to_have_count(50)
        await scrolled_through(page.locator("#log"), messages, "0", 62)


async def test_a_tick_that_comes_while_earlier_messages_are_read_is_shown(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        await chat.arrive(chat.wrote("the first"))
        async with chat.page() as own:
            await own.ask("send", agent=1, user=ANA, ref="r", text="an old answer")
        await chat.arrive(*(chat.wrote(f"line {number:03}") for number in range(60)))
        await page.get_by_test_id("conversation").click()
        messages = page.get_by_test_id("message")
        await expect(messages).to_have_count(50)
        read = chat.conversations.history

        async def slow(*asked: Any) -> Any:
            found = await read(*asked)
            await ticked(chat, "r")
            return found

        chat.conversations.history = slow  # type: ignore[method-assign, assignment]
        await scrolled_through(page.locator("#log"), messages, "0", 62)
        await expect(messages.nth(1).get_by_test_id("tick")).to_have_attribute("data-tick", "read")


async def test_scrolling_while_the_list_is_read_again_hides_none_of_it(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        rows, place = page.get_by_test_id("conversation"), page.locator("#list")
        await chat.arrive(*(wrote(chat, number, f"hello {number}") for number in range(160)))
        await page.reload()
        await expect(rows).to_have_count(50)
        await scrolled_through(place, rows, "place.scrollHeight", 100)
        read, asked, may_go_on = chat.conversations.listing, asyncio.Event(), asyncio.Event()

        async def gated(agent: int, search: str = "", before: Any = None, limit: int = 50) -> Any:
            if before is None and limit > 1:
                asked.set()
                await may_go_on.wait()
            return await read(agent, search, before, limit)

        chat.conversations.listing = gated  # type: ignore[method-assign]
        chat.pushes.publish({"push": "resync"})
        await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
        await place.evaluate("(place) => { place.scrollTop = place.scrollHeight; }")
        # A round trip of the page, in which the answer to its scrolling would come.
        await page.evaluate("() => fetch('/chat/static/icon.svg', { cache: 'reload' }).then(() => true)")
        may_go_on.set()

        async def all_shown() -> bool:
            await place.evaluate("(place) => { place.scrollTop = place.scrollHeight; }")
            return await rows.count() == 160

        await until(all_shown, WAIT_SECONDS, "all 160 conversations")
