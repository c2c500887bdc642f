"""A webhook taken apart: nothing dropped, everything keyed, nobody shown to anybody else."""

import json
from typing import Any

import pytest

from app.whatsapp.envelope import Item, split
from tests.unit.whatsapp.shapes import ANA_KEY, HANS_KEY, NAMES, NUMBER, body, things, webhook

GROUPS = {
    "group_text": "a message of a group: groups are not routed",
    "status_group": "a status of a group: groups are not routed",
}
HANS = ("text_bsuid_as_number", "text_empty_number", "contacts_request", "field_user_id_update_without_number")


def one_thing(item: Item) -> dict[str, Any]:
    """The one message or status an item holds."""
    found = things(json.loads(item.value))
    assert len(found) == 1
    return found[0]


ONE_USERS = [
    name
    for name in NAMES
    if name.split("_")[0] not in ("batch", "field", "errors") or name.startswith("field_user_id_update")
]


@pytest.mark.parametrize("name", [name for name in ONE_USERS if not name.endswith("batch")])
def test_every_shape_of_a_user_is_one_item_under_their_key_or_has_a_reason(name: str) -> None:
    (item,) = (one for one in split(body(name)) if one.kind != "account")
    assert item.reason == GROUPS.get(name)
    assert item.key == (HANS_KEY if name in HANS or "without_number" in name else ANA_KEY).encode()
    if name.startswith("field"):
        assert item.kind == "identity"
    else:
        assert item.id == one_thing(item)["id"]
        assert item.kind == ("status" if name.startswith("status") else "message")


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_what_belongs_to_a_group_is_kept_whole_for_the_quarantine(name: str) -> None:
    (item,) = split(body(name))
    kept, came = (data["entry"][0]["changes"][0]["value"] for data in (json.loads(item.value), webhook(name)))
    assert kept.get("messages") == came.get("messages")
    assert kept.get("statuses") == came.get("statuses")


def test_each_change_of_identity_is_an_item_of_its_own_user() -> None:
    items = split(body("field_user_id_update_batch"))
    assert [(item.kind, item.key) for item in items] == [
        ("identity", ANA_KEY.encode()),
        ("identity", HANS_KEY.encode()),
    ]
    assert b"DE." not in items[0].value
    assert b"BR." not in items[1].value


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
        ("account", "dreams"),
    ]
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


def test_deeper_than_can_be_written_again_is_set_aside_with_the_body_and_costs_nobody_else() -> None:
    text = json.dumps(webhook("batch")).replace('"wamid.B1"', '"wamid.B1", "deep": ' + "[" * 300 + "]" * 300)
    *others, deep = split(text.encode())
    assert [item.id for item in others] == [f"wamid.B{number}" for number in range(12) if number != 1]
    assert deep.value == text.encode()
    assert "too deep" in (deep.reason or "")


def test_a_message_of_the_business_number_itself_is_set_aside() -> None:
    data = webhook("text")
    value = data["entry"][0]["changes"][0]["value"]
    value["messages"][0] |= {"from": value["metadata"]["display_phone_number"], "from_user_id": "BR.1"}
    (item,) = split(json.dumps(data).encode())
    assert item.reason == "a message of the business number itself"


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
