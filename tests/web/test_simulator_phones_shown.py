"""The phones page in Chromium, what a person gets: media shown and played, requests to answer, nothing that is HTML."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.web.phones_support import ana_of, from_business, heard, opened, running_browser
from tests.web.simulator_support import PNG, Bench, running_bench

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench(starting_phones=("Ana",), business_name="Example Company") as bench:
        yield bench


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
        # pictures come later than the text around them, and the end stays in sight
        await expect(phone.locator(f'[data-wamid="{voice}"]')).to_be_in_viewport(ratio=0.9)


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
