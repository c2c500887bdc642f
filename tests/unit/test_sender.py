"""The sender: tries what can heal, stops at tries, deadline and window, and never begins a message twice."""

import asyncio
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from app.core.effects import Send
from app.core.identity import User
from app.core.verdicts import Verdict
from app.lease import NotOurs
from app.producing import ProduceError
from tables.sends import PASSED, STARTED, WAITING
from tests.unit.histories import ANA, NOW, status, wrote
from tests.unit.sender_bench import ACCEPTED, IN_DOUBT, REFUSED, RETRY, SEND, SETTINGS, TOPICS, Bench
from tests.unit.stream import Event, Message


@pytest.fixture
def make() -> Callable[..., Bench]:
    """Makes a bench with these verdicts of Meta."""
    return Bench


Make = Callable[..., Bench]


async def test_a_message_is_posted_once_and_its_end_reported(make: Make) -> None:
    bench = make()
    await bench.handle()
    ((number, body),) = bench.graph.calls
    assert (number, body["to"], body["text"]) == ("1029384756", "+5511999990000", {"body": "hi"})
    event = bench.finished()
    assert (event.id, event.effect, event.verdict, event.message_id) == ("e1:finished", "e1", "accepted", "wamid.OUT1")
    assert (event.agent, event.ref, event.user, event.raw) == (2, "order-7", ANA, b"answer")
    assert bench.sends.notes == [STARTED, "accepted"]
    assert bench.waits == []


async def test_a_message_is_noted_as_begun_before_it_is_posted(make: Make) -> None:
    bench = make()
    seen: list[list[str]] = []
    bench.graph.before = lambda: seen.append(list(bench.sends.notes))
    await bench.handle()
    assert seen == [[STARTED]]


async def test_a_message_that_was_finished_is_not_sent_again(make: Make) -> None:
    bench = make()
    await bench.handle()
    await bench.handle()
    assert len(bench.graph.calls) == 1
    assert len({record.value for record in bench.producer.records}) <= 2
    assert bench.sender.counts["repeated"] == 1


async def test_a_message_that_was_begun_is_in_doubt_and_not_sent_again(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = STARTED
    await bench.handle()
    assert bench.graph.calls == []
    assert (bench.finished().verdict, bench.finished().code) == ("in_doubt", "interrupted")
    assert bench.sends.notes == ["in_doubt"]


async def test_a_message_that_waited_for_another_try_is_sent_after_a_restart(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = WAITING
    await bench.handle()
    assert len(bench.graph.calls) == 1


async def test_a_status_settles_what_a_crash_left_in_doubt(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = STARTED
    handling = asyncio.create_task(bench.handle())
    while not bench.waits:
        await asyncio.sleep(0)
    await bench.settle(status("e1", "sent"))
    await handling
    assert bench.graph.calls == []
    assert bench.finished().verdict == "accepted"
    assert bench.sends.notes == ["accepted", "accepted"]


async def test_a_status_of_another_message_settles_nothing(make: Make) -> None:
    bench = make(IN_DOUBT)
    handling = asyncio.create_task(bench.handle())
    await bench.settle(status("e2", "sent"))
    await bench.settle(wrote("hi", 1))
    await handling
    assert bench.finished().verdict == "in_doubt"
    assert sum(bench.waits) >= SETTINGS.in_doubt_seconds


async def test_nothing_is_begun_by_a_worker_that_is_leaving(make: Make) -> None:
    bench = make()
    bench.leaving = True
    with pytest.raises(NotOurs):
        await bench.handle()
    assert bench.graph.calls == []
    assert bench.sends.notes == []
    assert bench.producer.records == []


async def test_another_users_effect_of_the_same_name_is_another_message(make: Make) -> None:
    bench = make()
    bench.sends.stages[(b"somebody", "e1")] = "accepted"
    await bench.handle()
    assert len(bench.graph.calls) == 1


async def test_what_can_heal_is_tried_again_with_growing_waits(make: Make) -> None:
    bench = make(RETRY, RETRY, RETRY, ACCEPTED)
    await bench.handle()
    assert bench.graph.times == [0, 0.5, 1.5, 3.5]
    assert bench.finished().verdict == "accepted"
    assert bench.sends.notes == [STARTED, WAITING] * 3 + [STARTED, "accepted"]
    assert len({orjson.dumps(body) for _, body in bench.graph.calls}) == 1
    assert bench.sender.counts["retried"] == 3


@pytest.mark.parametrize(("jitter", "second"), [(0.0, 0.0), (0.999, 0.999)])
async def test_waits_are_spread_from_nothing_on(make: Make, jitter: float, second: float) -> None:
    bench = make(RETRY, ACCEPTED, jitter=jitter)
    await bench.handle()
    assert bench.graph.times == pytest.approx([0, second])


async def test_the_tries_are_bounded(make: Make) -> None:
    bench = make(RETRY)
    await bench.handle()
    assert len(bench.graph.calls) == SETTINGS.send_tries
    event = bench.finished()
    assert (event.verdict, event.code, event.kind, event.raw) == ("refused", "131016", "retry", b"busy")
    assert event.reason.endswith("(Meta's error 131016), after 4 tries")


async def test_the_deadline_is_kept_although_tries_are_left(make: Make) -> None:
    bench = make(RETRY)

    def slow() -> None:
        bench.now += SETTINGS.send_life_seconds / 3

    bench.graph.before = slow
    await bench.handle()
    assert len(bench.graph.calls) == 3
    event = bench.finished()
    assert (event.verdict, event.code, event.kind) == ("late", "131016", "retry")
    assert "(Meta's error 131016)" in event.reason
    assert event.raw == b"busy"


@pytest.mark.parametrize("verdict", [REFUSED, IN_DOUBT])
async def test_what_cannot_heal_and_what_is_in_doubt_is_not_tried_again(make: Make, verdict: Verdict) -> None:
    bench = make(verdict)
    await bench.handle()
    assert len(bench.graph.calls) == 1
    event = bench.finished()
    assert (event.verdict, event.code, event.reason) == (verdict.outcome, verdict.code, verdict.reason)


async def test_free_text_does_not_leave_after_its_window(make: Make) -> None:
    bench = make()
    await bench.handle(replace(SEND, window_ends=NOW))
    assert bench.graph.calls == []
    assert (bench.finished().verdict, bench.finished().code) == ("late", "window_closed")
    assert bench.sends.notes == ["late"]


async def test_the_window_may_close_between_two_tries(make: Make) -> None:
    bench = make(RETRY)
    await bench.handle(replace(SEND, window_ends=NOW + 1))
    assert len(bench.graph.calls) == 2
    assert bench.finished().verdict == "late"


async def test_a_template_may_leave_with_the_window_shut(make: Make) -> None:
    bench = make()
    await bench.handle(replace(SEND, window_ends=0, message={"kind": "template", "name": "hello", "language": "en"}))
    assert bench.finished().verdict == "accepted"


@pytest.mark.parametrize(
    "send",
    [
        replace(SEND, message={"kind": "fax"}),
        replace(SEND, message={"kind": "text", "text": "x" * 4097}),
        replace(SEND, user=User(key=ANA.key, phone_number_id="1")),
        replace(SEND, ref="\x01" * 200),
    ],
)
async def test_what_cannot_be_written_for_meta_is_refused(make: Make, send: Send) -> None:
    bench = make()
    await bench.handle(send)
    assert bench.graph.calls == []
    assert (bench.finished().verdict, bench.finished().code) == ("refused", "invalid")
    assert bench.finished().reason
    assert bench.sends.notes == ["refused"]


@pytest.mark.parametrize("value", [b"", b"{", b"{}", b"\xff"])
async def test_what_is_no_message_goes_to_the_quarantine(make: Make, value: bytes) -> None:
    bench = make()
    await bench.handle(value, offset=14)
    (data,) = bench.producer.on(TOPICS.quarantine)
    assert data["source"] == f"{TOPICS.outbox}/0/14"
    assert b64decode(data["value"]) == value
    assert bench.graph.calls == []


async def test_a_fault_of_our_own_goes_to_the_quarantine(make: Make) -> None:
    bench = make()
    await bench.sender.poisoned(Event(Message(b"value", ANA.key.encode())), KeyError("fault"))
    (data,) = bench.producer.on(TOPICS.quarantine)
    assert data["reason"] == "the sender failed: KeyError('fault')"


async def test_a_failure_after_the_request_was_begun_is_a_doubt(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = STARTED
    message = Message(orjson.dumps(SEND.to_dict()), ANA.key.encode(), topic=TOPICS.outbox)
    await bench.sender.poisoned(Event(message), KeyError("fault"))
    assert (bench.finished().verdict, bench.finished().code) == ("in_doubt", "internal")


@pytest.mark.parametrize(
    ("stage", "verdict"), [(None, "refused"), (WAITING, "refused"), (STARTED, "in_doubt"), ("accepted", None)]
)
async def test_a_message_the_sender_fails_on_has_an_end(make: Make, stage: str | None, verdict: str | None) -> None:
    bench = make()
    if stage:
        bench.sends.stages[(ANA.key.encode(), "e1")] = stage
    message = Message(orjson.dumps(SEND.to_dict()), ANA.key.encode(), topic=TOPICS.outbox)
    await bench.sender.poisoned(Event(message), KeyError("fault"))
    assert [event.verdict for event in bench.all_finished()] == ([verdict] if verdict else [])
    assert bench.sends.notes == ([verdict] if verdict else [])
    await bench.handle()
    assert bench.graph.calls == [], "it is not posted when the record comes again"


async def test_a_row_that_cannot_be_read_does_not_hold_the_users_lane(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()

    def fail(*_: object) -> None:
        raise ValueError("not a row")

    monkeypatch.setattr(bench.sends, "stage", fail)
    monkeypatch.setattr(bench.sends, "note", fail)
    message = Message(orjson.dumps(SEND.to_dict()), ANA.key.encode(), topic=TOPICS.outbox)
    await bench.sender.poisoned(Event(message), ValueError("not a row"))
    assert (bench.finished().verdict, bench.finished().code) == ("in_doubt", "internal")


async def test_a_begun_message_that_can_no_longer_be_written_is_a_doubt(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = STARTED
    await bench.handle(replace(SEND, message={"kind": "fax"}))
    assert bench.finished().verdict == "in_doubt"


async def test_what_an_agent_reads_names_field_limit_and_value(make: Make) -> None:
    bench = make()
    await bench.handle(replace(SEND, message={"kind": "image", "image": {"id": "1", "caption": "x" * 1025}}))
    reason = bench.finished().reason
    assert "caption may have at most 1024 characters, not 1025" in reason
    assert "pydantic" not in reason and "validation error" not in reason


async def test_a_status_that_comes_again_because_kafka_failed_is_learned_from_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    learned: list[str] = []
    gates = bench.sender.gates
    monkeypatch.setattr(gates, "status", lambda number, effect, at, failure: learned.append(effect))
    bench.sends.stages[(ANA.key.encode(), "e1")] = STARTED
    note = bench.sends.note

    async def fail(*_: object) -> None:
        raise ProduceError("Kafka is away")

    monkeypatch.setattr(bench.sends, "note", fail)
    with pytest.raises(ProduceError):
        await bench.settle(status("e1", "sent"))
    assert learned == [], "first the note"
    monkeypatch.setattr(bench.sends, "note", note)
    await bench.settle(status("e1", "sent"))
    assert learned == ["e1"]


async def test_a_report_kafka_does_not_take_leaves_the_message_unfinished(make: Make) -> None:
    bench = make()
    bench.producer.failures = 1
    with pytest.raises(ProduceError):
        await bench.handle()
    assert bench.sends.notes == [STARTED, "accepted"]
    await bench.handle()
    assert len(bench.graph.calls) == 1, "what Meta has is never posted again"
    assert bench.finished().verdict == "accepted"


async def test_a_refusal_kafka_does_not_take_is_reported_again(make: Make) -> None:
    bench = make(REFUSED)
    bench.producer.failures = 1
    with pytest.raises(ProduceError):
        await bench.handle()
    await bench.handle()
    assert len(bench.graph.calls) == 1
    assert bench.finished().verdict == "in_doubt", "the answer is forgotten, but that it was posted is not"


async def test_the_trace_goes_on(make: Make) -> None:
    bench = make()
    await bench.handle(headers=[("trace", b"t1")])
    assert bench.producer.records[0].headers == {"trace": b"t1"}


async def test_no_token_is_shown(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    bench = make(RETRY)
    await bench.handle()
    assert "hidden" not in caplog.text
    assert not any(b"hidden" in record.value for record in bench.producer.records)


async def test_what_was_finished_long_ago_is_not_sent_again(make: Make) -> None:
    bench = make()
    bench.sends.stages[(ANA.key.encode(), "e1")] = PASSED
    await bench.handle()
    assert bench.graph.calls == []
    assert bench.producer.records == [], "and its report was written before the next message began"


async def test_a_status_settles_what_meta_took_although_it_answered_with_an_error(make: Make) -> None:
    bench = make(RETRY, ACCEPTED)
    handling = asyncio.create_task(bench.handle())
    while not bench.waits:
        await asyncio.sleep(0)
    await bench.settle(status("e1", "sent"))
    await handling
    assert len(bench.graph.calls) == 1, "it is not posted again"
    assert (bench.finished().verdict, bench.finished().code) == ("accepted", "settled")
