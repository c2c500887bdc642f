"""What concerns the business and no single user: every field of the reference, errors without a message, the rest."""

import json
from typing import Any

import pytest

from app.incoming import record_of
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.account import ALARMING, FIELDS
from app.whatsapp.envelope import Item, split
from tests.unit.whatsapp.shapes import NAMES, NUMBER, body, webhook

ACCOUNT = "100200300400500"
SHAPES = [name for name in NAMES if name.startswith("field") and "user_id_update" not in name]


def change_of(name: str) -> dict[str, Any]:
    """The one change of a webhook."""
    found: dict[str, Any] = webhook(name)["entry"][0]["changes"][0]
    return found


def written(item: Item) -> dict[str, Any]:
    """The record of `account` for an item."""
    topics = Topics(Settings(_env_file=None))
    record = record_of(item, topics, 1_795_300_002.5, {"trace": b"1"})
    assert record.topic == topics.account
    assert record.headers == {"trace": b"1"}
    found: dict[str, Any] = json.loads(record.value)
    return found


def changed(change: Any) -> bytes:
    """A webhook with one change."""
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [change]}]}).encode()


@pytest.mark.parametrize("name", SHAPES)
def test_every_other_field_is_for_the_account(name: str) -> None:
    (item,) = split(body(name))
    change = change_of(name)
    number = change["value"].get("metadata", {}).get("phone_number_id")
    assert (item.kind, item.reason, item.id) == ("account", None, change["field"])
    assert item.key == (number or ACCOUNT).encode()
    expected = {"field": change["field"], "at": 1_795_300_002.5, "account": ACCOUNT}
    if name != "field_history":  # its pictures lose their addresses, as everywhere
        expected["change"] = change
    assert {part: value for part, value in written(item).items() if part in expected} == expected
    assert written(item).get("phone_number_id") == number


def test_every_field_of_the_reference_has_a_shape() -> None:
    shown = {change_of(name)["field"] for name in SHAPES} - {"dreams"}
    assert FIELDS - shown == {"message_echoes", "messages"}, "the one is an old name, the other has shapes of its own"
    assert shown <= FIELDS
    assert ALARMING < FIELDS


@pytest.mark.parametrize("name", ["errors_only", "errors_beside_empty_lists"])
def test_errors_without_a_message_are_for_the_account(name: str) -> None:
    (item,) = split(body(name))
    assert (item.kind, item.reason, item.id, item.key) == ("account", None, "messages", NUMBER.encode())
    assert written(item)["change"]["value"]["errors"] == change_of(name)["value"]["errors"]


def test_errors_beside_a_message_are_told_to_both_and_show_no_user_to_operations() -> None:
    message, errors = split(body("interactive_without_content"))
    assert (message.kind, errors.kind) == ("message", "account")
    value = written(errors)["change"]["value"]
    assert value["errors"] == change_of("interactive_without_content")["value"]["errors"]
    assert {"messages", "statuses", "contacts"}.isdisjoint(value)


@pytest.mark.parametrize("field", [None, "", 7, [], {"name": "x"}])
def test_a_change_that_does_not_say_its_field_is_set_aside(field: Any) -> None:
    (item,) = split(changed({"field": field, "value": {"event": "x"}}))
    assert item.reason == "a change without a `field`"
    assert json.loads(item.value)["entry"][0]["changes"] == [{"field": field, "value": {"event": "x"}}]


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_a_change_without_an_object_is_set_aside(value: Any) -> None:
    (item,) = split(changed({"field": "account_update", "value": value}))
    assert item.reason == "a change has no object `value`"


@pytest.mark.parametrize("metadata", [None, [], "x", {"phone_number_id": 5}, {}])
def test_without_a_business_number_the_account_is_the_key(metadata: Any) -> None:
    (item,) = split(changed({"field": "calls", "value": {"metadata": metadata}}))
    assert item.key == ACCOUNT.encode()
    assert "phone_number_id" not in written(item)


def test_without_either_there_is_no_key() -> None:
    raw = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "calls", "value": {}}]}]}
    (item,) = split(json.dumps(raw).encode())
    assert (item.key, item.reason) == (None, None)
    assert written(item) == {"field": "calls", "at": 1_795_300_002.5, "change": {"field": "calls", "value": {}}}
