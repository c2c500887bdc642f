"""Users change their number or BSUID, and WhatsApp tells it: in every order, late, again, with the number hidden."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.simulator_support import Bench, running_bench, text_to


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_bench() as bench:
        yield bench


def news(bench: Bench) -> list[str]:
    """What the webhook heard, in order: the field of each change, or the type of its message."""
    heard = []
    for post in bench.webhook.received:
        for value in post.values:
            heard += ["user_id_update"] if "user_id_update" in value else [item["type"] for item in value["messages"]]
    return heard


async def change(bench: Bench, user: dict[str, Any], **fields: Any) -> dict[str, Any]:
    changed: dict[str, Any] = await bench.call("POST", f"/sim/users/{user['id']}/identity", fields)
    return changed


async def test_a_new_number_brings_a_new_bsuid_and_two_news(bench: Bench) -> None:
    ana = await bench.user(phone="5511999990000", user_id="BR.7781")
    await bench.write(ana)
    changed = await change(bench, ana, phone="+5511888880000", user_id="BR.9920")
    assert (changed["wa_id"], changed["user_id"]) == ("5511888880000", "BR.9920")
    await bench.webhook.until(lambda: len(bench.webhook.received) == 3)
    _, update, system = [post.values[0] for post in bench.webhook.received]
    [told] = update["user_id_update"]
    assert (told["wa_id"], told["user_id"]) == ("5511888880000", {"previous": "BR.7781", "current": "BR.9920"})
    assert update["contacts"] == [{"wa_id": "5511888880000", "user_id": "BR.9920"}]
    assert "contacts" not in system
    [message] = system["messages"]
    assert (message["from"], message["type"]) == ("5511999990000", "system")
    assert "from_user_id" not in message
    body = message["system"].pop("body")
    assert message["system"] == {"type": "user_changed_user_id", "wa_id": "5511888880000", "user_id": "BR.9920"}
    assert "Ana" in body
    item = await bench.item(changed, type="text", text="me again")
    assert (item["from"], item["from_user_id"]) == ("5511888880000", "BR.9920")


async def test_the_old_names_reach_nobody(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana)
    changed = await change(bench, ana)
    assert changed["wa_id"] not in (None, ana["wa_id"])
    assert changed["user_id"] not in (None, ana["user_id"])
    old, new = await bench.send_text(ana), await bench.send_text(changed)
    await bench.webhook.until(lambda: bench.webhook.statuses(old) and bench.webhook.statuses(new))
    assert (bench.webhook.statuses(old), bench.webhook.statuses(new)[0]) == (["failed"], "sent")


@pytest.mark.parametrize("order", [["system", "user_id_update"], ["user_id_update"], ["system"], []])
async def test_the_news_come_in_any_order_late_and_again(bench: Bench, order: list[str]) -> None:
    ana = await bench.user()
    await change(bench, ana, announce=order)
    await bench.write(ana)
    assert news(bench) == [*order, "text"]
    await bench.call("POST", f"/sim/users/{ana['id']}/identity/announce", {"announce": ["system", "system"]})
    await bench.webhook.until(lambda: news(bench) == [*order, "text", "system", "system"])


async def test_a_bsuid_alone_and_a_number_alone_change(bench: Bench) -> None:
    ana = await bench.user()
    rotated = await change(bench, ana, user_id="BR.1")
    assert (rotated["wa_id"], rotated["user_id"]) == (ana["wa_id"], "BR.1")
    without = await bench.user("Old", user_id=None)
    moved = await change(bench, without, phone="5511777770000", system_type="customer_changed_number")
    assert (moved["wa_id"], moved["user_id"]) == ("5511777770000", None)
    await bench.webhook.until(lambda: len(bench.webhook.received) == 3)
    system = next(item["system"] for item in reversed(bench.webhook.items()))
    assert (system["type"], system["wa_id"]) == ("customer_changed_number", "5511777770000")
    assert "user_id" not in system


async def test_a_hidden_number_stays_hidden(bench: Bench) -> None:
    ana = await bench.user(hide_number=True)
    changed = await change(bench, ana)
    await bench.webhook.until(lambda: len(bench.webhook.received) == 2)
    for number in (ana["wa_id"], changed["wa_id"]):
        assert not any(number.encode() in post.raw for post in bench.webhook.received)


async def test_a_user_without_number_gets_another_bsuid(bench: Bench) -> None:
    ana = await bench.user(phone=None, user_id="DE.1")
    changed = await change(bench, ana)
    assert changed["wa_id"] is None
    assert changed["user_id"] not in (None, "DE.1")


async def test_taken_and_missing_names_are_refused(bench: Bench) -> None:
    ana, bruno = await bench.user("Ana"), await bench.user("Bruno")
    path = f"/sim/users/{ana['id']}/identity"
    assert "belongs to user" in (await bench.call("POST", path, {"phone": bruno["wa_id"]}, 422))["error"]
    assert "both null" in (await bench.call("POST", path, {"phone": None, "user_id": None}, 422))["error"]
    assert "never changed" in (await bench.call("POST", path + "/announce", {}, 422))["error"]
    assert await bench.call("GET", f"/sim/users/{ana['id']}") == ana
    assert bench.webhook.received == []


async def test_the_identity_key_is_told_when_switched_on_and_may_be_demanded(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana)
    assert "identity_key_hash" not in bench.webhook.received[-1].values[0]["contacts"][0]
    await bench.call("PATCH", "/sim/switches", {"identity_check": True})
    await bench.write(ana)
    key = bench.webhook.received[-1].values[0]["contacts"][0]["identity_key_hash"]
    wamid = await bench.send_text(ana, recipient_identity_key_hash=key)
    await bench.webhook.until(lambda: "read" in bench.webhook.statuses(wamid))
    hashes = {item["recipient_identity_key_hash"] for item in bench.webhook.items() if item["id"] == wamid}
    assert hashes == {key}
    changed = await bench.call("POST", f"/sim/users/{ana['id']}/identity/phone", {})
    assert changed["identity_key_hash"] != key
    await bench.webhook.until(lambda: "system" in bench.webhook.items()[-1])
    item = bench.webhook.items()[-1]
    assert (item["system"]["type"], item["from"]) == ("customer_identity_changed", ana["wa_id"])
    assert item["identity"]["hash"] == changed["identity_key_hash"]
    status, body = await bench.send(text_to(ana["wa_id"], recipient_identity_key_hash=key))
    assert (status, body["error"]["code"]) == (400, 137000)
