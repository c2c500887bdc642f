"""What happens besides messages: fields of the account, errors of a value, templates, marketing, ads, voice."""

from typing import Any

import pytest

from tests.web.simulator_support import BUSINESS, NUMBER_ID, Bench, running_bench, text_to

METADATA = {"display_phone_number": BUSINESS, "phone_number_id": NUMBER_ID}
DAY = 24 * 3600


async def last_status(bench: Bench, wamid: str, status: str) -> dict[str, Any]:
    await bench.webhook.until(lambda: status in bench.webhook.statuses(wamid))
    return next(item for item in bench.webhook.items() if item["id"] == wamid and item["status"] == status)


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (
            {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}},
            {"event": "ACCOUNT_RESTRICTION"},
        ),
        (
            {"field": "smb_message_echoes", "value": {"message_echoes": [{"to": "1"}]}},
            {"messaging_product": "whatsapp", "metadata": METADATA, "message_echoes": [{"to": "1"}]},
        ),
        ({"field": "something_new"}, {}),
    ],
)
async def test_any_field_is_told_signed_and_retried(event: dict[str, Any], value: dict[str, Any]) -> None:
    async with running_bench() as bench:
        bench.webhook.answers = [503]
        await bench.call("POST", "/sim/events", event, 202)
        await bench.webhook.until(lambda: len(bench.webhook.received) == 2)
        assert bench.webhook.received[-1].values == [value]
        posts = (await bench.call("GET", "/sim/webhook-log?wait=5"))["posts"]
        assert (posts[0]["status"], posts[0]["items"][0]["kind"]) == (503, event["field"])


async def test_value_level_errors_have_neither_messages_nor_contacts() -> None:
    async with running_bench() as bench:
        await bench.call("POST", "/sim/events", {"errors": [131000, 131031]}, 202)
        await bench.webhook.until(lambda: bench.webhook.received)
        [value] = bench.webhook.received[0].values
        assert sorted(value) == ["errors", "messaging_product", "metadata"]
        assert [error["code"] for error in value["errors"]] == [131000, 131031]
        assert sorted(value["errors"][0]) == ["code", "error_data", "href", "message", "title"]


async def test_fields_and_messages_share_a_batch() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.call("PATCH", "/sim/switches", {"batch_items": 3, "batch_ms": 5000})
        await bench.write(ana, "one", wait=False)
        await bench.call("POST", "/sim/events", {"field": "account_alerts", "value": {"a": 1}}, 202)
        await bench.write(ana, "two", wait=False)
        await bench.webhook.until(lambda: bench.webhook.received)
        [post] = bench.webhook.received
        assert [value.get("a", "messages") for value in post.values] == ["messages", 1, "messages"]


async def test_templates_are_paused_disabled_and_approved_again() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        payload = text_to(ana["wa_id"]) | {
            "type": "template",
            "template": {"name": "hello_world", "language": {"code": "en_US"}},
        }
        for status, code in (("PAUSED", 132015), ("DISABLED", 132016), ("APPROVED", None)):
            await bench.call("PATCH", "/sim/templates/hello_world", {"status": status})
            http, body = await bench.send(payload)
            assert (http, body.get("error", {}).get("code")) == (400 if code else 200, code)
        await bench.webhook.until(lambda: len(bench.webhook.received) >= 3)
        told = [value for post in bench.webhook.received for value in post.values if "event" in value]
        assert [value["event"] for value in told] == ["PAUSED", "DISABLED", "APPROVED"]
        assert told[0]["message_template_name"] == "hello_world"
        names = [one["name"] for one in (await bench.call("GET", "/sim/templates"))["templates"]]
        assert "visit_reminder" in names
        await bench.call("PATCH", "/sim/templates/none", {"status": "PAUSED"}, 404)


async def test_statuses_are_told_late_again_and_contradicting() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        asked = await bench.write(ana)
        wamid = await bench.send_text(ana, biz_opaque_callback_data="agent=1")
        await last_status(bench, wamid, "read")
        for order in ({"status": "sent", "timestamp": 7}, {"status": "failed", "errors": [131026]}):
            await bench.call("POST", "/sim/statuses", {"message_id": wamid, **order}, 202)
        failed = await last_status(bench, wamid, "failed")
        assert bench.webhook.statuses(wamid) == ["sent", "delivered", "read", "sent", "failed"]
        assert (failed["errors"][0]["code"], failed["biz_opaque_callback_data"]) == (131026, "agent=1")
        assert ("recipient_user_id" in failed, failed["recipient_id"]) == (False, ana["wa_id"])
        assert "contacts" not in bench.webhook.received[-1].values[0]
        assert (await bench.messages(ana))[-1]["status"] == "read"
        for unknown in ("wamid.X", asked):
            await bench.call("POST", "/sim/statuses", {"message_id": unknown, "status": "read"}, 422)


async def test_a_template_of_ones_own() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        buttons = ["Yes", {"kind": "url", "label": "Go", "value": "https://example.org/{{1}}"}, {"kind": "catalog"}]
        template = {"name": "mine", "language": "de", "category": "utility", "body": "Hallo {{1}}", "buttons": buttons}
        error = await bench.call("POST", "/sim/templates", template, 422)
        assert "buttons.2" in error["error"]
        buttons[2] = {"kind": "catalog", "label": "See all"}
        made = await bench.call("POST", "/sim/templates", template, 201)
        assert [button["kind"] for button in made["buttons"]] == ["quick_reply", "url", "catalog"]
        components = [
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "x"}]},
            {"type": "button", "sub_type": "CATALOG", "index": 2, "parameters": [{"type": "action", "action": {}}]},
        ]
        content = {"name": "mine", "language": {"code": "de"}, "components": components}
        status, _ = await bench.send(text_to(ana["wa_id"]) | {"type": "template", "template": content})
        assert (status, (await bench.messages(ana))[-1]["text"]) == (200, "Hallo Ana")
        await bench.call("DELETE", "/sim/state")
        names = [one["name"] for one in (await bench.call("GET", "/sim/templates"))["templates"]]
        assert "mine" not in names


async def test_who_stopped_marketing_gets_none() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        path = f"/sim/users/{ana['id']}/marketing"
        await bench.call("POST", path, {"value": "stop"})
        await bench.webhook.until(lambda: bench.webhook.received)
        [preference] = bench.webhook.received[0].values[0]["user_preferences"]
        assert (preference["value"], preference["wa_id"]) == ("stop", ana["wa_id"])
        assert isinstance(preference["timestamp"], int)
        document = {"type": "document", "document": {"link": "http://127.0.0.1:9/a.pdf"}}
        components = [
            {"type": "header", "parameters": [document]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": "0",
                "parameters": [{"type": "coupon_code", "coupon_code": "SPRING"}],
            },
        ]
        offer = {"name": "spring_offer", "language": {"code": "en"}, "components": components}
        await bench.call("PATCH", "/sim/switches", {"fetch_links": False})
        _, body = await bench.send(text_to(ana["wa_id"]) | {"type": "template", "template": offer})
        failed = await last_status(bench, body["messages"][0]["id"], "failed")
        assert failed["errors"][0]["code"] == 131050
        await bench.call("POST", path, {"value": "resume"})
        _, body = await bench.send(text_to(ana["wa_id"]) | {"type": "template", "template": offer})
        sent = await last_status(bench, body["messages"][0]["id"], "sent")
        assert sent["pricing"]["category"] == "marketing"


async def test_everything_is_free_for_three_days_after_an_answered_ad() -> None:
    now = [1_800_000_000.0]
    async with running_bench(clock=lambda: now[0]) as bench:
        ana = await bench.user()
        await bench.act(ana, type="text", text="hi", referral=True)
        first = await last_status(bench, await bench.send_text(ana), "read")
        assert "conversation" not in first
        now[0] += 60
        wamid = await bench.send_text(ana)
        sent, delivered = await last_status(bench, wamid, "sent"), await last_status(bench, wamid, "delivered")
        assert (sent["pricing"]["type"], sent["pricing"]["billable"]) == ("free_entry_point", False)
        assert sent["conversation"]["origin"] == {"type": "referral_conversion"}
        assert sent["conversation"]["expiration_timestamp"] == str(1_800_000_000 + 3 * DAY)
        assert delivered["conversation"] == {"id": sent["conversation"]["id"], "origin": sent["conversation"]["origin"]}
        now[0] += 3 * DAY
        await bench.write(ana)
        sent = await last_status(bench, await bench.send_text(ana), "sent")
        assert (sent["pricing"]["type"], "conversation" in sent) == ("free_customer_service", False)


async def test_a_voice_note_is_played_once() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        media_id = (await bench.upload(b"OggS", "audio/ogg; codecs=opus"))["id"]
        audio = {"id": media_id, "voice": True}
        _, body = await bench.send(text_to(ana["wa_id"]) | {"type": "audio", "audio": audio})
        wamid = body["messages"][0]["id"]
        await last_status(bench, wamid, "read")
        path = f"/sim/users/{ana['id']}/played"
        assert await bench.call("POST", path, {"message_id": wamid}) == {"played": True}
        assert await bench.call("POST", path, {"message_id": wamid}) == {"played": False}
        played = await last_status(bench, wamid, "played")
        assert (played["recipient_id"], "pricing" in played) == (ana["wa_id"], False)
        assert (await bench.messages(ana))[-1]["status"] == "played"
        text = await bench.send_text(ana)
        await last_status(bench, text, "read")
        assert await bench.call("POST", path, {"message_id": text}) == {"played": False}
