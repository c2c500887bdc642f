"""The bridge: an agent's record becomes a keyed reply, or an error the agent can read."""

from base64 import b64decode
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest

from agents.bridge import VALUE_MAX, Bridge
from app.core.events import AgentReplied
from app.core.register import Register
from app.producing import ProduceError, Producer
from app.quarantine import REPLAY
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.topics import RECORD_MAX, Topics
from app.wire import read_event
from tests.unit.histories import NOW, REGISTER, SALES, SERVICE
from tests.unit.stream import FakeProducer, Log

TOPICS = Topics(Settings(_env_file=None))
TEXT = {"waID": "5511999990000", "message_type": "text", "text": "How can I help?"}


class Feed:
    """A register that does not change."""

    def __init__(self, register: Register = REGISTER) -> None:
        self.register = register


def bridge(producer: FakeProducer, register: Register = REGISTER) -> Bridge:
    """A bridge between a register and a producer."""
    return Bridge(TOPICS, cast(RegisterFeed, Feed(register)), cast(Producer, producer), "1029384756")


async def carried(*records: Any, register: Register = REGISTER) -> FakeProducer:
    """What a bridge writes for records of the sales agent."""
    producer = FakeProducer()
    batch = [
        record if isinstance(record, Log) else Log(SALES.write_topic, orjson.dumps(record), offset=offset)
        for offset, record in enumerate(records)
    ]
    await bridge(producer, register).handle(batch)
    assert len(producer.records) == len(records), "nothing is dropped"
    return producer


async def test_a_former_out_topic_is_still_the_agents_while_it_drains() -> None:
    renamed = replace(SALES, write_topic="new-out", draining=(("sales-out", NOW),))
    for active in (True, False):
        register = Register.of([SERVICE, replace(renamed, active=active)])
        assert register.written_topics == {SERVICE.write_topic, "new-out", "sales-out"}
        (record,) = (await carried(TEXT, register=register)).records
        event = read_event(record.value)
        assert isinstance(event, AgentReplied) and event.agent == SALES.id


async def test_an_agent_that_has_a_topic_now_goes_before_one_that_had_it() -> None:
    had = replace(SERVICE, draining=(("sales-out", NOW),))
    (record,) = (await carried(TEXT, register=Register.of([had, SALES]))).records
    event = read_event(record.value)
    assert isinstance(event, AgentReplied) and event.agent == SALES.id


async def test_a_reply_is_keyed_by_its_user() -> None:
    producer = await carried({**TEXT, "ref": "order-7"})
    (record,) = producer.records
    event = read_event(record.value)
    assert isinstance(event, AgentReplied)
    assert (record.topic, record.key) == (TOPICS.replies, b"1029384756:5511999990000")
    assert (event.id, event.agent, event.ref, event.at) == (
        f"sales-out/0/0@{int(NOW * 1000)}",
        SALES.id,
        "order-7",
        NOW,
    )
    assert event.user.key == "1029384756:5511999990000"
    assert event.message == {"kind": "text", "text": "How can I help?"}
    assert orjson.loads(event.raw)["text"] == "How can I help?"


async def test_how_long_a_reply_is_worth_sending_counts_from_when_it_was_written() -> None:
    producer = await carried({**TEXT, "ttl_seconds": 90}, TEXT)
    assert [data.get("deadline") for data in producer.on(TOPICS.replies)] == [NOW + 90, None]


async def test_the_same_record_read_again_is_the_same_event() -> None:
    assert (await carried(TEXT)).records == (await carried(TEXT)).records


async def test_a_batch_keeps_its_order() -> None:
    producer = await carried(*({**TEXT, "text": str(number)} for number in range(5)))
    assert [data["message"]["text"] for data in producer.on(TOPICS.replies)] == ["0", "1", "2", "3", "4"]


async def test_a_bad_record_is_told_to_its_agent_and_the_others_go_on() -> None:
    producer = await carried(TEXT, {**TEXT, "text": "", "ref": "r1"}, TEXT)
    assert [record.topic for record in producer.records] == [TOPICS.replies, SALES.error_topic, TOPICS.replies]
    (told,) = producer.on(SALES.error_topic)
    assert (told["waID"], told["text"], told["code"], told["ref"]) == (
        "5511999990000",
        "text is missing or blank",
        "invalid",
        "r1",
    )
    assert orjson.loads(b64decode(told["raw_payload"]))["ref"] == "r1"
    assert len(told["id"]) == 20
    assert told["timestamp"] == NOW


async def test_the_ids_of_errors_differ_and_repeat() -> None:
    ids = [data["id"] for data in (await carried({}, {})).on(SALES.error_topic)]
    assert len(set(ids)) == 2
    assert ids == [data["id"] for data in (await carried({}, {})).on(SALES.error_topic)]


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff"])
async def test_a_record_without_json_is_told_too(value: bytes | None) -> None:
    producer = await carried(Log(SALES.write_topic, value))
    (told,) = producer.on(SALES.error_topic)
    assert (told["waID"], told["code"]) == ("", "not_json")


async def test_an_inactive_agent_is_heard_so_that_it_can_be_answered() -> None:
    register = Register.of([SERVICE, replace(SALES, active=False)])
    assert len((await carried(TEXT, register=register)).on(TOPICS.replies)) == 1


async def test_a_topic_nobody_owns_goes_to_the_quarantine() -> None:
    producer = await carried(Log("gone-out", b"{}", b"k", partition=3, offset=14))
    (record,) = producer.records
    (data,) = producer.on(TOPICS.quarantine)
    assert record.key == b"k"
    assert data["source"].startswith("gone-out/3/14@")
    assert "no agent of the register writes to this topic" in data["reason"]


async def test_what_is_replayed_comes_once_however_often_and_wherever_it_is_written() -> None:
    value = orjson.dumps(TEXT)
    replays = [Log(SALES.write_topic, value, offset=offset, headers=[(REPLAY, b"3/17")]) for offset in (4, 9)]
    producer = await carried(TEXT, *replays, Log(SALES.write_topic, value, headers=[(REPLAY, b"3/18")]))
    events = [read_event(record.value) for record in producer.records]
    ids = [event.id for event in events if isinstance(event, AgentReplied)]
    assert ids[1] == ids[2] and len(ids) == 4 and len(set(ids)) == 3


async def test_a_huge_record_is_refused_and_blocks_nobody() -> None:
    huge = {**TEXT, "junk": "x" * VALUE_MAX}
    producer = await carried(huge, Log("gone-out", orjson.dumps(huge)), TEXT)
    assert [record.topic for record in producer.records] == [SALES.error_topic, TOPICS.quarantine, TOPICS.replies]
    (told,) = producer.on(SALES.error_topic)
    assert told["code"] == "too_large"
    assert f"{VALUE_MAX} are allowed" in told["text"]
    assert max(len(record.value) for record in producer.records) < RECORD_MAX


async def test_the_largest_record_fits_into_ours() -> None:
    large = {
        **TEXT,
        "message_type": "template",
        "template": {"name": "a", "language": "en", "components": [{"type": "y", "x": ""}]},
    }
    large["template"]["components"][0]["x"] = "y" * (VALUE_MAX - len(orjson.dumps(large)))  # type: ignore[index]
    producer = await carried(large)
    assert producer.records[0].topic == TOPICS.replies
    assert len(producer.records[0].value) < RECORD_MAX


async def test_when_kafka_does_not_take_it_the_batch_comes_again() -> None:
    producer = FakeProducer(failures=1)
    carrier = bridge(producer)
    with pytest.raises(ProduceError):
        await carrier.handle([Log(SALES.write_topic, orjson.dumps(TEXT))])
    await carrier.handle([Log(SALES.write_topic, orjson.dumps(TEXT))])
    assert len(producer.records) == 1


async def test_what_was_done_is_counted() -> None:
    carrier = bridge(FakeProducer())
    await carrier.handle([Log(SALES.write_topic, orjson.dumps(TEXT)), Log(SALES.write_topic, b""), Log("x", b"")])
    assert carrier.counts == {"carried": 1, "refused": 1, "quarantined": 1}


@pytest.mark.parametrize(
    "value",
    [
        b'{"waID": "5511999990000", "ref": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"waID": "5511999990000", "message_type": "template", "template": {"name": "a", "language": "en",'
        b' "components": [{"x": ' + b"[" * 300 + b"]" * 300 + b"}]}}",
    ],
)
async def test_a_record_nested_without_end_is_refused_and_stops_nobody(value: bytes) -> None:
    producer = await carried(Log(SALES.write_topic, value), TEXT)
    assert [record.topic for record in producer.records] == ["sales-error", TOPICS.replies]
