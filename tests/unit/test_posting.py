"""The tries of one message: how long it is worth sending, what may be repeated, and what counts against the rates."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.core.effects import Send
from app.sending.posting import life_of
from tables.sends import STARTED, WAITING
from tests.unit.histories import NOW, wrote
from tests.unit.sender_bench import ACCEPTED, IN_DOUBT, SEND, SETTINGS, Bench


async def test_a_read_mark_may_be_repeated_and_has_no_pace() -> None:
    bench = Bench(IN_DOUBT, IN_DOUBT, ACCEPTED)
    notes: list[str] = []

    async def note(stage: str) -> None:
        notes.append(stage)

    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"}
    for _ in range(60):
        verdict = await bench.sender._poster.post(SEND, body, note)
        assert verdict.outcome == "accepted"
    assert notes[:5] == [STARTED, WAITING, STARTED, WAITING, STARTED]
    assert bench.now - NOW < 5


async def test_the_brokers_own_words_live_as_long_as_the_window() -> None:
    bench = Bench()
    bench.now = NOW + SETTINGS.send_life_seconds + 3600
    await bench.handle(replace(SEND, agent=None))
    assert bench.finished().verdict == "accepted"


@pytest.mark.parametrize(
    ("more", "ends", "code"),
    [
        ({}, NOW + 900, "expired"),
        ({"deadline": NOW + 5}, NOW + 5, "expired"),
        ({"deadline": NOW + 5000}, NOW + 5000, "expired"),
        ({"deadline": NOW + 5000, "window_ends": NOW + 60}, NOW + 60, "window_closed"),
        ({"window_ends": NOW + 60}, NOW + 60, "window_closed"),
        ({"window_ends": NOW, "message": {"kind": "template"}}, NOW + 900, "expired"),
        ({"window_ends": NOW, "message": {"kind": "mark_read"}}, NOW + 900, "expired"),
        ({"window_ends": NOW, "message": {"kind": "typing"}}, NOW + 900, "expired"),
        ({"agent": None}, NOW + 86_400, "window_closed"),
    ],
)
def test_how_long_a_message_is_worth_sending(more: dict[str, Any], ends: float, code: str) -> None:
    life = life_of(replace(SEND, **more), SETTINGS)
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
