"""Everything a user can send, as the webhook hears it: each type of the reference's chapter 2, and what is refused."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.simulator_support import BUSINESS, PNG, Bench, running_bench

PIN = {"latitude": -23.55, "longitude": -46.63}
PLACE = PIN | {"name": "Office", "address": "Street 1", "url": "https://example.org"}
CARD = {"name": {"formatted_name": "Bia", "first_name": "Bia"}, "phones": [{"phone": "+55 11 9", "type": "CELL"}]}
ITEMS = [{"product_retailer_id": "sku-1", "quantity": 2, "item_price": 9.5, "currency": "BRL"}]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench() as bench:
        yield bench


CONTENTS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "pin": ({"type": "location", "location": PIN}, "location", PIN),
    "place": ({"type": "location", "location": PLACE}, "location", PLACE),
    "contacts": ({"type": "contacts", "contacts": [CARD]}, "contacts", [CARD]),
    "order": (
        {"type": "order", "text": "soon please", "order": {"catalog_id": "7", "product_items": ITEMS}},
        "order",
        {"catalog_id": "7", "product_items": ITEMS, "text": "soon please"},
    ),
    "unsupported poll": (
        {"type": "unsupported", "unsupported_type": "poll_creation"},
        "unsupported",
        {"type": "poll_creation"},
    ),
    "unsupported without object": ({"type": "unsupported", "error": 131060}, "unsupported", None),
    "flow": (
        {"type": "flow_reply", "response": {"flow_token": "t", "day": "Monday"}},
        "interactive",
        {
            "type": "nfm_reply",
            "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "t", "day": "Monday"}'},
        },
    ),
    "flow with broken JSON": (
        {"type": "flow_reply", "response": "{not json", "name": "address_message"},
        "interactive",
        {"type": "nfm_reply", "nfm_reply": {"name": "address_message", "body": "Sent", "response_json": "{not json"}},
    ),
}


@pytest.mark.parametrize(("action", "kind", "content"), CONTENTS.values(), ids=CONTENTS.keys())
async def test_contents(bench: Bench, action: dict[str, Any], kind: str, content: Any) -> None:
    item = await bench.item(await bench.user(), **action)
    assert (item["type"], item.get(kind)) == (kind, content)


async def test_unsupported_says_why(bench: Bench) -> None:
    ana = await bench.user()
    item = await bench.item(ana, type="unsupported", unsupported_type="pin")
    assert [error["code"] for error in item["errors"]] == [131051]
    assert item["errors"][0]["error_data"]["details"]
    assert (await bench.item(ana, type="unsupported", error=131060))["errors"][0]["code"] == 131060


@pytest.mark.parametrize(
    ("kind", "mime", "fields", "more"),
    [
        ("image", "image/jpeg", {"caption": "look"}, {"caption": "look"}),
        ("video", "video/mp4", {}, {}),
        ("audio", "audio/ogg; codecs=opus", {"voice": True}, {"voice": True}),
        ("audio", "audio/mpeg", {"caption": "never"}, {"voice": False}),
        ("document", "application/pdf", {"caption": "c"}, {"caption": "c", "filename": "bill.pdf"}),
        ("sticker", "image/webp", {}, {"animated": False}),
    ],
)
async def test_media(bench: Bench, kind: str, mime: str, fields: dict[str, Any], more: dict[str, Any]) -> None:
    data = b"bytes of " + kind.encode()
    media_id = await bench.attach(data, mime, "bill.pdf")
    item = await bench.item(await bench.user(), type=kind, media_id=media_id, **fields)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert item[kind] == {"id": media_id, "mime_type": mime, "sha256": digest} | more


async def test_an_animated_sticker_says_so(bench: Bench) -> None:
    webp = b"RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02" + bytes(9)
    item = await bench.item(await bench.user(), type="sticker", media_id=await bench.attach(webp, "image/webp"))
    assert item["sticker"]["animated"] is True


async def test_a_file_too_large_arrives_as_an_error(bench: Bench) -> None:
    item = await bench.item(await bench.user(), type="document", error=131052)
    assert "document" not in item
    assert (item["type"], item["errors"][0]["code"]) == ("document", 131052)


async def test_the_url_of_media_is_in_webhooks_when_switched_on(bench: Bench) -> None:
    ana = await bench.user()
    media_id = await bench.attach(PNG, "image/png")
    assert "url" not in (await bench.item(ana, type="image", media_id=media_id))["image"]
    await bench.call("PATCH", "/sim/switches", {"media_urls": True})
    image = (await bench.item(ana, type="image", media_id=media_id))["image"]
    assert await bench.graph("GET", image["url"]) == (200, PNG)


async def test_reactions_come_and_go_and_never_open_the_window(bench: Bench) -> None:
    ana = await bench.user()
    wamid = await bench.send_text(ana)
    for fields in ({"emoji": "👍"}, {"emoji": ""}, {}):
        item = await bench.item(ana, type="reaction", message_id=wamid, **fields)
        assert item["reaction"] == {"message_id": wamid} | fields
    assert (await bench.call("GET", f"/sim/users/{ana['id']}"))["last_message_at"] is None
    await bench.act(ana, 422, type="reaction", message_id="wamid.UNKNOWN", emoji="👍")


async def test_edits_and_revokes(bench: Bench) -> None:
    ana = await bench.user()
    wamid = await bench.write(ana, "helo")
    edit = await bench.item(ana, type="edit", message_id=wamid, text="hello")
    message = {"type": "text", "text": {"body": "hello"}}
    assert edit["edit"] == {"original_message_id": wamid, "message": message}
    revoke = await bench.item(ana, type="revoke", message_id=wamid)
    assert revoke["revoke"] == {"original_message_id": wamid}
    await bench.call("PATCH", "/sim/switches", {"edits_as_unsupported": True})
    edit = await bench.item(ana, type="edit", message_id=wamid, text="hello")
    assert (edit["type"], edit["unsupported"]) == ("unsupported", {"type": "edit"})
    assert "unsupported" not in await bench.item(ana, type="revoke", message_id=wamid)


async def test_replies_tell_whom_they_quote(bench: Bench) -> None:
    ana = await bench.user(user_id="BR.7781")
    mine = await bench.write(ana, "one")
    theirs = await bench.send_text(ana, "two")
    to_me = await bench.item(ana, type="text", text="x", reply_to=mine)
    assert to_me["context"] == {"from": ana["wa_id"], "from_user_id": "BR.7781", "id": mine}
    to_them = await bench.item(ana, type="location", location=PIN, reply_to=theirs)
    assert to_them["context"] == {"from": BUSINESS, "id": theirs}
    bruno = await bench.user("Bruno")
    await bench.act(bruno, 422, type="text", text="x", reply_to=mine)


async def test_forwards_referrals_and_groups(bench: Bench) -> None:
    ana = await bench.user()
    assert (await bench.item(ana, type="text", text="x", forwarded=True))["context"] == {"forwarded": True}
    often = await bench.item(ana, type="text", text="x", frequently_forwarded=True)
    assert often["context"] == {"frequently_forwarded": True}
    from_ad = await bench.item(ana, type="text", text="x", referral=True)
    assert (from_ad["referral"]["source_type"], from_ad["text"]["body"]) == ("ad", "x")
    own = {"source_type": "post", "source_id": "9", "source_url": "https://example.org"}
    assert (await bench.item(ana, type="text", text="x", referral=own))["referral"] == own
    bruno = await bench.user("Bruno")
    assert (await bench.item(bruno, type="text", text="x", group_id="g1"))["group_id"] == "g1"
    assert (await bench.call("GET", f"/sim/users/{bruno['id']}"))["last_message_at"] is None


async def test_errors_of_the_value_stand_beside_a_message(bench: Bench) -> None:
    ana = await bench.user()
    broken = {"type": "interactive", "interactive": {"type": "nfm_reply"}}
    await bench.act(ana, type="raw", message=broken, value_errors=[131000])
    [value] = bench.webhook.received[0].values
    assert (len(value["messages"]), [error["code"] for error in value["errors"]]) == (1, [131000])


async def test_a_shared_contact_answers_the_request(bench: Bench) -> None:
    ana = await bench.user(hide_number=True)
    await bench.write(ana)
    item = await bench.item(ana, type="share_contact", message_id="wamid.REQUEST")
    [card] = item["contacts"]
    assert (item["type"], card["origin"]) == ("contacts", "contact_request")
    assert card["phones"] == [{"phone": "+" + ana["wa_id"], "wa_id": ana["wa_id"], "type": "CELL"}]
    assert item["context"]["id"] == "wamid.REQUEST"
    assert "from" not in item
    nobody = await bench.user("Bruno", phone=None, user_id="DE.1")
    await bench.act(nobody, 422, type="share_contact")


@pytest.mark.parametrize(
    ("action", "named"),
    [
        ({"type": "image"}, "media_id: needed"),
        ({"type": "image", "media_id": "1"}, "media_id: no such medium"),
        ({"type": "location", "location": {"latitude": "x"}}, "location: needed"),
        ({"type": "contacts", "contacts": []}, "contacts: needed"),
        ({"type": "order"}, "order: needed"),
        ({"type": "reaction", "emoji": "👍"}, "message_id: needed"),
        ({"type": "edit", "message_id": "x"}, "text: needed"),
        ({"type": "flow_reply"}, "response: needed"),
        ({"type": "fax"}, "type: "),
    ],
)
async def test_what_lacks_something_is_refused(bench: Bench, action: dict[str, Any], named: str) -> None:
    error = await bench.act(await bench.user(), 422, **action)
    assert named in error["error"]
    assert bench.webhook.received == []


async def test_users_of_every_kind_are_told_as_they_are(bench: Bench) -> None:
    parent = await bench.user("P", user_id="BR.1", parent_user_id="BR.ENT.1")
    item = await bench.item(parent, type="text", text="x")
    assert (item["from"], item["from_user_id"], item["from_parent_user_id"]) == (parent["wa_id"], "BR.1", "BR.ENT.1")
    assert bench.webhook.received[-1].values[0]["contacts"][0]["parent_user_id"] == "BR.ENT.1"
    nobody = await bench.user("N", phone=None, user_id="DE.4412")
    item = await bench.item(nobody, type="text", text="Hallo", timestamp=1795300000, wamid="wamid.AAA")
    assert item == {
        "from_user_id": "DE.4412",
        "id": "wamid.AAA",
        "timestamp": "1795300000",
        "type": "text",
        "text": {"body": "Hallo"},
    }
    assert json.loads(bench.webhook.received[-1].raw)["entry"][0]["changes"][0]["value"]["contacts"] == [
        {"profile": {"name": "N"}, "user_id": "DE.4412"}
    ]
