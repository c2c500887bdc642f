"""The checklist of Meta's reference (whatsapp-cloud-api, 9.3), as far as it is about what comes in; same names.

From the webhook's intake to what agents read: everything but Kafka is the real part.
"""

import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.rules import Rules
from app.whatsapp.signature import signature
from tests.unit.histories import DAY, NOW, SALES
from tests.unit.line import SECRET, Line
from tests.unit.whatsapp.shapes import ANA_KEY, HANS_KEY, NUMBER, body, webhook
from tests.unit.whatsapp.test_record_statuses import NOT_ON_WHATSAPP

ANA = {"from": "5511999990000", "from_user_id": "BR.7781"}
HANS = {"from_user_id": "DE.4412"}
IN, ERROR = SALES.read_topic, SALES.error_topic


def wrote(text: str, number: int, sender: dict[str, str], **more: Any) -> bytes:
    """A webhook with one text."""
    message = {**sender, "id": f"wamid.{number}", "timestamp": "1795300000", "type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": NUMBER}, "messages": [{**message, **more}]}
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
        }
    ).encode()


def with_(name: str, **parts: Any) -> bytes:
    """A fixture whose message or status has other parts."""
    data = copy.deepcopy(webhook(name))
    value = data["entry"][0]["changes"][0]["value"]
    value.get("messages", value.get("statuses"))[0].update(parts)
    return json.dumps(data).encode()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """Ana and Hans are with Sales, and what that took is forgotten."""
    line = Line()
    for number, sender in enumerate((ANA, HANS)):
        await line.post(wrote("hi", 2 * number, sender))
        await line.post(wrote("2", 2 * number + 1, sender))
    assert {record["user"] for record in line.of(IN)} == {ANA_KEY, HANS_KEY}
    line.forget()
    yield line


async def test_signature_over_escaped_unicode(line: Line) -> None:
    raw = body("text")
    assert b"\\u00e1" in raw
    assert line.intake.is_trusted(raw, signature(SECRET, raw))
    again = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    assert not line.intake.is_trusted(again, signature(SECRET, raw))


async def test_two_entries_x_two_changes_x_three_messages_in_one_post(line: Line) -> None:
    await line.post(body("batch"))
    keys = [record.key for record in line.log.records if record.topic == line.topics.webhook]
    assert keys == [f"{NUMBER}:55119000000{n % 4:02}".encode() for n in range(12)]
    kept = [line.known.load(key).session for key in dict.fromkeys(key for key in keys if key)]
    assert [[record["text"] for record in session.kept] for session in kept if session] == [
        [f"message {n}" for n in (user, user + 4, user + 8)] for user in range(4)
    ]


async def test_duplicate_post_concurrently(line: Line) -> None:
    await line.post(*[body("text")] * 5)
    assert len(line.of(line.topics.webhook)) == 5
    assert len(line.heard(IN)) == 1


@pytest.mark.parametrize("order", [("read", "sent", "delivered"), ("sent", "read", "delivered"), ("delivered", "sent")])
async def test_statuses_read_sent_delivered(line: Line, order: tuple[str, ...]) -> None:
    for name in order:
        await line.post(body(f"status_{name}"))
    expected = {"read": ["read"], "sent": ["sent", "read"], "delivered": ["delivered"]}[order[0]]
    assert line.heard(IN) == [("status", name) for name in expected]


async def test_failed_without_contacts(line: Line) -> None:
    assert "contacts" not in webhook("status_failed")["entry"][0]["changes"][0]["value"]
    await line.post(body("status_failed"))
    assert line.heard(ERROR) == [("131026", NOT_ON_WHATSAPP)]


async def test_status_before_send_response(line: Line) -> None:
    await line.post(body("status_failed"), body("status_delivered"))
    assert len(line.of(ERROR)) == 1
    assert line.heard(IN) == [("status", "delivered")]
    assert {record["effect"] for record in (*line.of(ERROR), *line.of(IN))} == {"0123456789abcdef0123"}


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("text_without_number", ("text", "Hallo")),
        ("text_reply_without_number", ("text", "ja")),
        ("list_reply_without_number", ("list_reply", "p1")),
        ("contacts_request", ("contacts", "+49 151 0000")),
    ],
)
async def test_bsuid_only_text_reply_tap_contact_share(line: Line, name: str, heard: tuple[str, str]) -> None:
    await line.post(body(name))
    assert line.heard(IN) == [heard]
    (record,) = line.of(IN)
    assert (record["waID"], record["user"], record["user_id"]) == ("DE.4412", HANS_KEY, "DE.4412")
    assert "phone" not in record


@pytest.mark.parametrize("name", ["text_empty_number", "text_bsuid_as_number"])
async def test_from_empty_string_and_bsuid_in_from(line: Line, name: str) -> None:
    await line.post(body(name))
    (record,) = line.of(IN)
    assert (record["waID"], record["user"]) == ("DE.4412", HANS_KEY)


@pytest.mark.parametrize("order", [("field_user_id_update", "text"), ("text", "field_user_id_update")])
async def test_user_id_update_before_and_after_first_message(line: Line, order: tuple[str, str]) -> None:
    for name in order:
        # The message is the first one under the new id.
        await line.post(with_(name, from_user_id="BR.9920") if name == "text" else body(name))
    records = {record["type"]: record for record in line.of(IN)}
    assert records["system"]["content"]["before"] == {"phone": "5511999990000", "user_id": "BR.7781"}
    assert records["system"]["content"]["after"] == {"user_id": "BR.9920"}
    assert {record["user"] for record in line.of(IN)} == {ANA_KEY}


async def test_system_without_contacts(line: Line) -> None:
    await line.post(body("system_changed_number"))
    (record,) = line.of(IN)
    assert record["content"]["after"] == {"phone": "5511888880000"}


@pytest.mark.parametrize("name", ["unsupported", "unsupported_bare", "unsupported_unavailable"])
async def test_unsupported_with_and_without_object_131060(line: Line, name: str) -> None:
    await line.post(body(name))
    (record,) = line.of(IN)
    assert record["type"] == "unsupported"
    assert record["content"]["errors"][0]["code"] == (131060 if "unavailable" in name else 131051)


async def test_value_level_errors(line: Line) -> None:
    await line.post(body("errors_only"))
    (record,) = line.of(line.topics.account)
    assert record["change"]["value"]["errors"][0]["code"] == 131000
    assert line.of(IN) == []


async def test_group_message(line: Line) -> None:
    await line.post(body("group_text"), body("status_group"))
    assert line.of(IN) == line.of(line.topics.outbox) == []
    assert line.reasons() == [f"a {kind} of a group: groups are not routed" for kind in ("message", "status")]


async def test_reaction_add_and_remove(line: Line) -> None:
    for name in ("reaction", "reaction_emptied", "reaction_removed"):
        await line.post(body(name))
    shown = [(record["content"].get("emoji"), record["content"]["removed"]) for record in line.of(IN)]
    assert shown == [("👍", False), (None, True), (None, True)]
    assert {record["content"]["message_id"] for record in line.of(IN)} == {"wamid.OUT1"}


async def test_nfm_reply_broken_json(line: Line) -> None:
    await line.post(body("nfm_reply_broken"))
    (record,) = line.of(IN)
    assert record["content"] == {"name": "flow", "body": "Sent", "response_json": "{broken"}


@pytest.mark.parametrize("name", ["image", "image_bare"])
async def test_media_with_and_without_url(line: Line, name: str) -> None:
    await line.post(body(name))
    (record,) = line.of(IN)
    assert record["content"]["media_id"] == "MEDIA1"
    assert record["content"]["url"] == f"{Rules().media_url}/media/{record['content']['media']}"


async def test_body_of_3_mb(line: Line) -> None:
    size = 3 * 1024 * 1024 - 1000
    await line.post(wrote("x" * size, 9, ANA))
    (record,) = line.of(IN)
    assert len(record["text"]) == size
    assert len(json.dumps(record)) < 8 * 1024 * 1024, "what Kafka takes as one record"


async def test_unknown_field_type_status(line: Line) -> None:
    await line.post(body("field_of_tomorrow"), body("type_of_tomorrow"), body("status_of_tomorrow"))
    assert [record["field"] for record in line.of(line.topics.account)] == ["dreams"]
    assert sorted(line.heard(IN)) == [("hologram", "beam"), ("status", "admired")]
    assert line.reasons() == []


async def test_late_webhook_of_3_days(line: Line) -> None:
    late = with_("text", **{"from": "5511777770000", "from_user_id": "BR.5"})
    await line.post(late, at=NOW + 3 * DAY)
    assert line.of(line.topics.outbox) == [], "no automatic answer to a message of three days ago"
    assert line.reasons() == ["came so late that its window had closed: the menu could not be sent"]
