"""What the tests of the phones page share: Chromium, the page with Ana's phone, and what she sends and gets."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.web.simulator_support import Bench

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
WAIT = 20_000
"""Milliseconds a page may take to show what is expected."""


@contextlib.asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, with a microphone that beeps."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        await chromium.close()


@contextlib.asynccontextmanager
async def opened(browser: Browser, bench: Bench, name: str, width: int = 1280) -> AsyncIterator[tuple[Page, Locator]]:
    """The page and Ana's phone on it; a script error fails the test, a screenshot is kept."""
    expect.set_options(timeout=WAIT)
    page = await browser.new_page(viewport={"width": width, "height": 860})
    page.set_default_timeout(WAIT)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(bench.url)
    await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    yield page, page.get_by_test_id("phone-Ana")
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"simulator-{name}.png")
    await page.close()
    assert problems == []


async def ana_of(bench: Bench) -> dict[str, Any]:
    """The first user."""
    users: list[dict[str, Any]] = (await bench.call("GET", "/sim/users"))["users"]
    return users[0]


async def heard(bench: Bench, kind: str, count: int = 1) -> dict[str, Any]:
    """The latest message of a kind once the webhook has heard so many."""

    def found() -> list[dict[str, Any]]:
        return [item for item in bench.webhook.items() if item.get("type") == kind]

    await bench.webhook.until(lambda: len(found()) >= count)
    return found()[-1]


async def from_business(bench: Bench, kind: str, content: Any, **more: Any) -> str:
    """Send a message to Ana; return its id."""
    address = {"to": "+" + (await ana_of(bench))["wa_id"]}
    payload = {"messaging_product": "whatsapp", **address, "type": kind, kind: content, **more}
    status, body = await bench.send(payload)
    assert status == 200, body
    return str(body["messages"][0]["id"])


async def attach(page: Page, phone: Locator, row: str, name: str, mime: str, data: bytes) -> None:
    """Attach a file by a row of the menu."""
    async with page.expect_file_chooser() as chooser:
        await phone.get_by_test_id("attach").click()
        await phone.get_by_test_id(f"menu-{row}").click()
    await (await chooser.value).set_files({"name": name, "mimeType": mime, "buffer": data})


async def choose(phone: Locator, message: Locator, row: str) -> None:
    """Open a message's menu with the keyboard and take a row."""
    await message.get_by_test_id("options").press("Enter")
    await phone.get_by_test_id(f"menu-{row}").press("Enter")
