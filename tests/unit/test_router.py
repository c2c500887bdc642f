"""The router's own part: keys that fit, and replays that count as new."""

import orjson
import pytest

from app.core.decide import decide
from app.core.rules import Rules
from app.producing import Record
from app.quarantine import REPLAY, Entry, Quarantine, ReplayRefused
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.envelope import split
from tests.unit.histories import NOW, REGISTER, SALES
from tests.unit.line import Line
from tests.unit.whatsapp.shapes import ANA_KEY, body, event


def entry(source: str, value: bytes) -> Entry:
    """An entry of the quarantine."""
    return Entry(id="3/17", at=NOW, reason="x", source=source, key=None, value=value)


@pytest.mark.parametrize("name", ["text", "system_changed_number", "field_user_id_update"])
async def test_what_is_replayed_is_handled_once_more_and_only_once(name: str) -> None:
    line = Line()
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
