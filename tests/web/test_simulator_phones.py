"""The phones page in Chromium, what a person can send: files, voice, places, people, reactions, replies, forwards."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.web.phones_support import ana_of, attach, choose, from_business, heard, opened, running_browser
from tests.web.simulator_support import PNG, Bench, running_bench

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench(starting_phones=("Ana",), business_name="Example Company") as bench:
        yield bench


async def test_files_of_every_kind_are_sent(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "files") as (page, phone):
        await phone.get_by_test_id("composer").fill("look")
        await attach(page, phone, "photo", "a.png", "image/png", PNG)
        image = (await heard(bench, "image"))["image"]
        assert (image["mime_type"], image["caption"]) == ("image/png", "look")
        url = (await bench.graph("GET", image["id"]))[1]["url"]
        assert await bench.graph("GET", url) == (200, PNG)
        await expect(phone.get_by_test_id("picture")).to_have_js_property("naturalWidth", 1)
        await expect(phone.get_by_test_id("composer")).to_have_value("")
        await attach(page, phone, "document", "Invoice <1>.pdf", "application/pdf", b"%PDF" * 300)
        document = (await heard(bench, "document"))["document"]
        assert (document["filename"], document["mime_type"]) == ("Invoice <1>.pdf", "application/pdf")
        await expect(phone.get_by_test_id("document")).to_contain_text("Invoice <1>.pdf")
        await expect(phone.get_by_test_id("document")).to_contain_text("PDF · 1.2 KB")
        await attach(page, phone, "sticker", "a.png", "image/png", PNG)
        assert (await heard(bench, "sticker"))["sticker"]["mime_type"] == "image/webp"
        await expect(phone.locator("img.sticker")).to_have_js_property("naturalWidth", 512)
        await attach(page, phone, "photo", "a.mp4", "video/mp4", b"no real film")
        assert (await heard(bench, "video"))["video"]["mime_type"] == "video/mp4"
        await expect(phone.get_by_text("not available")).to_be_visible()
        await attach(page, phone, "audio", "a.mp3", "audio/mpeg", b"no real sound")
        assert (await heard(bench, "audio"))["audio"]["voice"] is False


async def test_a_voice_note_is_recorded_as_whatsapp_sends_it(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "voice") as (_, phone):
        await phone.get_by_test_id("mic").click()
        await phone.get_by_test_id("recording-cancel").click()
        await expect(phone.get_by_test_id("mic")).to_be_visible()
        await phone.get_by_test_id("mic").click()
        await expect(phone.get_by_test_id("recording")).to_contain_text("0:01")
        await phone.get_by_test_id("send").click()
        audio = (await heard(bench, "audio"))["audio"]
        assert (audio["mime_type"], audio["voice"]) == ("audio/ogg; codecs=opus", True)
        url = (await bench.graph("GET", audio["id"]))[1]["url"]
        assert (await bench.graph("GET", url))[1].startswith(b"OggS")
        await expect(phone.get_by_test_id("sound").locator("audio")).to_have_js_property("error", None)
        await phone.get_by_test_id("play").click()
        await expect(phone.get_by_test_id("play")).to_have_attribute("aria-label", "Pause")


async def test_places_people_orders_and_the_unreadable(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "forms") as (_, phone):

        async def form(row: str, **fields: str) -> None:
            await phone.get_by_test_id("attach").press("Enter")
            await phone.get_by_test_id(f"menu-{row}").press("Enter")
            for name, value in fields.items():
                await phone.get_by_test_id(f"field-{name}").fill(value)
            await phone.get_by_test_id("form-send").press("Enter")
            await expect(phone.get_by_test_id("sheet")).to_be_hidden()

        await form("location", latitude="-3.5", longitude="10", name="Office", address="Street 1")
        place = {"latitude": -3.5, "longitude": 10, "name": "Office", "address": "Street 1"}
        assert (await heard(bench, "location"))["location"] == place
        await expect(phone.get_by_test_id("place")).to_contain_text("Office")
        await form("contact", name="Bia Souza", phone="+55 11 98888-0000")
        [card] = (await heard(bench, "contacts"))["contacts"]
        assert card["name"] == {"formatted_name": "Bia Souza", "first_name": "Bia", "last_name": "Souza"}
        assert card["phones"] == [{"phone": "+55 11 98888-0000", "type": "CELL", "wa_id": "5511988880000"}]
        await expect(phone.get_by_test_id("person")).to_have_count(2)  # the card, and the menu about Ana
        await form("order", quantity="2", price="9.5", text="soon")
        order = (await heard(bench, "order"))["order"]
        assert (order["product_items"][0]["quantity"], order["text"]) == (2, "soon")
        await form("unsupported")
        assert (await heard(bench, "unsupported"))["unsupported"] == {"type": "poll_creation"}


async def test_react_reply_forward_edit_and_delete_with_the_keyboard(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "options") as (page, phone):
        mine = await bench.write(await ana_of(bench), "helo")
        theirs = await bench.send_text(await ana_of(bench), "Good morning")
        message = phone.locator(f'[data-wamid="{theirs}"]')
        await message.get_by_test_id("options").press("Enter")
        await expect(phone.get_by_test_id("emoji").first).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        assert (await heard(bench, "reaction"))["reaction"] == {"message_id": theirs, "emoji": "❤️"}
        await expect(message.get_by_test_id("reactions")).to_have_text("❤️")
        await from_business(bench, "reaction", {"message_id": theirs, "emoji": "🎉"})
        await expect(message.get_by_test_id("reactions")).to_have_text("❤️ 🎉")
        await message.get_by_test_id("options").press("Enter")
        await phone.get_by_test_id("emoji").nth(1).press("Enter")
        assert (await heard(bench, "reaction", 2))["reaction"] == {"message_id": theirs, "emoji": ""}
        await expect(message.get_by_test_id("reactions")).to_have_text("🎉")
        # the ticks of the first reaction do not bring it back
        mark = {"messaging_product": "whatsapp", "status": "read", "message_id": bench.webhook.items()[-1]["id"]}
        await bench.send(mark)
        await expect(phone.locator(f'[data-wamid="{mine}"]')).to_have_attribute("data-status", "read")
        await expect(message.get_by_test_id("reactions")).to_have_text("🎉")
        await message.get_by_test_id("options").press("Enter")
        await page.keyboard.press("Escape")
        await expect(message.get_by_test_id("options")).to_be_focused()

        await choose(phone, message, "reply")
        await expect(phone.get_by_test_id("reply-bar")).to_contain_text("Good morning")
        await page.keyboard.type("to you too")
        await page.keyboard.press("Enter")
        await bench.webhook.until(lambda: bench.webhook.items()[-1].get("text") == {"body": "to you too"})
        assert bench.webhook.items()[-1]["context"]["id"] == theirs
        await expect(phone.get_by_test_id("reply-bar")).to_be_hidden()
        reply = phone.get_by_test_id("message").filter(has_text="to you too")
        await expect(reply).to_contain_text("Example Company")
        await choose(phone, message, "forward-often")
        await bench.webhook.until(lambda: "frequently_forwarded" in bench.webhook.items()[-1].get("context", {}))
        assert bench.webhook.items()[-1]["text"] == {"body": "Good morning"}

        own = phone.locator(f'[data-wamid="{mine}"]')
        await choose(phone, own, "edit")
        await phone.get_by_test_id("field-text").fill("hello")
        await phone.get_by_test_id("form-send").click()
        edit = (await heard(bench, "edit"))["edit"]
        assert edit["original_message_id"] == mine
        await expect(own).to_contain_text("hello")
        await choose(phone, own, "delete")
        assert (await heard(bench, "revoke"))["revoke"] == {"original_message_id": mine}
        await expect(own).to_contain_text("You deleted this message")
