"""The simulator's thin path: users write, the webhook hears it signed and in order, sends get their statuses."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.simulator_support import BUSINESS, SECRET, Bench, running_bench, text_to


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench() as bench:
        yield bench


async def test_a_text_arrives_as_meta_tells_it(bench: Bench) -> None:
    ana = await bench.user("Ana", phone="+5511999990000", user_id="BR.7781", username="ana.p")
    wamid = await bench.write(ana, "olá 😀", timestamp=1795300000)
    [value] = bench.webhook.received[0].values
    assert value == {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": BUSINESS, "phone_number_id": "1029384756"},
        "contacts": [
            {"profile": {"name": "Ana", "username": "@ana.p"}, "wa_id": "5511999990000", "user_id": "BR.7781"}
        ],
        "messages": [
            {
                "from": "5511999990000",
                "from_user_id": "BR.7781",
                "id": wamid,
                "timestamp": "1795300000",
                "type": "text",
                "text": {"body": "olá 😀"},
            }
        ],
    }


async def test_the_signature_is_over_escaped_bytes(bench: Bench) -> None:
    await bench.write(await bench.user("Zoë"), "olá 😀")
    post = bench.webhook.received[0]
    assert b"ol\\u00e1 \\ud83d\\ude00" in post.raw
    assert post.raw.isascii()
    wanted = "sha256=" + hmac.new(SECRET.encode(), post.raw, hashlib.sha256).hexdigest()
    assert post.headers["X-Hub-Signature-256"] == wanted


async def test_one_users_messages_keep_their_order(bench: Bench) -> None:
    ana, bruno = await bench.user("Ana"), await bench.user("Bruno")
    wanted: dict[str, list[str]] = {"Ana": [], "Bruno": []}
    for number in range(20):
        for user in (ana, bruno):
            wanted[user["name"]].append(await bench.write(user, f"{number}", wait=False))
    await bench.webhook.until(lambda: len(bench.webhook.items()) == 40)
    for user in (ana, bruno):
        assert [i["id"] for i in bench.webhook.items() if i["from"] == user["wa_id"]] == wanted[user["name"]]


async def test_a_send_is_told_by_sent_delivered_read(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana)
    wamid = await bench.send_text(ana, biz_opaque_callback_data="agent=1")
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "delivered", "read"])
    items = {item["status"]: item for item in bench.webhook.items() if item["id"] == wamid}
    pricing = {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}
    for status, item in items.items():
        assert item["recipient_id"] == ana["wa_id"]
        assert item["recipient_user_id"] == ana["user_id"]
        assert item["biz_opaque_callback_data"] == "agent=1"
        assert item.get("pricing") == (None if status == "read" else pricing)
    values = [post.values[0] for post in bench.webhook.received if "statuses" in post.values[0]]
    assert all(value["contacts"][0]["wa_id"] == ana["wa_id"] for value in values)


async def test_a_closed_phone_reads_when_it_opens(bench: Bench) -> None:
    ana = await bench.user(open=False)
    await bench.write(ana)
    wamid = await bench.send_text(ana)
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "delivered"])
    await bench.call("PATCH", f"/sim/users/{ana['id']}", {"open": True})
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "delivered", "read"])


async def test_outside_the_window_a_text_fails_later_and_a_template_goes(bench: Bench) -> None:
    ana = await bench.user()
    wamid = await bench.send_text(ana)
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["failed"])
    [post] = bench.webhook.received
    assert "contacts" not in post.values[0]
    [failed] = post.items
    assert failed["errors"][0]["code"] == 131047
    assert "recipient_user_id" not in failed
    assert "pricing" not in failed
    body_component = {"type": "body", "parameters": [{"type": "text", "text": "order 7"}]}
    template = {"name": "reopen_conversation", "language": {"code": "en"}, "components": [body_component]}
    payload = text_to(ana["wa_id"]) | {"type": "template", "template": template}
    status, body = await bench.send(payload)
    assert (status, body["messages"][0]["message_status"]) == (200, "accepted")
    await bench.webhook.until(lambda: "read" in bench.webhook.statuses(body["messages"][0]["id"]))
    sent = next(item for item in bench.webhook.items() if item["status"] == "sent")
    assert sent["pricing"]["category"] == "utility"


@pytest.mark.parametrize(("age", "outcome"), [(86_300, "sent"), (86_410, "failed")])
async def test_the_window_counts_from_the_messages_timestamp(bench: Bench, age: int, outcome: str) -> None:
    ana = await bench.user()
    await bench.write(ana, timestamp=int(time.time()) - age)
    wamid = await bench.send_text(ana)
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid))
    assert bench.webhook.statuses(wamid)[0] == outcome


async def test_nobody_there_fails_with_131026(bench: Bench) -> None:
    status, _ = await bench.send(text_to("5511000000000"))
    assert status == 200
    await bench.webhook.until(bench.webhook.items)
    [item] = bench.webhook.items()
    assert (item["errors"][0]["code"], item["recipient_id"]) == (131026, "5511000000000")


async def test_a_hidden_number_is_nowhere_to_be_seen(bench: Bench) -> None:
    ana = await bench.user(phone="5511999990000", user_id="BR.7781", hide_number=True)
    await bench.write(ana)
    payload = text_to("") | {"recipient": "BR.7781"}
    del payload["to"]
    status, body = await bench.send(payload)
    assert (status, body["contacts"]) == (200, [{"input": "BR.7781", "user_id": "BR.7781"}])
    wamid = body["messages"][0]["id"]
    await bench.webhook.until(lambda: "read" in bench.webhook.statuses(wamid))
    assert not any(b"5511999990000" in post.raw for post in bench.webhook.received)
    assert all(item.get("recipient_user_id", "BR.7781") == "BR.7781" for item in bench.webhook.items())


async def test_without_plus_or_with_separators_the_number_is_found(bench: Bench) -> None:
    ana = await bench.user(phone="5511999990000")
    await bench.write(ana)
    for to in ("5511999990000", "+55 11 99999-0000"):
        status, body = await bench.send(text_to("") | {"to": to})
        assert (status, body["contacts"]) == (200, [{"input": to, "wa_id": "5511999990000"}])


async def test_read_marks_and_typing(bench: Bench) -> None:
    ana = await bench.user()
    first, second = await bench.write(ana, "one"), await bench.write(ana, "two")
    mark: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": second}
    assert await bench.send(mark | {"typing_indicator": {"type": "text"}}) == (200, {"success": True})
    assert [message["status"] for message in await bench.messages(ana)] == ["read", "read"]
    status, body = await bench.send(mark | {"message_id": "wamid.unknown"})
    assert (status, body["error"]["code"]) == (400, 131009)
    assert first != second


async def test_the_username_is_in_every_status_but_sent(bench: Bench) -> None:
    ana = await bench.user(username="ana.p")
    await bench.write(ana)
    wamid = await bench.send_text(ana)
    await bench.webhook.until(lambda: "read" in bench.webhook.statuses(wamid))
    shown = {
        value["statuses"][0]["status"]: value["contacts"][0]["profile"].get("username")
        for post in bench.webhook.received
        for value in post.values
        if "statuses" in value
    }
    assert shown == {"sent": None, "delivered": "@ana.p", "read": "@ana.p"}


async def test_a_late_old_message_does_not_shorten_the_window(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana)
    await bench.write(ana, timestamp=int(time.time()) - 90_000)
    wamid = await bench.send_text(ana)
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid))
    assert bench.webhook.statuses(wamid)[0] == "sent"
