"""What the browser tests do with a page: open it, log in at the chat, keep a screenshot."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from app.core.register import Agent
from tests.system.system import System
from web.chat.codes import login_code

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
WAIT = 20_000
"""Milliseconds a page may take to show what is expected."""


async def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a screenshot, of the whole page or of what the window shows."""
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=whole)


async def looked_at(page: Page, name: str) -> None:
    """Keep screenshots at both widths; at none must the page be wider than the window."""
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await shot(page, f"{name}-{width}", whole=True)
    await page.set_viewport_size({"width": 1280, "height": 800})


async def open_page(browser: Browser, url: str, **more: Any) -> Page:
    """A page that fails the test when its console shows an error."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, **more)
    page = await context.new_page()
    page.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    page.problems = problems  # type: ignore[attr-defined]
    return page


async def operator(browser: Browser, system: System, name: str) -> Page:
    """The chat page, logged in as an agent."""
    page = await open_page(browser, f"http://127.0.0.1:{system.ports.chat}/chat")
    await page.get_by_test_id("login-agent").select_option(label=name)
    secret = SecretStr(system.stack.credentials.chat_secret)
    await page.get_by_test_id("login-code").fill(login_code(secret, Agent(**system.agents[name])))
    await page.get_by_test_id("login-submit").click()
    return page
