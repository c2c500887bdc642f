"""A user without a phone number, in a real browser: the operator sees the name, and writes to them as to anybody."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import open_page, operator, shot
from tests.system.system import System

pytestmark = [pytest.mark.browser, pytest.mark.kafka]


async def test_the_thread_of_a_user_without_a_number(browser: Browser) -> None:
    async with System(chat=True) as system:
        await system.until_serving("Sales")
        phones = await open_page(browser, f"http://127.0.0.1:{system.ports.simulator}/")
        await phones.get_by_test_id("add-phone").click()
        await phones.get_by_test_id("add-phone-name").fill("Hana")
        await phones.get_by_test_id("add-phone-none").check()
        await phones.get_by_test_id("add-phone-save").click()
        phone = phones.get_by_test_id("phone-Hana")
        await expect(phone.locator(".phone-number")).to_contain_text("no number · ")
        await phone.get_by_test_id("composer").fill("hi")
        await phone.get_by_test_id("composer").press("Enter")
        await phone.get_by_test_id("open-list").first.click()
        await phones.get_by_test_id("list-row").filter(has_text="Sales").click()
        await expect(phone.get_by_test_id("message").filter(has_text="Transferring to Sales")).to_be_visible()

        chat = await operator(browser, system, "Sales")
        await chat.get_by_test_id("conversation").filter(has_text="Hana").first.click()
        await expect(chat.locator("#thread-name")).to_have_text("Hana")
        (hana,) = [
            user for user in (await system.simulator.call("GET", "/sim/users"))["users"] if user["name"] == "Hana"
        ]
        await expect(chat.locator("#thread-number")).to_have_text(hana["user_id"])
        await chat.get_by_test_id("composer").fill("We know you by name.")
        await chat.get_by_test_id("composer").press("Enter")
        await expect(phone.get_by_test_id("message").filter(has_text="We know you by name.")).to_be_visible()
        await shot(chat, "chat-no-number")
        assert not phones.problems  # type: ignore[attr-defined]
        assert not chat.problems  # type: ignore[attr-defined]
