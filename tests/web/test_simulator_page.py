"""The phones page in Chromium: write, tap, see ticks and reasons, keep the place one reads at."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.web.simulator_support import Bench, running_bench, text_to
from web.simulator.config import Number

pytestmark = pytest.mark.browser
MENU = {
    "type": "list",
    "body": {"text": "Who should help you?"},
    "action": {
        "button": "Choose",
        "sections": [{"title": "Service", "rows": [{"id": "billing", "title": "Billing", "description": "Invoices"}]}],
    },
}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        await chromium.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench(starting_phones=("Ana", "Bruno"), business_name="Example Company") as bench:
        yield bench


async def open_page(browser: Browser, bench: Bench, width: int = 1280) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": 800})
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    await page.goto(bench.url)
    await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    return page


async def user(bench: Bench, name: str) -> dict[str, Any]:
    users = (await bench.call("GET", "/sim/users"))["users"]
    return next(user for user in users if user["name"] == name)


async def test_write_be_answered_and_tap_a_row(browser: Browser, bench: Bench) -> None:
    page, ana = await open_page(browser, bench), await user(bench, "Ana")
    phone = page.get_by_test_id("phone-Ana")
    await phone.get_by_test_id("composer").fill("hi <b>there</b>")
    await phone.get_by_test_id("composer").press("Enter")
    mine = phone.get_by_test_id("message").filter(has_text="hi <b>there</b>")
    await expect(mine).to_have_attribute("data-status", "accepted")
    payload = text_to(ana["wa_id"]) | {"type": "interactive", "interactive": MENU}
    await bench.send(payload)
    await phone.get_by_test_id("open-list").click()
    await expect(phone.get_by_test_id("list-row")).to_be_focused()
    await phone.get_by_test_id("list-row").press("Escape")
    await expect(phone.get_by_test_id("open-list")).to_be_focused()
    await phone.get_by_test_id("open-list").press("Enter")
    await phone.get_by_test_id("list-row").click()
    await bench.webhook.until(lambda: any("interactive" in item for item in bench.webhook.items()))
    tap = next(item for item in bench.webhook.items() if "interactive" in item)
    assert tap["interactive"]["list_reply"]["id"] == "billing"
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": tap["id"]}
    await bench.send(mark | {"typing_indicator": {"type": "text"}})
    await expect(phone.get_by_test_id("chat-state")).to_have_text("typing…")
    await expect(mine).to_have_attribute("data-status", "read")
    await bench.send_text(ana, "Hello from *Billing*")
    await expect(phone.locator("strong")).to_have_text("Billing")
    await expect(phone.get_by_test_id("typing")).to_be_hidden()
    assert await page.get_by_test_id("phone-Bruno").get_by_test_id("message").count() == 0


async def test_what_never_reached_the_phone_says_why(browser: Browser, bench: Bench) -> None:
    page, bruno = await open_page(browser, bench), await user(bench, "Bruno")
    await bench.send_text(bruno, "too early")
    message = page.get_by_test_id("phone-Bruno").get_by_test_id("message")
    await expect(message).to_have_attribute("data-status", "failed")
    await expect(message).to_contain_text("131047")
    await expect(message).not_to_contain_text("too early")


async def test_new_messages_do_not_steal_the_place(browser: Browser, bench: Bench) -> None:
    page, ana = await open_page(browser, bench), await user(bench, "Ana")
    for number in range(30):
        await bench.write(ana, f"line {number}", wait=False)
    phone = page.get_by_test_id("phone-Ana")
    await expect(phone.get_by_test_id("message")).to_have_count(30)
    await expect(phone.get_by_text("line 29")).to_be_in_viewport()
    await phone.get_by_test_id("log").evaluate("log => log.scrollTop = 0")
    await bench.send_text(ana, "look down here")
    await expect(phone.get_by_test_id("new-messages")).to_have_text("1 new message")
    await expect(phone.get_by_text("look down here")).not_to_be_in_viewport()
    await phone.get_by_test_id("new-messages").click()
    await expect(phone.get_by_text("look down here")).to_be_in_viewport()
    await expect(phone.get_by_test_id("new-messages")).to_be_hidden()


async def test_a_reader_who_goes_up_stays_there_though_something_grows_in_the_same_frame(
    browser: Browser, bench: Bench
) -> None:
    page, ana = await open_page(browser, bench), await user(bench, "Ana")
    for number in range(30):
        await bench.write(ana, f"line {number}", wait=False)
    phone = page.get_by_test_id("phone-Ana")
    await expect(phone.get_by_text("line 29")).to_be_in_viewport()
    top = await phone.get_by_test_id("log").evaluate(
        """async (log) => {
          const frame = () => new Promise(requestAnimationFrame);
          await frame();
          log.scrollTop = 0;
          log.querySelector(".messages").lastElementChild.style.paddingTop = "200px";
          for (let frames = 0; frames < 5; frames += 1) await frame();
          return log.scrollTop;
        }"""
    )
    assert top == 0


async def test_a_phone_is_added_closed_and_found_again_after_a_reload(browser: Browser, bench: Bench) -> None:
    page = await open_page(browser, bench)
    await page.get_by_test_id("add-phone").click()
    await page.get_by_test_id("add-phone-name").fill("Clara")
    await page.get_by_test_id("add-phone-hide").check()
    await page.get_by_test_id("add-phone-save").click()
    phone = page.get_by_test_id("phone-Clara")
    await phone.get_by_test_id("toggle-open").click()
    await expect(phone.get_by_test_id("toggle-open")).to_have_text("Chat closed")
    await phone.get_by_test_id("composer").fill("hello")
    await phone.get_by_test_id("send").click()
    await expect(phone.get_by_test_id("message")).to_have_attribute("data-status", "accepted")
    assert "from" not in bench.webhook.items()[-1]
    clara = await user(bench, "Clara")
    wamid = await bench.send_text(clara)
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "delivered"])
    await page.reload()
    await expect(phone.get_by_test_id("message")).to_have_count(2)
    await phone.get_by_test_id("toggle-open").click()
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid)[-1] == "read")


async def test_a_narrow_screen_shows_one_phone_and_never_scrolls_sideways(browser: Browser, bench: Bench) -> None:
    page = await open_page(browser, bench, width=390)
    ana, bruno = page.get_by_test_id("phone-Ana"), page.get_by_test_id("phone-Bruno")
    await expect(ana).to_be_in_viewport(ratio=0.9)
    await expect(bruno).not_to_be_in_viewport()
    await page.get_by_role("button", name="Bruno", exact=True).click()
    await expect(bruno).to_be_in_viewport(ratio=0.9)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_business_number_is_chosen_where_there_are_several(browser: Browser) -> None:
    second = Number(id="5647382910", display="551155509999")
    async with running_bench(starting_phones=("Ana",), more_numbers=(second,)) as bench:
        page, ana = await open_page(browser, bench), await user(bench, "Ana")
        phone = page.get_by_test_id("phone-Ana")
        numbers = phone.get_by_test_id("chat-number")
        await bench.write(ana, "to the first")
        await expect(phone.get_by_test_id("message").filter(has_text="to the first")).to_be_visible()
        await numbers.select_option(second.id)
        await expect(phone.get_by_test_id("chat-state")).to_have_text(f"+{second.display}")
        await expect(phone.get_by_test_id("message")).to_have_count(0)
        await phone.get_by_test_id("composer").fill("to the second")
        await phone.get_by_test_id("composer").press("Enter")
        await bench.webhook.until(lambda: len(bench.webhook.items()) == 2)
        (value,) = bench.webhook.received[-1].values
        assert value["metadata"]["phone_number_id"] == second.id
        await expect(phone.get_by_test_id("message")).to_have_count(1)
        await bench.send_text(ana, "from the first")
        await expect(numbers.locator("option").first).to_have_text("● +551155501234")
        await expect(phone.get_by_test_id("message")).to_have_count(1)
        await numbers.select_option(index=0)
        await expect(phone.get_by_test_id("message").filter(has_text="from the first")).to_be_visible()
        await expect(phone.get_by_test_id("message")).to_have_count(2)


async def test_with_one_number_there_is_nothing_to_choose(browser: Browser, bench: Bench) -> None:
    page = await open_page(browser, bench)
    await expect(page.get_by_test_id("phone-Ana").get_by_test_id("chat-number")).to_be_hidden()
