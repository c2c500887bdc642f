"""The tries of one message: how long it is worth sending, what may be repeated, and what counts against the rates."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.core.effects import Send
from app.core.lives import life_of, longest_life
from app.core.messages import MODELS
from app.core.verdicts import Verdict
from tables.sends import STARTED, WAITING
from tests.unit.histories import NOW, wrote
from tests.unit.sender_bench import ACCEPTED, IN_DOUBT, RETRY, SEND, SETTINGS, Bench, answered


async def test_a_read_mark_may_be_repeated() -> None:
    bench = Bench(IN_DOUBT, ACCEPTED)
    await bench.handle(replace(SEND, message={"kind": "mark_read", "message_id": "wamid.IN1"}))
    assert bench.finished().verdict == "accepted"
    assert bench.sends.notes == [STARTED, WAITING, STARTED, "accepted"]


async def test_many_read_marks_have_no_pace() -> None:
    bench = Bench()
    for number in range(60):
        await bench.handle(replace(SEND, id=f"e{number}", message={"kind": "mark_read", "message_id": "wamid.IN1"}))
    assert bench.now - NOW < 5


@pytest.mark.parametrize(("after", "verdict"), [(3599, "accepted"), (3601, "late")])
async def test_the_brokers_own_words_live_an_hour(after: float, verdict: str) -> None:
    bench = Bench()
    bench.now = NOW + after
    await bench.handle(replace(SEND, agent=None))
    assert bench.finished().verdict == verdict


@pytest.mark.parametrize(("kind", "seconds", "tries"), [("typing", 25, 1), ("mark_read", 60, 2)])
@pytest.mark.parametrize("answer", [RETRY, IN_DOUBT, answered(190), answered(130429)])
async def test_a_note_is_not_worth_much(kind: str, seconds: float, tries: int, answer: Verdict) -> None:
    note = replace(SEND, message={"kind": kind, "message_id": "wamid.IN1"})
    bench = Bench(answer)
    await bench.handle(note)
    assert len(bench.graph.calls) == tries
    assert bench.finished().verdict == "refused"
    bench = Bench()
    bench.now = NOW + seconds + 1
    await bench.handle(note)
    assert bench.graph.calls == []
    assert bench.finished().verdict == "late"


def test_nothing_outlives_the_longest_life() -> None:
    sends = [
        replace(SEND, message={"kind": kind}, agent=agent, deadline=deadline, window_ends=NOW + 90_000)
        for kind in MODELS
        for agent in (None, 2)
        for deadline in (None, NOW + 1, NOW + 80_000)
    ]
    for seconds in (1.0, 900.0, 7200.0):
        assert max(life_of(send, seconds).ends for send in sends) == NOW + longest_life(seconds)


@pytest.mark.parametrize(
    ("more", "ends", "code"),
    [
        ({}, NOW + 900, "expired"),
        ({"deadline": NOW + 5}, NOW + 5, "expired"),
        ({"deadline": NOW + 3000}, NOW + 3000, "expired"),
        ({"deadline": NOW + 5000}, NOW + 3600, "expired"),
        ({"deadline": NOW + 5000, "window_ends": NOW + 60}, NOW + 60, "window_closed"),
        ({"window_ends": NOW + 60}, NOW + 60, "window_closed"),
        ({"window_ends": NOW, "message": {"kind": "template"}}, NOW + 900, "expired"),
        ({"window_ends": NOW, "message": {"kind": "mark_read"}}, NOW + 60, "expired"),
        ({"window_ends": NOW, "message": {"kind": "typing"}}, NOW + 25, "expired"),
        ({"agent": None}, NOW + 3600, "expired"),
        ({"agent": None, "window_ends": NOW + 60}, NOW + 60, "window_closed"),
    ],
)
def test_how_long_a_message_is_worth_sending(more: dict[str, Any], ends: float, code: str) -> None:
    life = life_of(replace(SEND, **more), SETTINGS.send_life_seconds)
    assert (life.ends, life.code) == (ends, code)


def test_a_deadline_travels_with_the_message() -> None:
    send = replace(SEND, deadline=NOW + 5)
    assert Send.from_dict(orjson.loads(orjson.dumps(send.to_dict()))) == send
    assert "deadline" not in SEND.to_dict()


async def test_what_users_write_uses_the_rate_of_the_number() -> None:
    bench = Bench()
    await bench.handle()
    rate, _ = bench.sender.gates.rate_of(SEND.user.phone_number_id)
    assert rate.wait(80, bench.now) == 0
    for number in range(40):
        await bench.settle(wrote("hi", number, at=bench.now))
    assert rate.wait(80, bench.now) > 0.2
    bench.now += 10
    for number in range(40):
        await bench.settle(wrote("hi", number, at=NOW - 3600))
    assert rate.wait(80, bench.now) == 0, "what comes hours late was no load of now"
