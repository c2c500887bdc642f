"""The phones page in a real browser: whatever a user can send, a person can try by hand, and the business gets it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.browser.pages import open_page, shot
from tests.web.simulator_support import PNG, Bench, running_bench

pytestmark = [pytest.mark.browser]

FILES = {
    "photo": ("shop.png", "image/png", "image"),
    "document": ("bill.pdf", "application/pdf", "document"),
    "voice": ("note.ogg", "audio/ogg", "audio"),
    "audio": ("song.mp3", "audio/mpeg", "audio"),
    "sticker": ("wave.png", "image/png", "sticker"),
}
FORMS: dict[str, tuple[dict[str, str], str]] = {
    "location": ({"name": "Market"}, "location"),
    "contact": ({"name": "Bia Prado", "phone": "+5511988880000"}, "contacts"),
    "order": ({"item": "sku-7"}, "order"),
    "unsupported": ({}, "unsupported"),
}


class Hand:
    """A person at the page, with the phone of one user; and the business, which gets what is sent."""

    def __init__(self, bench: Bench, page: Page, name: str) -> None:
        self.bench = bench
        self.page = page
        self.phone = page.get_by_test_id(f"phone-{name}")

    async def write(self, text: str) -> dict[str, Any]:
        """Type a text and send it; returns what the business gets."""
        await self.phone.get_by_test_id("composer").fill(text)
        return await self.gets(lambda: self.phone.get_by_test_id("composer").press("Enter"))

    async def choose(self, opener: Locator, name: str) -> None:
        """Choose a row of a menu."""
        await opener.click()
        await self.phone.get_by_test_id(f"menu-{name}").click()

    async def bubble(self, text: str) -> Locator:
        """The arrow on the bubble with a text."""
        bubble = self.phone.get_by_test_id("message").filter(has_text=text).first
        await bubble.hover()
        return bubble.get_by_test_id("options")

    async def gets(self, act: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        """Do something, and wait for the message the business gets by it."""
        before = len(self.sent())
        await act()
        await self.bench.webhook.until(lambda: len(self.sent()) > before)
        (item,) = self.sent()[before:]
        return item

    def sent(self) -> list[dict[str, Any]]:
        """All messages the business got."""
        return [item for item in self.bench.webhook.items() if "type" in item]


@pytest_asyncio.fixture
async def hand(browser: Browser) -> AsyncIterator[Hand]:
    """The hand on the phone of Ana, whose number is shown."""
    async with running_bench() as bench:
        await bench.user("Ana")
        page = await open_page(browser, bench.url)
        yield Hand(bench, page, "Ana")
        await shot(page, "phones-by-hand")
        assert not page.problems  # type: ignore[attr-defined]
        await page.close()


@pytest.mark.parametrize("row", FILES)
async def test_a_file(hand: Hand, row: str) -> None:
    name, mime_type, kind = FILES[row]
    content = PNG if mime_type == "image/png" else b"bytes"

    async def attach() -> None:
        async with hand.page.expect_file_chooser() as chooser:
            await hand.choose(hand.phone.get_by_test_id("attach"), row)
        await (await chooser.value).set_files(FilePayload(name=name, mimeType=mime_type, buffer=content))

    await hand.phone.get_by_test_id("composer").fill("look")
    item = await hand.gets(attach)
    assert item["type"] == kind and item[kind]["id"]
    assert item[kind].get("caption") == ("look" if kind in ("image", "document") else None)
    assert item[kind].get("voice", False) is (row == "voice")
    await expect(hand.phone.locator(f"[data-testid=message][data-type={kind}]")).to_be_visible()


async def test_a_voice_note_is_recorded(hand: Hand) -> None:
    await hand.phone.get_by_test_id("mic").click()
    await expect(hand.phone.get_by_test_id("recording")).to_contain_text(re.compile(r"0:(0[1-9]|[1-5]\d)"))
    item = await hand.gets(hand.phone.get_by_test_id("send").click)
    assert item["audio"]["voice"] and item["audio"]["mime_type"] == "audio/ogg; codecs=opus"


def asks(kind: str, action: dict[str, Any]) -> dict[str, Any]:
    """An interactive message of the business."""
    return {"type": kind, "body": {"text": "Please"}, "action": action}


FLOW = {"flow_message_version": "3", "flow_id": "771122", "flow_cta": "Choose", "flow_token": "order-17"}
ROWS = [{"title": "All", "rows": [{"id": "p1", "title": "Basic"}]}]
BUTTONS = [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]
TAPS = {
    "list": (asks("list", {"button": "Plans", "sections": ROWS}), ["open-list", "list-row"]),
    "button": (asks("button", {"buttons": BUTTONS}), ["reply-button"]),
    "flow": (asks("flow", {"name": "flow", "parameters": FLOW}), ["open-flow", "form-send"]),
    "place": (asks("location_request_message", {"name": "send_location"}), ["send-location", "form-send"]),
    "number": (asks("request_contact_info", {"name": "request_contact_info"}), ["share-contact"]),
}
ANSWERS = {
    "list": lambda item: item["interactive"]["list_reply"]["id"] == "p1",
    "button": lambda item: item["interactive"]["button_reply"]["id"] == "yes",
    "flow": lambda item: "order-17" in item["interactive"]["nfm_reply"]["response_json"],
    "place": lambda item: "latitude" in item["location"],
    "number": lambda item: item["contacts"][0]["origin"] == "contact_request",
}


@pytest.mark.parametrize("what", TAPS)
async def test_what_the_business_asks_for_is_tapped(hand: Hand, what: str) -> None:
    interactive, steps = TAPS[what]
    await hand.write("hi")
    (ana,) = (await hand.bench.call("GET", "/sim/users"))["users"]
    payload = {"messaging_product": "whatsapp", "to": f"+{ana['wa_id']}", "type": "interactive"}
    status, told = await hand.bench.send({**payload, "interactive": interactive})
    assert status == 200, told
    *before, last = steps
    for step in before:
        await hand.phone.get_by_test_id(step).click()
    item = await hand.gets(hand.phone.get_by_test_id(last).click)
    assert ANSWERS[what](item), item
    assert item["context"]["id"] == told["messages"][0]["id"]


@pytest.mark.parametrize("row", FORMS)
async def test_what_is_filled_in(hand: Hand, row: str) -> None:
    fields, kind = FORMS[row]
    await hand.choose(hand.phone.get_by_test_id("attach"), row)
    for field, value in fields.items():
        await hand.phone.get_by_test_id(f"field-{field}").fill(value)
    item = await hand.gets(hand.phone.get_by_test_id("form-send").click)
    assert item["type"] == kind
    assert all(value in str(item) for value in fields.values())


async def test_a_reply_a_forward_a_reaction_an_edit_and_a_deletion(hand: Hand) -> None:
    first = await hand.write("hello")
    wamid = await hand.bench.send_text((await hand.bench.call("GET", "/sim/users"))["users"][0], "Ten euros")

    await hand.choose(await hand.bubble("Ten euros"), "reply")
    assert (await hand.write("too much"))["context"]["id"] == wamid
    for row, mark in (("forward", "forwarded"), ("forward-often", "frequently_forwarded")):
        opener = await hand.bubble("Ten euros")
        forwarded = await hand.gets(lambda row=row, opener=opener: hand.choose(opener, row))  # type: ignore[misc]
        assert forwarded["context"][mark] and forwarded["text"]["body"] == "Ten euros"

    async def react() -> None:
        await hand.phone.locator(f"[data-wamid='{wamid}']").hover()
        await hand.phone.locator(f"[data-wamid='{wamid}']").get_by_test_id("options").click()
        await hand.phone.get_by_test_id("emoji").first.click()

    for emoji in ("👍", ""):
        reaction = (await hand.gets(react))["reaction"]
        assert (reaction["message_id"], reaction.get("emoji", "")) == (wamid, emoji)

    await hand.choose(await hand.bubble("hello"), "edit")
    await hand.phone.get_by_test_id("field-text").fill("hello again")
    edit = (await hand.gets(hand.phone.get_by_test_id("form-send").click))["edit"]
    assert (edit["original_message_id"], edit["message"]["text"]["body"]) == (first["id"], "hello again")
    opener = await hand.bubble("hello again")
    revoked = await hand.gets(lambda: hand.choose(opener, "delete"))
    assert revoked["revoke"]["original_message_id"] == first["id"]


async def test_who_the_user_is_changes(hand: Hand) -> None:
    person = hand.phone.get_by_test_id("person")
    assert (await hand.gets(lambda: hand.choose(person, "group")))["group_id"]
    assert (await hand.gets(lambda: hand.choose(person, "ad")))["referral"]["source_url"]
    await hand.choose(person, "hide")
    assert "from" not in await hand.write("guess who")
    await hand.choose(person, "change-number")
    notice = await hand.gets(hand.page.get_by_test_id("number-save").click)
    assert notice["type"] == "system"
    await hand.bench.webhook.until(
        lambda: any("user_id_update" in value for post in hand.bench.webhook.received for value in post.values)
    )


@pytest.mark.parametrize(("kind", "shows_number"), [("both", True), ("hide", False), ("none", False)])
async def test_a_user_is_added(hand: Hand, kind: str, shows_number: bool) -> None:
    await hand.page.get_by_test_id("add-phone").click()
    await hand.page.get_by_test_id("add-phone-name").fill("Hana")
    await hand.page.get_by_test_id(f"add-phone-{kind}").check()
    await hand.page.get_by_test_id("add-phone-save").click()
    item = await Hand(hand.bench, hand.page, "Hana").write("hi")
    assert ("from" in item) is shows_number and item["from_user_id"]
