"""The phones page in Chromium, kind by kind: what a person can send, answer or look at there, by mouse and by keys."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.web.simulator_support import PNG, Bench, running_bench

pytestmark = pytest.mark.browser
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
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench(starting_phones=("Ana",), business_name="Example Company") as bench:
        yield bench


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
    async with page.expect_file_chooser() as chooser:
        await phone.get_by_test_id("attach").click()
        await phone.get_by_test_id(f"menu-{row}").click()
    await (await chooser.value).set_files({"name": name, "mimeType": mime, "buffer": data})


async def choose(phone: Locator, message: Locator, row: str) -> None:
    """Open a message's menu with the keyboard and take a row."""
    await message.get_by_test_id("options").press("Enter")
    await phone.get_by_test_id(f"menu-{row}").press("Enter")


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


async def test_what_the_business_sends_is_shown_and_played(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "business") as (page, phone):
        ana = await ana_of(bench)
        await bench.write(ana)
        picture = (await bench.upload(PNG, "image/png"))["id"]
        pdf = (await bench.upload(b"%PDF" * 1000, "application/pdf"))["id"]
        await from_business(bench, "text", {"body": "see https://example.org/a_b_c.", "preview_url": True})
        address = phone.get_by_role("link", name="https://example.org/a_b_c", exact=True)
        await expect(address).to_have_attribute("href", "https://example.org/a_b_c")
        await from_business(bench, "image", {"id": picture, "caption": "*new*"})
        await expect(phone.get_by_test_id("picture")).to_have_js_property("naturalWidth", 1)
        await expect(phone.locator("strong")).to_have_text("new")
        await from_business(bench, "document", {"id": pdf, "filename": "offer.pdf"})
        await expect(phone.get_by_test_id("document")).to_contain_text("PDF · 4.0 KB")
        header = {"type": "header", "parameters": [{"type": "image", "image": {"id": picture}}]}
        body = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "10:30"}]}
        button = {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "7"}]}
        content = {"name": "visit_reminder", "language": {"code": "pt_BR"}, "components": [header, body, button]}
        await from_business(bench, "template", content)
        await expect(phone.get_by_test_id("picture")).to_have_count(2)
        link = phone.get_by_role("link", name="Acompanhar")
        await expect(link).to_have_attribute("href", "https://example.org/7")
        await phone.get_by_test_id("reply-button").click()
        assert (await heard(bench, "button"))["button"] == {"payload": "Confirmar", "text": "Confirmar"}
        await phone.get_by_test_id("mic").click()
        await expect(phone.get_by_test_id("recording")).to_contain_text("0:01")
        await phone.get_by_test_id("send").click()
        recorded = (await heard(bench, "audio"))["audio"]["id"]
        voice = await from_business(bench, "audio", {"id": recorded, "voice": True})
        sound = phone.locator(f'[data-wamid="{voice}"]').get_by_test_id("sound")
        await sound.get_by_test_id("play").click()
        await bench.webhook.until(lambda: "played" in bench.webhook.statuses(voice))
        await page.reload()
        await expect(phone.get_by_test_id("picture")).to_have_count(2)


async def test_requests_are_answered(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "requests") as (_, phone):
        await bench.write(await ana_of(bench))

        async def ask(kind: str, action: dict[str, Any]) -> str:
            return await from_business(bench, "interactive", {"type": kind, "body": {"text": "?"}, "action": action})

        asked = await ask("location_request_message", {"name": "send_location"})
        await phone.get_by_test_id("send-location").click()
        await phone.get_by_test_id("form-send").click()
        assert (await heard(bench, "location"))["context"]["id"] == asked
        asked = await ask("request_contact_info", {"name": "request_contact_info"})
        await phone.get_by_test_id("share-contact").click()
        shared = await heard(bench, "contacts")
        assert (shared["context"]["id"], shared["contacts"][0]["origin"]) == (asked, "contact_request")
        start = {"screen": "BOOK", "data": {"day": "Monday", "hour": ""}}
        parameters = {"flow_message_version": "3", "flow_id": "7", "flow_cta": "Book", "flow_token": "t"}
        asked = await ask("flow", {"name": "flow", "parameters": parameters | {"flow_action_payload": start}})
        await phone.get_by_test_id("open-flow").click()
        await phone.get_by_test_id("field-flow_hour").fill("10:30")
        await phone.get_by_test_id("form-send").click()
        answer = await heard(bench, "interactive")
        assert answer["context"]["id"] == asked
        response = '{"flow_token": "t", "day": "Monday", "hour": "10:30"}'
        assert answer["interactive"]["nfm_reply"]["response_json"] == response


async def test_users_without_a_number_and_with_a_new_one(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "people") as (page, phone):
        await page.get_by_test_id("add-phone").click()
        await page.get_by_test_id("add-phone-name").fill("Hans")
        await page.get_by_test_id("add-phone-none").check()
        await page.get_by_test_id("add-phone-save").click()
        hans = page.get_by_test_id("phone-Hans")
        await expect(hans).to_contain_text("no number")
        await hans.get_by_test_id("composer").fill("Hallo")
        await hans.get_by_test_id("composer").press("Enter")
        item = await heard(bench, "text")
        assert ("from" in item, "from_user_id" in item) == (False, True)
        old = await ana_of(bench)
        await phone.get_by_test_id("person").press("Enter")
        await phone.get_by_test_id("menu-change-number").press("Enter")
        await page.get_by_test_id("number-new").fill("+5511977776666")
        await page.get_by_test_id("number-save").click()
        await expect(phone).to_contain_text("+5511977776666")
        system = await heard(bench, "system")
        assert (system["from"], system["system"]["wa_id"]) == (old["wa_id"], "5511977776666")
        await phone.get_by_test_id("person").press("Enter")
        await phone.get_by_test_id("menu-hide").press("Enter")
        await expect(phone).to_contain_text("number hidden")


async def test_nothing_a_person_or_the_business_writes_becomes_html(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "hostile") as (page, phone):
        ana = await ana_of(bench)
        await bench.write(ana, HOSTILE)
        picture = (await bench.upload(PNG, "image/png"))["id"]
        pdf = (await bench.upload(b"%PDF", "application/pdf"))["id"]
        await from_business(bench, "image", {"id": picture, "caption": HOSTILE})
        await from_business(bench, "document", {"id": pdf, "filename": HOSTILE, "caption": HOSTILE})
        await from_business(bench, "location", {"latitude": 1, "longitude": 2, "name": HOSTILE, "address": HOSTILE})
        name = {"formatted_name": HOSTILE, "first_name": HOSTILE}
        await from_business(bench, "contacts", [{"name": name, "phones": [{"phone": HOSTILE}]}])
        buttons = {"buttons": [{"type": "reply", "reply": {"id": HOSTILE, "title": "<b>x</b>"}}]}
        content = {"type": "button", "body": {"text": HOSTILE}, "footer": {"text": HOSTILE}, "action": buttons}
        await from_business(bench, "interactive", content, context={"message_id": "wamid.GONE"})
        await bench.act(ana, type="reaction", message_id=bench.webhook.items()[0]["id"], emoji="<i>")
        await bench.act(ana, type="unsupported", unsupported_type=HOSTILE)
        await bench.act(ana, type="flow_reply", response=HOSTILE, body=HOSTILE)
        await expect(phone.get_by_test_id("message")).to_have_count(8)
        assert await page.locator("img[src=x], .message b, .reactions i").count() == 0
        assert await page.title() == "Phones – simulator"


async def test_on_a_narrow_screen_menus_and_sheets_stay_inside(browser: Browser, bench: Bench) -> None:
    async with opened(browser, bench, "narrow", width=390) as (page, phone):
        await bench.write(await ana_of(bench), "word " * 40)
        await phone.get_by_test_id("attach").click()
        box = await phone.get_by_role("menu", name="Attach").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 860
        await page.keyboard.press("Escape")
        await expect(phone.get_by_test_id("attach")).to_be_focused()
        await phone.get_by_test_id("attach").click()
        await phone.get_by_test_id("menu-order").click()
        await expect(phone.get_by_test_id("form-send")).to_be_in_viewport(ratio=1)
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
