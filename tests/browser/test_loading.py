"""Nothing on the chat page stays at "Loading…": not when its agent goes, nor when MongoDB is away for a while."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from app.stores.conversations import StoreAway
from tests.browser.desk import desk, wrote
from tests.browser.pages import looked_at, shot
from tests.web.chat_support import HELP, SALES, Chat

pytestmark = [pytest.mark.browser]
AWAY = "Conversations cannot be read now; trying again."


class Memory:
    """MongoDB as pages read it; it can be away."""

    def __init__(self, chat: Chat) -> None:
        self.is_away = False
        for name in ("listing", "history", "changes"):
            setattr(chat.conversations, name, self._guarded(getattr(chat.conversations, name)))

    def _guarded(self, read: Any) -> Any:
        async def guarded(*asked: Any) -> Any:
            if self.is_away:
                raise StoreAway("the test switched MongoDB off")
            return await read(*asked)

        return guarded


async def test_when_the_agent_goes_the_conversations_of_the_next_one_are_shown(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(browser, tmp_path, SALES, HELP) as (chat, page):
        await chat.arrive(chat.wrote("for sales"), chat.wrote("for help", topic="help-in"))
        rows = page.get_by_test_id("conversation")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("for sales")
        await rows.click()
        chat.feed.change(HELP)
        await expect(page.locator("#agent-name")).to_have_text("Help")
        await expect(rows).to_contain_text("for help")
        await expect(page.locator("#nothing")).to_be_visible()
        await expect(page).to_have_title("(1) Chat")


async def test_what_mongodb_could_not_show_is_asked_for_again(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        await chat.arrive(*(wrote(chat, number, f"hello {number}") for number in range(60)))
        banner, rows = page.locator("#banner"), page.get_by_test_id("conversation")
        memory = Memory(chat)
        memory.is_away = True
        await page.reload()
        await expect(banner).to_have_text(AWAY)
        await looked_at(page, "chat-memory-away")
        memory.is_away = False
        await expect(rows).to_have_count(50)
        await expect(banner).to_be_hidden()
        await expect(page).to_have_title("(60) Chat")

        memory.is_away = True
        await page.locator("#list").evaluate("(place) => { place.scrollTop = place.scrollHeight; }")
        await expect(banner).to_have_text(AWAY)
        await rows.first.click()
        await page.set_viewport_size({"width": 390, "height": 800})
        await expect(page.locator("#log")).to_have_text("Loading…")
        await shot(page, "chat-memory-away-thread-390")
        await page.set_viewport_size({"width": 1280, "height": 800})
        memory.is_away = False
        await expect(rows).to_have_count(60)
        await expect(page.get_by_test_id("message")).to_contain_text(["hello 59"])
        await expect(banner).to_be_hidden()


async def test_what_is_pushed_while_the_list_is_read_is_not_undone_by_the_list(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        await chat.arrive(wrote(chat, 1, "hello"), wrote(chat, 2, "hello"))
        rows = page.get_by_test_id("conversation")
        await expect(rows).to_have_count(2)
        read = chat.conversations.listing

        async def slow(agent: int, search: str = "", before: Any = None, limit: int = 50) -> Any:
            found = await read(agent, search, before, limit)
            if limit > 1:
                chat.conversations.listing = read  # type: ignore[method-assign]
                await chat.arrive(
                    wrote(chat, 1, "something newer", timestamp=chat.clock() + 9), wrote(chat, 3, "first")
                )
            return found

        chat.conversations.listing = slow  # type: ignore[method-assign]
        await page.reload()
        await expect(rows.filter(has_text="User 002")).to_be_visible()
        assert await rows.locator(".row-name").all_text_contents() == ["User 001", "User 003", "User 002"]
        await expect(rows.first).to_contain_text("something newer")
