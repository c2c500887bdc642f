"""Lanes: each user in order, users side by side, acknowledgements in the order of the log."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import lanes as module
from app.lanes import WAITING_PER_PLACE, Lanes
from app.lease import NotOurs
from app.producing import ProduceError
from tests.unit.stream import Event, Message


@pytest.fixture(autouse=True, scope="module")
def _no_waiting() -> Iterator[None]:
    """Retries come at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RETRY_SECONDS", (0.0,))
        yield


class Bench:
    """Lanes whose handler waits to be told how each attempt ends."""

    def __init__(self, limit: int = 100, **options: Any) -> None:
        self.acknowledged: list[Event] = []
        self.handled: list[Event] = []
        self.poisoned: list[tuple[Event, str]] = []
        self.running: dict[Event, asyncio.Future[None]] = {}
        self.attempts: Counter[Event] = Counter()
        self.generation = 1
        self.poison_fails = 0
        self.let_go: list[Event] = []
        self.lanes = Lanes(
            self._handle,
            self._poison,
            limit=limit,
            is_current=self._is_current,
            let_go=self.let_go.append,
            **options,
        )
        self._offsets: Counter[int] = Counter()

    def event(self, key: str, partition: int = 0) -> Event:
        """The next event of a partition."""
        offset = self._offsets[partition]
        self._offsets[partition] += 1
        message = Message(b"", key.encode(), partition=partition, offset=offset, generation_id=self.generation)
        return Event(message, self.acknowledged)

    async def put(self, *events: Event) -> None:
        """Give events, and let everything run that can."""
        for event in events:
            await self.lanes.put(event)
        await self.settle()

    async def end(self, event: Event, error: Exception | None = None) -> None:
        """End the attempt at an event, and let everything run that can."""
        waiting = self.running.pop(event)
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)
        await self.settle()

    async def settle(self) -> None:
        """Let the loop turn until nothing more can happen by itself."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def _is_current(self, event: Event) -> bool:
        return event.message.generation_id == self.generation

    async def _handle(self, event: Event) -> None:
        assert not [other for other in self.running if other.message.key == event.message.key], "two at once for a user"
        self.attempts[event] += 1
        self.running[event] = asyncio.get_running_loop().create_future()
        await self.running[event]
        self.handled.append(event)

    async def _poison(self, event: Event, error: Exception) -> None:
        if self.poison_fails:
            self.poison_fails -= 1
            raise ProduceError("the quarantine is away")
        self.poisoned.append((event, str(error)))


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    """A bench on which nothing is left running."""
    made = Bench(**options)
    yield made
    assert made.lanes.busy == 0
    assert not made.lanes._queues
    assert not made.lanes._last
    assert not made.lanes._lengths


async def test_one_user_after_another_event_and_users_side_by_side() -> None:
    async with bench() as b:
        ana1, ana2, bia1 = b.event("ana"), b.event("ana"), b.event("bia")
        await b.put(ana1, ana2, bia1)
        assert set(b.running) == {ana1, bia1}
        await b.end(ana1)
        assert set(b.running) == {ana2, bia1}
        await b.end(bia1)
        await b.end(ana2)


async def test_acknowledgements_wait_for_every_event_before() -> None:
    async with bench() as b:
        first, second, third = b.event("ana"), b.event("bia"), b.event("eva")
        elsewhere = b.event("ida", partition=1)
        await b.put(first, second, third, elsewhere)
        await b.end(third)
        await b.end(elsewhere)
        assert b.acknowledged == [elsewhere]
        await b.end(first)
        assert b.acknowledged == [elsewhere, first]
        await b.end(second)
        assert b.acknowledged == [elsewhere, first, second, third]


async def test_what_is_left_to_another_worker_is_let_go_as_well() -> None:
    async with bench() as b:
        ours, behind, lost = b.event("ana"), b.event("bia"), b.event("eva")
        await b.put(ours, behind, lost)
        assert b.let_go == []
        await b.end(ours, NotOurs("it left us"))
        await b.end(behind)
        b.generation += 1
        await b.end(lost, ProduceError("Kafka is away"))
        assert b.acknowledged == []
        assert b.let_go == [ours, behind, lost], "Faust would wait for them without end"


async def test_a_burst_of_one_user_leaves_places_for_others() -> None:
    async with bench(limit=2) as b:
        burst = [b.event("ana") for _ in range(5)]
        other = b.event("bia")
        await b.put(*burst, other)
        await b.settle()
        assert set(b.running) == {burst[0], other}
        await b.end(other)
        for event in burst:
            await b.end(event)
        assert b.acknowledged == [*burst, other]


async def test_the_intake_stops_when_too_many_wait() -> None:
    async with bench(limit=1) as b:
        events = [b.event("ana") for _ in range(WAITING_PER_PLACE + 1)]
        putting = asyncio.create_task(b.put(*events))
        await b.settle()
        assert not putting.done()
        await b.end(events[0])
        await putting
        for event in events[1:]:
            await b.end(event)
        assert b.acknowledged == events


async def test_a_users_next_event_never_passes_one_that_was_left() -> None:
    async with bench() as b:
        left, behind, elsewhere = b.event("ana"), b.event("ana"), b.event("ana", partition=1)
        other = b.event("bia")
        await b.put(left, behind, elsewhere, other)
        await b.end(left, NotOurs("this worker leaves"))
        assert set(b.running) == {other, elsewhere}, "another log is another matter"
        await b.end(elsewhere)
        await b.end(other)
        assert b.attempts[behind] == 0
        assert b.acknowledged == [elsewhere]
        assert set(b.let_go) == {left, behind, elsewhere, other}


async def test_no_more_than_the_limit_are_in_the_works() -> None:
    async with bench(limit=2) as b:
        events = [b.event("ana"), b.event("bia"), b.event("eva")]
        await b.put(*events)
        await b.settle()
        assert set(b.running) == {events[0], events[1]}
        await b.end(events[1])
        assert set(b.running) == {events[0], events[2]}
        await b.end(events[0])
        await b.end(events[2])
        assert b.acknowledged == events


async def test_what_cannot_be_handled_is_set_aside_and_acknowledged() -> None:
    async with bench() as b:
        bad, good = b.event("ana"), b.event("ana")
        await b.put(bad, good)
        await b.end(bad, KeyError("a fault"))
        assert b.poisoned == [(bad, "'a fault'")]
        assert b.acknowledged == [bad]
        await b.end(good)
        assert b.acknowledged == [bad, good]


async def test_what_kafka_does_not_take_is_tried_again_and_not_acknowledged() -> None:
    async with bench() as b:
        event, after = b.event("ana"), b.event("ana")
        await b.put(event, after)
        for attempt in range(1, 8):
            assert b.attempts[event] == attempt
            await b.end(event, ProduceError("Kafka is away"))
            assert b.acknowledged == []
        assert b.attempts[after] == 0
        assert b.poisoned == []
        await b.end(event)
        await b.end(after)
        assert b.acknowledged == [event, after]


async def test_poison_that_cannot_be_set_aside_is_tried_again() -> None:
    async with bench() as b:
        b.poison_fails = 2
        event = b.event("ana")
        await b.put(event)
        for _ in range(2):
            await b.end(event, ValueError("a fault"))
            assert (b.acknowledged, b.poisoned) == ([], [])
        await b.end(event, ValueError("a fault"))
        assert b.acknowledged == [event]


async def test_an_event_of_another_generation_is_neither_handled_nor_acknowledged() -> None:
    async with bench() as b:
        running, waiting, stale = b.event("ana"), b.event("ana"), b.event("bia")
        await b.put(running, waiting)
        b.generation = 2
        await b.put(stale)
        assert b.attempts[stale] == 0
        await b.end(running, ProduceError("Kafka is away"))
        assert b.attempts == Counter([running])
        assert b.acknowledged == []
        fresh = b.event("ana")
        await b.put(fresh)
        await b.end(fresh)
        assert b.acknowledged == [fresh]


async def test_an_acknowledgement_never_passes_an_event_that_became_stale() -> None:
    async with bench() as b:
        first, second = b.event("ana"), b.event("bia")
        await b.put(first, second)
        b.generation = 2
        await b.end(first, ProduceError("Kafka is away"))
        await b.end(second)
        assert b.acknowledged == []


async def test_what_another_worker_has_by_now_is_left_to_it() -> None:
    async with bench() as b:
        ours, lost, behind = b.event("ana"), b.event("bia"), b.event("eva")
        await b.put(ours, lost, behind)
        await b.end(ours)
        await b.end(lost, NotOurs("partition 0"))
        await b.end(behind)
        assert b.acknowledged == [ours]
        assert b.attempts[lost] == 1
        assert b.poisoned == []


async def test_the_end_of_the_stream_acknowledges_nothing_unfinished() -> None:
    async with bench() as b:
        first, second = b.event("ana"), b.event("bia")
        await b.put(first, second)
        await b.end(second)
        (task,) = b.lanes._tasks
        task.cancel()
        await b.settle()
        assert b.acknowledged == []


async def drive(seed: int, keys: list[int], limit: int) -> None:
    """Put events of a few users and partitions, and end random attempts in random ways until all are done."""
    rng = random.Random(seed)
    b = Bench(limit=limit)
    # A user is in one partition of each topic; here topics are partitions.
    events = [b.event(str(key), partition=rng.randrange(2)) for key in keys]

    async def put_all() -> None:
        for event in events:
            await b.lanes.put(event)

    putting = asyncio.create_task(put_all())
    ends: list[Callable[[Event], Awaitable[None]]] = [
        b.end,
        b.end,
        lambda event: b.end(event, ProduceError("Kafka is away")),
        lambda event: b.end(event, ValueError("a fault")),
    ]
    await b.settle()
    while b.running:
        assert len(b.running) <= limit
        await rng.choice(ends)(rng.choice(list(b.running)))
    await putting
    done = [event for event, _ in b.poisoned] + b.handled
    assert sorted(map(id, done)) == sorted(map(id, events)), "each is done exactly once"
    for partition in range(2):
        assert [e for e in b.acknowledged if e.message.partition == partition] == [
            e for e in events if e.message.partition == partition
        ]
    for key in set(keys):
        mine = [event for event in b.attempts if event.message.key == str(key).encode()]
        assert mine == [event for event in events if event.message.key == str(key).encode()]
    assert b.lanes.busy == 0
    assert not b.lanes._queues


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 3), max_size=20), st.integers(1, 8))
def test_the_laws_hold_however_attempts_end(seed: int, keys: list[int], limit: int) -> None:
    asyncio.run(drive(seed, keys, limit))
