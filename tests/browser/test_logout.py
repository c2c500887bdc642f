"""Logging out in one tab logs the whole browser out, and says so when it did not work."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.desk import connected, desk
from tests.browser.pages import looked_at

pytestmark = [pytest.mark.browser]


async def test_every_tab_leaves_when_one_logs_out_also_one_without_a_connection(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        other, lost = await page.context.new_page(), await page.context.new_page()
        await lost.route_web_socket("**/websocket", lambda _: None)  # accepted, and silent from then on
        for tab in (other, lost):
            await tab.goto(f"{chat.origin}/chat")
        await connected(other)
        await page.get_by_test_id("logout").click()
        for tab in (page, other, lost):
            await tab.wait_for_url("**/login")
            await expect(tab.get_by_text("Back to the chat")).to_have_count(0)
        await page.goto(f"{chat.origin}/chat")
        await expect(page.get_by_test_id("login-code")).to_be_visible()


async def test_a_logout_that_did_not_reach_the_chat_is_no_logout(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (_, page):
        await page.route("**/logout", lambda route: route.abort())
        await page.get_by_test_id("logout").click()
        await expect(page.locator("#banner")).to_contain_text("You are still logged in")
        await looked_at(page, "chat-logout-failed")
        await connected(page)
        await page.unroute("**/logout")
        await page.get_by_test_id("logout").click()
        await page.wait_for_url("**/login")
