"""Every shape of Meta's reference, read into an event."""

import json

import pytest

from app.core.events import Mark, NotUnderstood, StatusCame, UserWrote
from app.whatsapp.envelope import split
from app.whatsapp.inbound import read_item
from tests.unit.whatsapp.shapes import ANA_KEY, HANS_KEY, NAMES, body, webhook

MESSAGES = {
    "text": ("text", "olá, tudo bem? 😀\nsegunda linha"),
    "text_reply": ("text", "yes"),
    "text_reply_without_from": ("text", "yes"),
    "text_forwarded": ("text", "look"),
    "text_forwarded_often": ("text", "look"),
    "text_about_product": ("text", "is it red?"),
    "text_from_advert": ("text", "I saw your advert"),
    "text_without_number": ("text", "Hallo"),
    "text_empty_number": ("text", "Hallo"),
    "text_bsuid_as_number": ("text", "Hallo"),
    "text_old_shape": ("text", "hi"),
    "text_without_contacts": ("text", "hi"),
    "text_without_profile": ("text", "hi"),
    "text_enrolled": ("text", "hi"),
    "text_identity_checked": ("text", "hi"),
    "text_milliseconds": ("text", "hi"),
    "text_whole_number_time": ("text", "hi"),
    "image": ("image", "my receipt"),
    "image_bare": ("image", ""),
    "video": ("video", "see"),
    "audio_voice": ("audio", ""),
    "document": ("document", "../bill.pdf"),
    "sticker": ("sticker", ""),
    "location_pin": ("location", "-23.5,-46.6"),
    "location_place": ("location", "Market"),
    "contacts_card": ("contacts", ""),
    "contacts_request": ("contacts", ""),
    "list_reply": ("list_reply", "menu|ab12|agent|2"),
    "button_reply": ("button_reply", "yes"),
    "button_reply_without_context": ("button_reply", "yes"),
    "nfm_reply": ("nfm_reply", '{"flow_token":"t","size":"L"}'),
    "nfm_reply_broken": ("nfm_reply", "{broken"),
    "call_permission_reply": ("call_permission_reply", ""),
    "interactive_without_content": ("interactive", ""),
    "button": ("button", "STOP"),
    "button_without_context": ("button", "STOP"),
    "reaction": ("reaction", "👍"),
    "reaction_emptied": ("reaction", ""),
    "reaction_removed": ("reaction", ""),
    "order": ("order", "two please"),
    "system_changed_number": ("system", "Ana changed from 1 to 2"),
    "system_changed_user_id": ("system", "Ana changed"),
    "system_identity_changed": ("system", "new code"),
    "unsupported": ("unsupported", ""),
    "unsupported_bare": ("unsupported", ""),
    "unsupported_unavailable": ("unsupported", ""),
    "unknown_old_errors": ("unknown", ""),
    "edit": ("edit", ""),
    "revoke": ("revoke", ""),
    "request_welcome": ("request_welcome", ""),
    "voice_old_name": ("voice", ""),
    "type_of_tomorrow": ("hologram", "beam"),
    "group_text": ("text", "hello all"),
}
STATUSES = {name: name for name in NAMES if name.startswith("status_") and name != "status_group"}
MARK = Mark(key=ANA_KEY, effect="0123456789abcdef0123", agent=2, ref="order-7")


def message(name: str) -> UserWrote:
    """The message of a fixture."""
    (item,) = split(body(name))
    event = read_item(item.value)
    assert isinstance(event, UserWrote), event
    return event


def status(name: str) -> StatusCame:
    """The status of a fixture."""
    (item,) = split(body(name))
    event = read_item(item.value)
    assert isinstance(event, StatusCame), event
    return event


def test_every_fixture_has_an_expectation() -> None:
    rest = {name for name in NAMES if name not in MESSAGES and name not in STATUSES}
    assert {name.split("_")[0] for name in rest} == {"batch", "errors", "field", "status"}
    assert len(MESSAGES) > 50


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_of_every_shape(name: str) -> None:
    event = message(name)
    (item,) = split(body(name))
    assert (event.kind, event.text) == MESSAGES[name]
    assert event.user.key.encode() == item.key
    assert event.id == f"wamid.{name}"
    assert event.at == (1_795_300_000.123 if name == "text_milliseconds" else 1_795_300_000.0)
    assert event.raw == item.value


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


def test_the_context_is_passed_on() -> None:
    assert message("text_reply").context == {"from": "551155501234", "id": "wamid.OUT1"}
    assert message("button_without_context").context is None


@pytest.mark.parametrize("name", sorted(STATUSES))
def test_a_status_of_every_shape(name: str) -> None:
    event = status(name)
    (item,) = split(body(name))
    assert event.user.key.encode() == item.key
    assert event.message_id == "wamid.OUT1"
    assert event.id == f"wamid.OUT1:{event.status}"
    assert event.at == 1_795_300_200.0
    unmarked = ("another", "without_number", "without_mark")
    assert event.mark == (None if any(part in name for part in unmarked) else MARK)


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


def test_statuses_nobody_knows_yet_are_passed_on() -> None:
    assert status("status_of_tomorrow").status == "admired"
    assert status("status_deleted").status == "deleted"


@pytest.mark.parametrize("at", ["", "soon", "nan", "inf", "-inf", "1e400", "-1", "0", None, [], {}])
def test_a_message_without_a_usable_time_is_not_understood(at: object) -> None:
    data = webhook("text")
    data["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = at
    (item,) = split(json.dumps(data).encode())
    event = read_item(item.value)
    assert isinstance(event, NotUnderstood), "a window counted from such a time would never close"
    assert "timestamp" in event.reason
    assert event.raw == item.value


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b'{"entry": []}', b'{"entry": [{"changes": [{}]}]}'])
def test_what_is_no_item_is_not_understood(raw: bytes) -> None:
    event = read_item(raw)
    assert isinstance(event, NotUnderstood)
    assert event.raw == raw
