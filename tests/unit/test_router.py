"""The router's own part: keys that fit, and replays that count as new."""

import orjson
import pytest

from app import wire
from app.core.decide import decide
from app.core.identity import User
from app.core.rules import Rules
from app.producing import Record
from app.quarantine import REPLAY, Entry, Quarantine, ReplayRefused
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.envelope import split
from tests.unit.histories import NOW, REGISTER, SALES, replied
from tests.unit.line import Line
from tests.unit.whatsapp.shapes import ANA_KEY, body, event, webhook


def entry(source: str, value: bytes) -> Entry:
    """An entry of the quarantine."""
    return Entry(id="3/17", at=NOW, reason="x", source=source, key=None, value=value)


@pytest.mark.parametrize("name", ["text", "system_changed_number", "field_user_id_update"])
async def test_what_is_replayed_is_handled_once_more_and_only_once(name: str) -> None:
    line = Line()
    line.known.connect(ANA_KEY.encode(), SALES)
    await line.post(body(name))
    line.forget()
    happened = event(name)
    decision = decide(line.known.load(ANA_KEY.encode()), happened, NOW, REGISTER, Rules())
    assert decision.effects == (), "known: the same bytes have no second effect"
    line.known.connect(ANA_KEY.encode(), SALES)
    (item,) = split(body(name))
    record = Record(line.topics.webhook, item.value, item.key, {REPLAY: b"3/17"})
    for _ in range(2):
        line.log.records.append(record)
        await line.run()
    (told,) = line.of(SALES.read_topic)
    assert told.get("message_id") == (None if name.startswith("field") else f"wamid.{name}")


@pytest.mark.parametrize("hidden", ["from", "from_user_id"])
async def test_a_message_under_another_name_is_handed_on_whole_to_the_users_home(hidden: str) -> None:
    line = Line()
    line.known.connect(ANA_KEY.encode(), SALES)
    await line.post(body("text"))
    data = webhook("text")
    value = data["entry"][0]["changes"][0]["value"]
    message = value["messages"][0]
    message["id"] = "wamid.under-another-name"
    message.setdefault("from_user_id", "BR.7781")
    del message[hidden]
    for contact in value["contacts"]:
        contact["user_id"] = "BR.7781"
        contact.pop({"from": "wa_id", "from_user_id": "user_id"}[hidden])
    await line.post(orjson.dumps(data))
    first, second = line.of(SALES.read_topic)
    same = ("user", "waID", "phone", "user_id", "text", "content", "timestamp")
    assert [second.get(name) for name in same] == [first.get(name) for name in same]
    assert second["message_id"] == "wamid.under-another-name"
    assert line.reasons() == []


async def test_what_is_handed_on_in_a_circle_is_put_aside() -> None:
    line = Line()
    line.known.point(b"a", b"b")
    line.known.point(b"b", b"a")
    event = replied("hello", 1, user=User(key="a", phone_number_id="1"))
    line.log.records.append(Record(line.topics.replies, wire.write_event(event), b"a"))
    await line.run()
    assert line.reasons() == ["it was handed on from 8 keys: the names of its user lead in a circle"]


async def test_a_record_under_another_users_key_is_put_aside() -> None:
    line = Line()
    (item,) = split(body("text"))
    line.log.records.append(Record(line.topics.webhook, item.value, b"somebody-else"))
    await line.run()
    assert line.reasons() == ["its key b'somebody-else' is not its user's"]


@pytest.mark.parametrize(
    ("name", "topic"), [("text", "webhook"), ("field_account_update", "account"), ("field_user_id_update", "webhook")]
)
def test_a_replay_goes_where_the_webhook_would_put_it_today(name: str, topic: str) -> None:
    settings = Settings(_env_file=None)
    quarantine = Quarantine(settings, clock=lambda: NOW)
    (record,) = quarantine.records_of(entry("webhook", body(name)))
    assert record.topic == getattr(Topics(settings), topic)
    if topic == "account":
        assert orjson.loads(record.value)["at"] == NOW


def test_what_would_only_come_back_is_not_replayed() -> None:
    quarantine = Quarantine(Settings(_env_file=None))
    with pytest.raises(ReplayRefused, match="groups are not routed"):
        quarantine.records_of(entry("webhook", body("group_text")))
