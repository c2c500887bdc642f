"""Every shape of Meta's reference, read into an event."""

import json
from base64 import b64decode

import pytest

from app.core.events import IdentityChanged, Mark, NotUnderstood, StatusCame, UserWrote
from app.whatsapp.envelope import split
from app.whatsapp.inbound import read_item
from tests.unit.whatsapp import (
    test_record_media,
    test_record_notes,
    test_record_statuses,
    test_record_taps,
    test_record_text,
)
from tests.unit.whatsapp.shapes import (
    ANA_KEY,
    HANS_KEY,
    NAMES,
    NUMBER,
    TOLD,
    TOLD_TO_NO_AGENT,
    event,
    item,
    record,
    webhook,
)

MESSAGES = [name for name in NAMES if name.split("_")[0] not in ("batch", "errors", "field", "status")]
STATUSES = {name: name for name in NAMES if name.startswith("status_") and name != "status_group"}
MARK = Mark(key=ANA_KEY, effect="0123456789abcdef0123", agent=2, ref="order-7")


TABLES = (
    test_record_text.RECORDS,
    test_record_media.RECORDS,
    test_record_taps.RECORDS,
    test_record_notes.RECORDS,
    test_record_statuses.RECORDS,
)


def message(name: str) -> UserWrote:
    """The message of a fixture."""
    found = event(name)
    assert isinstance(found, UserWrote), found
    return found


def status(name: str) -> StatusCame:
    """The status of a fixture."""
    found = event(name)
    assert isinstance(found, StatusCame), found
    return found


def test_every_shape_has_the_record_the_agent_reads() -> None:
    expected = {name for table in TABLES for name in table if not name.startswith("field")}
    assert expected == set(TOLD)
    assert len(expected) > 80


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_of_every_shape(name: str) -> None:
    happened = event(name)
    assert isinstance(happened, UserWrote | IdentityChanged)
    assert happened.user.key.encode() == item(name).key
    assert happened.id == f"wamid.{name}"
    assert happened.at == (1_795_300_000.123 if name == "text_milliseconds" else 1_795_300_000.0)
    assert happened.raw == item(name).value


@pytest.mark.parametrize("name", sorted(name for name in MESSAGES if name not in TOLD_TO_NO_AGENT))
def test_every_record_says_whose_it_is_and_keeps_the_first_contract(name: str) -> None:
    found, user = record(name), event(name).user
    assert (found["waID"], found["user"], found["phone_number_id"]) == (user.address, user.key, NUMBER)
    assert (found.get("phone"), found.get("user_id"), found.get("name")) == (user.wa_id, user.user_id, user.name)
    assert found["message_id"] == f"wamid.{name}"
    assert found["timestamp"] == event(name).at
    assert b64decode(found["raw_payload"]) == item(name).value
    assert isinstance(found["type"], str) and isinstance(found["text"], str) and isinstance(found["content"], dict)


@pytest.mark.parametrize("name", MESSAGES)
def test_no_address_of_metas_media_is_in_a_record(name: str) -> None:
    shown = item(name).value.decode() + (json.dumps(record(name)) if name not in TOLD_TO_NO_AGENT else "")
    assert "https://media.example.test" not in shown
    assert "token=secret" not in shown


def test_what_an_agents_own_list_brings_goes_to_it_and_a_row_of_the_menu_does_not() -> None:
    assert message("list_reply").choice == "menu|ab12|agent|2"
    assert record("list_reply_bare")["text"] == "p1"


@pytest.mark.parametrize("name", ["text_without_number", "text_empty_number", "text_bsuid_as_number"])
def test_a_user_without_a_visible_number_is_known_by_their_user_id(name: str) -> None:
    user = message(name).user
    assert (user.key, user.wa_id, user.user_id, user.address) == (HANS_KEY, None, "DE.4412", "DE.4412")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("text", "Ana"), ("text_without_profile", None), ("text_without_contacts", None), ("text_enrolled", "Ana")],
)
def test_the_name_is_whatever_the_contact_shows(name: str, shown: str | None) -> None:
    user = message(name).user
    assert (user.name, user.wa_id) == (shown, "5511999990000")


def test_only_taps_are_choices() -> None:
    assert message("list_reply").choice == "menu|ab12|agent|2"
    assert message("button_reply").choice == "yes"
    assert message("button").choice is None
    assert message("text").choice is None


@pytest.mark.parametrize("name", sorted(STATUSES))
def test_a_status_of_every_shape(name: str) -> None:
    came = status(name)
    assert came.user.key.encode() == item(name).key
    assert came.message_id == "wamid.OUT1"
    assert came.id == f"wamid.OUT1:{came.status}"
    assert came.at == 1_795_300_200.0
    unmarked = ("another", "without_number", "without_mark")
    assert came.mark == (None if any(part in name for part in unmarked) else MARK)


@pytest.mark.parametrize("name", ["status_rewritten_number", "status_with_mark_only", "status_failed_by_user_id"])
def test_a_status_finds_its_user_by_the_mark_and_not_by_the_recipient(name: str) -> None:
    assert status(name).user.key == ANA_KEY


@pytest.mark.parametrize(
    ("name", "code", "details"),
    [
        ("status_failed", 131026, "The phone number is not on WhatsApp."),
        ("status_failed_old_errors", 470, "too long ago"),
    ],
)
def test_the_details_of_a_failure_are_found_in_both_shapes(name: str, code: int, details: str) -> None:
    (error,) = status(name).errors
    assert (error["code"], error["details"]) == (code, details)


@pytest.mark.parametrize("at", ["", "soon", "nan", "inf", "-inf", "1e400", "-1", "0", None, [], {}])
def test_a_message_without_a_usable_time_is_not_understood(at: object) -> None:
    data = webhook("text")
    data["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = at
    (one,) = split(json.dumps(data).encode())
    found = read_item(one.value)
    assert isinstance(found, NotUnderstood), "a window counted from such a time would never close"
    assert "timestamp" in found.reason
    assert found.raw == one.value


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b'{"entry": []}', b'{"entry": [{"changes": [{}]}]}'])
def test_what_is_no_item_is_not_understood(raw: bytes) -> None:
    found = read_item(raw)
    assert isinstance(found, NotUnderstood)
    assert found.raw == raw
