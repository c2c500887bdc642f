"""The chat on an embedded MongoDB with an operator's page in a browser; what Kafka would bring is brought by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from app.core.register import Agent
from tests.browser.pages import open_page
from tests.web.chat_support import SALES, START, Chat, running_chat
from web.chat.codes import login_code


async def log_in(page: Page, chat: Chat, agent: Agent = SALES) -> None:
    """Write an agent's code into the login page."""
    await page.get_by_test_id("login-agent").select_option(str(agent.id))
    await page.get_by_test_id("login-code").fill(login_code(chat.settings.chat_secret, agent))
    await page.get_by_test_id("login-submit").click()


async def connected(page: Page) -> None:
    """Wait until the page says that it is connected."""
    await expect(page.locator("#link")).to_have_text("Connected")


@asynccontextmanager
async def desk(browser: Browser, directory: Path, *agents: Agent) -> AsyncIterator[tuple[Chat, Page]]:
    """A chat and its page, logged in for these agents, as is the chat's own client."""
    async with running_chat(directory) as chat:
        await chat.log_in(*agents)
        page = await open_page(browser, f"{chat.origin}/login")
        for agent in agents or (SALES,):
            await page.goto(f"{chat.origin}/login")
            await log_in(page, chat, agent)
            await connected(page)
        yield chat, page
        assert not page.problems  # type: ignore[attr-defined]
        await page.context.close()


def wrote(chat: Chat, number: int, text: str, **more: Any) -> Any:
    """The record of a message of one of many users, the later the higher their number."""
    address = f"55119{number:08}"
    known = {"waID": address, "user": f"pn:{address}", "name": f"User {number:03}", "timestamp": START + number}
    return chat.wrote(text, **{**known, **more})
