"""What the demo agent understands of the records it reads."""

from base64 import b64encode
from typing import Any

import orjson
import pytest

from agents.demo.reading import Place, Tick, Unreadable, read_record
from app.stores.chat_documents import Arrival, Failure

NOW = 1_800_000_000.0
IN = Place(agent=1, is_error=False, source="sales-in/0/7@1", at=NOW, phone_number_id="pn")
ERROR = Place(agent=1, is_error=True, source="sales-error/0/7@1", at=NOW, phone_number_id="pn")


def read(data: Any, place: Place = IN) -> Arrival | Tick | Unreadable:
    return read_record(orjson.dumps(data), place)


def arrival(data: Any, place: Place = IN) -> Arrival:
    read_as = read(data, place)
    assert isinstance(read_as, Arrival), read_as
    return read_as


def payload(message: dict[str, Any]) -> str:
    webhook = {"entry": [{"changes": [{"value": {"messages": [message]}}]}]}
    return b64encode(orjson.dumps(webhook)).decode()


def test_a_record_of_the_first_generation_is_named_by_its_place_and_keyed_by_its_number() -> None:
    found = arrival({"waID": "+55 11 99000-0001", "type": "text", "text": "hi", "raw_payload": ""})
    assert (found.source, found.user, found.address) == ("sales-in/0/7@1", "pn:5511990000001", "+55 11 99000-0001")
    assert (found.at, found.counted, found.failure) == (NOW, True, None)


def test_our_fields_go_before_what_could_be_guessed() -> None:
    data = {"waID": "5511", "type": "text", "text": "hi", "id": "e1", "user": "k", "timestamp": NOW - 9, "name": "Ana"}
    found = arrival({**data, "context": {"id": "wamid.1"}, "message_id": "wamid.2"})
    assert (found.source, found.user, found.at, found.name) == ("e1", "k", NOW - 9, "Ana")
    assert (found.reply_to, found.message_id) == ("wamid.1", "wamid.2")


@pytest.mark.parametrize("timestamp", ["soon", None, -5, NOW + 7200, [], "NaN"])
def test_a_timestamp_that_cannot_be_true_is_replaced(timestamp: Any) -> None:
    assert arrival({"waID": "5511", "type": "text", "text": "", "timestamp": timestamp}).at == NOW


def test_a_status_is_a_tick() -> None:
    data = {"waID": "5511", "type": "status", "text": "read", "ref": "r1", "message_id": "wamid.1", "user": "k"}
    assert read(data) == Tick(agent=1, user="k", tick="read", ref="r1", message_id="wamid.1")


def test_an_error_carries_reason_code_and_verdict() -> None:
    found = arrival({"waID": "5511", "text": "too late", "code": 131047, "verdict": "late", "ref": "r1"}, ERROR)
    assert (found.failure, found.ref, found.counted) == (Failure("too late", "131047", "late"), "r1", False)


def test_an_error_about_a_message_needs_no_user() -> None:
    assert arrival({"waID": "", "text": "no waID", "ref": "r1"}, ERROR).user == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"waID":"5511"}', "no `type`"),
        (b'{"waID":"nobody","type":"text","text":"hi"}', "names no user"),
        (b'{"waID":"5511","type":"status","text":"eaten"}', "'eaten'"),
        (b'{"waID":"5511","type":"status","text":""}', "none of sent"),
    ],
)
def test_what_cannot_be_understood_says_why(value: bytes, reason: str) -> None:
    found = read_record(value, IN)
    assert isinstance(found, Unreadable)
    assert reason in found.reason


def test_only_users_messages_and_beginnings_count_as_unread() -> None:
    kinds = {
        kind: arrival({"waID": "5511", "type": kind, "text": ""}).counted for kind in ("text", "initial", "closed")
    }
    assert kinds == {"text": True, "initial": True, "closed": False}


@pytest.mark.parametrize(
    ("kind", "message", "detail"),
    [
        (
            "list_reply",
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "m", "title": "Medium"}},
            },
            {"title": "Medium"},
        ),
        ("document", {"type": "document", "document": {"filename": "a.pdf", "id": "9"}}, {"filename": "a.pdf"}),
        (
            "location",
            {"type": "location", "location": {"latitude": 1.5, "longitude": 0}},
            {"latitude": 1.5, "longitude": 0},
        ),
        ("contacts", {"type": "contacts", "contacts": [{"name": {"formatted_name": "Bo"}}, 3]}, {"names": "Bo"}),
        ("reaction", {"type": "reaction", "reaction": {"emoji": "👍", "message_id": "w"}}, {"emoji": "👍", "to": "w"}),
        ("document", {"type": "document", "document": "odd"}, {}),
        ("text", {"type": "text", "text": {"body": "hi"}}, {}),
    ],
)
def test_details_of_other_kinds(kind: str, message: dict[str, Any], detail: dict[str, Any]) -> None:
    found = arrival({"waID": "5511", "type": kind, "text": "x", "raw_payload": payload(message)})
    assert found.detail == detail


@pytest.mark.parametrize("raw", ["%%%", "e30=", "W10=", 7, None])
def test_a_payload_that_cannot_be_read_adds_nothing(raw: Any) -> None:
    assert arrival({"waID": "5511", "type": "image", "text": "x", "raw_payload": raw}).detail == {}


def test_who_was_handed_over_brings_a_note_and_the_time_they_last_wrote() -> None:
    data = {"waID": "5511", "type": "initial", "text": "Ana wants to talk", "timestamp": NOW - 5, "user": "k"}
    found = arrival({**data, "from": "Sales", "note": "order 17", "user_wrote_at": NOW - 3600})
    assert (found.detail, found.wrote_at) == ({"from": "Sales", "note": "order 17"}, NOW - 3600)
    assert arrival(data).wrote_at == NOW - 5
    assert arrival({**data, "from": 7, "note": None, "user_wrote_at": "soon"}).detail == {}


def test_a_file_is_known_by_our_id() -> None:
    ours = "wab-" + "0" * 40
    record = {"waID": "5511", "type": "image", "text": "x"}
    assert arrival({**record, "content": {"media": ours, "url": "http://x"}}).detail == {"media": ours}
    for content in ({"media": "../x"}, {"media": 7}, {}, "x", None):
        assert arrival({**record, "content": content}).detail == {}


def test_keys_the_user_had_before_are_read_and_said_in_a_line() -> None:
    data = {"waID": "5511", "type": "system", "text": "one person", "user": "k"}
    told = arrival({**data, "joined": ["a", "b"]})
    assert (told.joined, told.system, told.counted) == (("a", "b"), True, False)
    assert arrival({**data, "joined": ["a", 7, "", None]}).joined == ("a",)
    wrong: tuple[Any, ...] = (None, "a", 7, {"a": 1}, [])
    for joined in wrong:
        assert arrival({**data, "joined": joined}).joined == ()
    assert not arrival(data).system
