"""The lease and the lanes at the moment a worker loses its partitions.

In: a clock turned by hand, heartbeats as Kafka answers them. Out: what may still be written, and what is acknowledged.
"""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from app import faust_compat
from app.faust_app import BrokerApp
from app.faust_compat import SafeConsumer, SafeProducer
from app.lanes import worker_lanes
from app.lease import FROZEN_SECONDS, TICK_SECONDS, UNCERTAIN_SECONDS, Lease, NotOurs, keep
from tests.faults.books import ONE, a_consumer

SESSION = 20.0


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    return Lease(SESSION, clock)


def test_a_lease_lasts_one_session_from_the_sending_of_a_heartbeat(lease: Lease, clock: Clock) -> None:
    clock.now += 15
    lease.renew(clock.now - 1)
    clock.now += SESSION - 2
    assert lease.fresh
    clock.now += 2
    assert not lease.fresh


def test_a_process_that_stood_still_past_its_session_has_overslept(lease: Lease, clock: Clock) -> None:
    clock.now += SESSION + 1
    assert lease.overslept
    lease.renew(clock.now - SESSION)  # The answer to a heartbeat from before the sleep proves nothing.
    assert lease.overslept
    lease.renew(clock.now)
    assert not lease.overslept


def test_a_process_that_waited_for_kafka_has_not_overslept(lease: Lease, clock: Clock) -> None:
    for _ in range(int(3 * SESSION / TICK_SECONDS)):
        clock.now += TICK_SECONDS
        lease.tick()
    assert not lease.fresh
    assert not lease.overslept


def test_a_short_stop_is_no_matter(lease: Lease, clock: Clock) -> None:
    clock.now += FROZEN_SECONDS + 1
    assert not lease.overslept


async def test_heartbeats_reach_the_lease(lease: Lease) -> None:
    answers = iter([True, False])

    async def heartbeat() -> bool:
        return next(answers)

    resets: list[bool] = []
    coordinator = SimpleNamespace(_do_heartbeat=heartbeat, reset_generation=lambda: resets.append(True))
    keep(coordinator, lease)
    before = lease._since
    assert await coordinator._do_heartbeat()
    renewed = lease._since
    assert renewed != before
    assert not await coordinator._do_heartbeat()
    assert lease._since == renewed
    coordinator.reset_generation()
    assert resets == [True]
    assert lease.lost


async def test_waiting_for_certainty_ends_either_way(lease: Lease, clock: Clock) -> None:
    for end in (lambda: lease.renew(clock.now), lambda: setattr(lease, "lost", True)):
        clock.now += SESSION + 1
        waiting = asyncio.create_task(lease.settled())
        await asyncio.sleep(0)
        assert not waiting.done()
        end()
        await asyncio.wait_for(waiting, 1.0)


async def test_waiting_for_certainty_has_a_limit(lease: Lease, clock: Clock) -> None:
    clock.now += SESSION + 1
    waiting = asyncio.create_task(lease.settled())
    await asyncio.sleep(0)
    clock.now += UNCERTAIN_SECONDS
    await asyncio.wait_for(waiting, 1.0)


async def test_state_from_before_the_freeze_does_not_go_out(app: BrokerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(faust_compat, "hard_exit", ended.append)
    clock = Clock()
    consumer = a_consumer(app, SafeConsumer)
    consumer.lease = Lease(SESSION, clock)
    app.tables._changelogs = {"compat-last-changelog": None}
    producer = SafeProducer(app.producer_transport)
    clock.now += SESSION + 1
    consumer.lease.lost = True
    await producer._fence(["done"])
    assert ended == []
    await producer._fence(["done", "compat-last-changelog"])
    assert len(ended) == 1
    consumer.lease.regain()
    await producer._fence(["compat-last-changelog"])
    assert len(ended) == 1


@dataclass(eq=False)
class Message:
    """A record as Faust hands it out; it is kept by weak references."""

    tp: TP
    key: bytes
    offset: int
    generation_id: int = 0


class Event:
    """An event of the partition that is ours, and whether it was acknowledged."""

    def __init__(self, offset: int, key: bytes = b"user") -> None:
        self.message = Message(ONE, key, offset)
        self.acknowledged = False

    def ack(self) -> None:
        self.acknowledged = True


async def test_lanes_leave_the_records_of_a_lost_partition_alone(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)
    handled: list[int] = []
    begun = asyncio.Event()

    async def handle(event: Any) -> None:
        handled.append(event.message.offset)
        if event.message.offset == 0:
            begun.set()
            while not consumer.lease.lost:
                await asyncio.sleep(0)
            raise NotOurs("lost")

    async def poisoned(event: Any, error: Exception) -> None:
        raise AssertionError("a record that is not ours is nobody's poison") from error

    lanes = worker_lanes(app, handle, poisoned, limit=10)
    events = [Event(0), Event(1), Event(2, b"another user")]
    for event in events:
        consumer._unacked_messages.add(event.message)
        await lanes.put(event)
    await begun.wait()
    while 2 not in handled:
        await asyncio.sleep(0)
    consumer.lease.lost = True
    while lanes.busy:
        await asyncio.sleep(0)
    assert sorted(handled) == [0, 2]
    assert not any(event.acknowledged for event in events)
    assert not lanes._queues
    assert not lanes._last
    assert not consumer._unacked_messages, "Faust would wait for them at the next rebalance without end"
