"""The clock: who is due, once for each reason, and nobody else."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import sweeper as module
from agents.sweeper import Sweeper, due
from app.core.decide import decide
from app.core.effects import Send
from app.core.events import ClockStruck
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.owners import OwnerUnknown
from app.producing import ProduceError, Producer
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.topics import Topics
from app.wire import read_event
from tables.users import Users
from tests.unit.histories import ANA, DAY, DESK, NOW, REGISTER, SALES
from tests.unit.stream import FakeProducer

RULES = Rules()
TOPICS = Topics(Settings(_env_file=None))
WITHOUT_SALES = Register.of([replace(SALES, active=False), DESK], version=2)


def state(*, agent: int | None = SALES.id, since: float = NOW, last_seen: float = NOW, session: bool = True) -> State:
    """A user who wrote at a time, with or without a session."""
    window = Window(user=ANA, last_seen=last_seen, touched=max(since, last_seen))
    return State(session=Session(since=since, agent=agent) if session else None, window=window)


def strike(of: State, now: float, register: Register = REGISTER) -> str | None:
    """The id of the strike a user is due."""
    event = due(of, now, register, RULES)
    assert event is None or (event.user, event.at) == (ANA, now)
    return event.id if event else None


@pytest.mark.parametrize("agent", [SALES.id, None])
def test_a_silent_session_is_due_exactly_when_it_ends(agent: int | None) -> None:
    assert strike(state(agent=agent), NOW + DAY - 0.1) is None
    assert strike(state(agent=agent), NOW + DAY) == f"silent:{ANA.key}:{NOW}"


def test_silence_is_counted_from_the_users_last_message() -> None:
    assert strike(state(since=NOW - 5 * DAY), NOW + DAY - 1) is None
    assert strike(state(since=NOW, last_seen=0.0), NOW + DAY) == f"silent:{ANA.key}:{NOW}"


def test_the_same_reason_has_the_same_id_however_often_it_is_looked_at() -> None:
    assert strike(state(), NOW + DAY) == strike(state(), NOW + 2 * DAY)


def test_a_new_silence_has_a_new_id() -> None:
    assert strike(state(), NOW + DAY) != strike(state(last_seen=NOW + 1), NOW + 3 * DAY)


def test_a_session_whose_agent_is_gone_is_due_at_once() -> None:
    assert strike(state(), NOW, WITHOUT_SALES) == f"gone:{ANA.key}:{NOW}"
    assert strike(state(agent=999), NOW) == f"gone:{ANA.key}:{NOW}"
    assert strike(state(agent=None), NOW, WITHOUT_SALES) is None


def test_a_user_who_was_long_away_is_forgotten() -> None:
    alone = state(session=False)
    assert strike(alone, NOW + RULES.forget_seconds - 1) is None
    assert strike(alone, NOW + RULES.forget_seconds) == f"forgotten:{ANA.key}:{NOW}"


def test_nobody_is_due_who_is_not_known() -> None:
    assert strike(State(), NOW + 1000 * DAY) is None


@given(
    st.sampled_from([None, SALES.id, DESK.id, 999]),
    st.booleans(),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from([REGISTER, WITHOUT_SALES]),
)
def test_every_strike_changes_something_and_then_comes_no_more(
    agent: int | None, session: bool, seen: int, days: int, register: Register
) -> None:
    now = NOW + days * DAY
    old = state(agent=agent, since=NOW, last_seen=NOW + seen * 3600, session=session)
    strikes = 0
    event = due(old, now, register, RULES)
    while event is not None:
        decision = decide(old, event, now, register, RULES)
        assert decision.state != old
        old = decision.state
        strikes += 1
        assert strikes <= 3
        event = due(old, now, register, RULES)


def test_a_strike_that_meets_an_older_register_is_not_spent() -> None:
    """Another worker may strike before the user's router knows: its own sweeper, or the next sweep, strikes again."""
    old = state()
    first, second = (due(old, at, WITHOUT_SALES, RULES) for at in (NOW, NOW + 1))
    assert first and second and first.id == second.id
    met = decide(old, first, NOW, REGISTER, RULES)
    assert (met.state, met.effects) == (old, ())
    again = decide(met.state, second, NOW + 1, WITHOUT_SALES, RULES)
    assert again.state.session is not None and again.state.session.agent is None
    (menu,) = again.effects
    assert isinstance(menu, Send) and "Sales is no longer available." in str(menu.message)


class FakeUsers:
    """The tables in a dictionary."""

    def __init__(self, states: dict[bytes, State]) -> None:
        self.states = states

    def keys(self) -> Iterator[bytes]:
        """Every user."""
        yield from list(self.states)

    def load(self, key: bytes) -> State:
        """A user's state."""
        return self.states[key]


class Feed:
    """A register that is there, or not yet."""

    def __init__(self, *, is_loaded: bool = True) -> None:
        self.register = REGISTER
        self.is_loaded = is_loaded
        self.callbacks: list[Callable[[Register], None]] = []

    def subscribe(self, callback: Callable[[Register], None]) -> None:
        """Call back with every newer register."""
        self.callbacks.append(callback)

    def change(self, register: Register) -> None:
        """Have a newer register."""
        self.register = register
        for callback in self.callbacks:
            callback(register)


def sweeper(producer: FakeProducer, users: FakeUsers, feed: Any = None, seconds: float = 0.001, **more: Any) -> Sweeper:
    """A sweeper over some users."""
    return Sweeper(
        TOPICS,
        RULES,
        seconds,
        cast(RegisterFeed, feed or Feed()),
        cast(Producer, producer),
        cast(Users, users),
        more.get("ready", lambda: True),
        more.get("has", lambda key: True),
    )


def crowd(silent: int, awake: int) -> FakeUsers:
    """So many users of each kind."""
    return FakeUsers(
        {b"s%d" % n: state(last_seen=1.0, since=1.0) for n in range(silent)}
        | {b"a%d" % n: state() for n in range(awake)}
    )


async def test_everybody_who_is_due_is_struck_under_their_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    producer = FakeProducer()
    assert await sweeper(producer, crowd(silent=5, awake=4)).sweep(NOW) == 5
    assert [(record.topic, record.key) for record in producer.records] == [
        (TOPICS.control, b"s%d" % n) for n in range(5)
    ]
    assert all(isinstance(read_event(record.value), ClockStruck) for record in producer.records)


async def test_nobody_is_struck_who_is_another_workers_by_now() -> None:
    """A table in memory keeps the rows of a partition that left."""
    producer = FakeProducer()
    service = sweeper(producer, crowd(silent=4, awake=1), has=lambda key: key in (b"s1", b"s2", b"a0"))
    assert await service.sweep(NOW) == 2
    assert [record.key for record in producer.records] == [b"s1", b"s2"]


async def test_only_of_users_who_are_due_is_asked_whose_they_are() -> None:
    asked = []

    def has(key: bytes) -> bool:
        asked.append(key)
        return True

    await sweeper(FakeProducer(), crowd(silent=2, awake=50), has=has).sweep(NOW)
    assert asked == [b"s0", b"s1"]


async def test_while_nobody_can_say_whose_users_they_are_nobody_is_struck() -> None:
    producer, asked = FakeProducer(), 0

    def has(key: bytes) -> bool:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise OwnerUnknown("the users are being handed out among the workers")
        return True

    with pytest.raises(OwnerUnknown):
        await sweeper(producer, crowd(silent=5, awake=0), has=has).sweep(NOW)
    assert producer.records == []


async def test_a_sweep_that_could_not_know_whose_users_they_are_comes_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next round would be an hour away."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    producer, feed, now, asked = FakeProducer(), Feed(), time.time(), 0

    def has(key: bytes) -> bool:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OwnerUnknown("this worker has not heard from Kafka lately")
        return True

    users = FakeUsers({b"u": state(since=now, last_seen=now)})
    async with asyncio.timeout(10), sweeper(producer, users, feed, 3600.0, has=has):
        feed.change(WITHOUT_SALES)
        while not producer.records:
            await asyncio.sleep(0.001)
    assert asked >= 3


async def test_when_nobody_is_due_nothing_is_written() -> None:
    producer = FakeProducer(failures=1)
    assert await sweeper(producer, crowd(silent=0, awake=3)).sweep(NOW) == 0


async def test_a_strike_kafka_does_not_take_is_raised() -> None:
    with pytest.raises(ProduceError):
        await sweeper(FakeProducer(failures=1), crowd(silent=1, awake=0)).sweep(NOW)


async def test_the_service_goes_on_after_kafka_was_away() -> None:
    producer = FakeProducer(failures=2)
    async with asyncio.timeout(10), sweeper(producer, crowd(silent=1, awake=0)):
        while not producer.records:
            await asyncio.sleep(0.001)
    assert producer.failures == 0


@pytest.mark.parametrize("why", ["rebalancing", "no register"])
async def test_the_service_waits_until_it_can_know(why: str) -> None:
    asked = 0

    def ready() -> bool:
        nonlocal asked
        asked += 1
        return why != "rebalancing"

    producer = FakeProducer()
    feed = Feed(is_loaded=why != "no register")
    async with asyncio.timeout(10), sweeper(producer, crowd(silent=1, awake=0), feed, ready=ready):
        while asked < 3:
            await asyncio.sleep(0.001)
    assert producer.records == []


async def test_users_of_an_agent_that_goes_are_struck_at_once_also_after_a_rebalance() -> None:
    """The next sweep would be an hour away."""
    producer, feed, now = FakeProducer(), Feed(), time.time()
    asked = 0

    def ready() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    users = FakeUsers({b"u": state(since=now, last_seen=now)})
    service = sweeper(producer, users, feed, 3600.0, ready=ready)
    async with asyncio.timeout(10), service:
        feed.change(WITHOUT_SALES)
        while not producer.records:
            await asyncio.sleep(0.001)
    event = read_event(producer.records[0].value)
    assert isinstance(event, ClockStruck) and event.id == f"gone:{ANA.key}:{now}"
