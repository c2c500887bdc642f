"""A webhook taken apart: nothing dropped, everything keyed, nobody shown to anybody else."""

import json
from typing import Any

import pytest

from app.whatsapp.envelope import Item, split
from tests.unit.whatsapp.shapes import ANA_KEY, HANS_KEY, NAMES, NUMBER, body, things, webhook

NOT_ROUTED = {
    "errors_only": "neither messages nor statuses",
    "errors_beside_empty_lists": "neither messages nor statuses",
    "field_user_id_update": "field 'user_id_update' is not routed",
    "field_message_echoes": "field 'smb_message_echoes' is not routed",
    "field_user_preferences": "field 'user_preferences' is not routed",
    "field_template_status": "field 'message_template_status_update' is not routed",
    "field_calls": "field 'calls' is not routed",
    "field_of_tomorrow": "field 'dreams' is not routed",
    "group_text": "a message of a group: groups are not routed",
    "status_group": "a status of a group: groups are not routed",
}


def one_thing(item: Item) -> dict[str, Any]:
    """The one message or status an item holds."""
    found = things(json.loads(item.value))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("batch")])
def test_every_shape_is_one_item_with_its_user_or_a_reason(name: str) -> None:
    (item,) = split(body(name))
    assert item.reason == NOT_ROUTED.get(name)
    if item.reason is None:
        hans = name in (
            "text_without_number",
            "text_empty_number",
            "text_bsuid_as_number",
            "contacts_request",
            "status_without_number",
        )
        assert item.key == (HANS_KEY if hans else ANA_KEY).encode()
        assert item.id == one_thing(item)["id"]
        assert item.kind == ("status" if name.startswith("status") else "message")


@pytest.mark.parametrize("name", sorted(NOT_ROUTED))
def test_what_is_not_routed_is_kept_whole_for_the_quarantine(name: str) -> None:
    (item,) = split(body(name))
    kept, came = (data["entry"][0]["changes"][0]["value"] for data in (json.loads(item.value), webhook(name)))
    if "group" in name:  # a message like any other, whose contacts are cut down to the writer's
        assert kept.get("messages") == came.get("messages")
        assert kept.get("statuses") == came.get("statuses")
    else:
        assert kept == came


def test_a_batch_becomes_an_item_for_each_message_in_order() -> None:
    items = split(body("batch"))
    assert [item.id for item in items] == [f"wamid.B{number}" for number in range(12)]
    assert [item.key for item in items] == [f"{NUMBER}:55119000000{n % 4:02}".encode() for n in range(12)]
    assert all(item.kind == "message" and item.reason is None for item in items)
    accounts = [json.loads(item.value)["entry"][0]["id"] for item in items]
    assert accounts == ["100200300400500"] * 6 + ["100200300400501"] * 6


def test_messages_statuses_and_strange_fields_may_share_a_webhook() -> None:
    items = split(body("batch_mixed"))
    assert [(item.kind, item.id) for item in items] == [
        ("message", "wamid.B20"),
        ("message", "wamid.B21"),
        ("status", "wamid.OUT1"),
        ("status", "wamid.OUT1"),
        ("other", ""),
    ]
    assert items[4].reason == "field 'dreams' is not routed"
    assert [one_thing(item)["status"] for item in items[2:4]] == ["delivered", "read"]


def test_a_user_of_two_business_numbers_has_two_keys() -> None:
    assert [item.key for item in split(body("batch_two_numbers"))] == [
        b"1029384756:5511999990000",
        b"5647382910:5511999990000",
    ]


@pytest.mark.parametrize("name", ["batch", "batch_mixed"])
def test_an_item_shows_no_other_user(name: str) -> None:
    for item in split(body(name)):
        shown = item.value.decode()
        others = [n for n in range(4) if f"55119000000{n:02}".encode() != (item.key or b"").split(b":")[-1]]
        for other in others:
            assert f"55119000000{other:02}" not in shown
            assert f"User {other}" not in shown


def test_every_item_has_the_contact_of_its_user_and_the_business_number() -> None:
    for number, item in enumerate(split(body("batch"))):
        value = json.loads(item.value)["entry"][0]["changes"][0]["value"]
        assert [contact["profile"]["name"] for contact in value["contacts"]] == [f"User {number % 4}"]
        assert value["metadata"]["phone_number_id"] == NUMBER


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a webhook"),
        (b'"text"', "not a webhook"),
        (b"{}", "not a webhook"),
        (b'{"object": "page", "entry": []}', "not a webhook"),
        (b'{"object": "whatsapp_business_account"}', "no list `entry`"),
        (b'{"object": "whatsapp_business_account", "entry": [7]}', "no list `changes`"),
        (b'{"object": "whatsapp_business_account", "entry": [{"changes": [7]}]}', "no object `value`"),
    ],
)
def test_what_is_no_webhook_is_set_aside_with_the_reason(raw: bytes, reason: str) -> None:
    (item,) = split(raw)
    assert item.reason is not None
    assert reason in item.reason
    assert item.key is None


def test_a_bad_part_leaves_the_good_ones_alone() -> None:
    data = webhook("batch")
    data["entry"].insert(0, "nonsense")
    data["entry"][1]["changes"][0]["value"]["messages"][1] = ["no", "message"]
    data["entry"][1]["changes"][1]["value"]["messages"][0].pop("id")
    del data["entry"][2]["changes"][1]["value"]
    reasons = [item.reason for item in split(json.dumps(data).encode())]
    assert [reason for reason in reasons if reason] == [
        "an entry has no list `changes`",
        "a message is not an object",
        "a message without an id",
        "a change has no object `value`",
    ]
    assert reasons.count(None) == 7


def test_deeper_than_can_be_written_again_is_set_aside_whole() -> None:
    text = json.dumps(webhook("text")).replace('"wamid.text"', '"wamid.text", "deep": ' + "[" * 300 + "]" * 300)
    (item,) = split(text.encode())
    assert item.value == text.encode()
    assert "cannot be split" in (item.reason or "")


def test_a_message_nobody_can_be_made_out_from_has_no_key() -> None:
    data = webhook("text")
    value = data["entry"][0]["changes"][0]["value"]
    del value["contacts"], value["messages"][0]["from"], value["messages"][0]["from_user_id"]
    (item,) = split(json.dumps(data).encode())
    assert (item.key, item.reason, item.id) == (None, "a message that shows no user", "wamid.text")


def test_half_an_emoji_of_one_user_costs_nobody_else_their_message() -> None:
    one = {"from": "5511999990000", "id": "wamid.1", "timestamp": "1795300000", "type": "text"}
    two = {**one, "from": "5511999990001", "id": "wamid.2", "text": {"body": "fine"}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [{**one, "text": {"body": "SURROGATE"}}, two]}
    change = {"field": "messages", "value": value}
    text = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    items = split(text.replace("SURROGATE", r"half \ud83d emoji").encode())
    assert [item.reason for item in items] == [None, None]
    assert "half \ufffd emoji" in items[0].value.decode()
