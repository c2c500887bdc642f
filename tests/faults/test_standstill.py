"""A rebalance that stands still ends the worker; one that gets on, and one without Kafka, does not.

In: a clock, and places in a rebalance; and a whole worker whose rebalance is made to hang. Out: whether it ends, and
that another goes on with its users.
"""

import asyncio
from collections.abc import Hashable

import pytest

from app.standstill import POSTPONE_SECONDS, Standstill, stacks
from tests.faults.workers import Bench
from tests.system.system import until


class World:
    """A clock, a Kafka, and somebody who looks every second."""

    now = 100.0
    kafka = True

    def __init__(self) -> None:
        self.watch = Standstill(90.0, self.answers, lambda: self.now)

    async def answers(self) -> bool:
        return self.kafka

    async def looks(self, place: Hashable, seconds: int) -> bool:
        """Whether it ever looked like a standstill."""
        found = False
        for _ in range(seconds):
            self.now += 1
            found = await self.watch.look(place) or found
        return found


async def test_a_rebalance_that_stands_still_is_noticed_after_its_time() -> None:
    world = World()
    assert not await world.looks("revoking", 90)
    assert await world.looks("revoking", 1)


async def test_a_rebalance_that_gets_on_may_take_any_time() -> None:
    world = World()
    for left in range(20, 0, -1):
        assert not await world.looks(("recovering", left), 80)


async def test_outside_a_rebalance_time_does_not_count() -> None:
    world = World()
    assert not await world.looks(None, 1000)
    assert not await world.looks("revoking", 90)


async def test_a_process_that_was_frozen_did_not_wait() -> None:
    world = World()
    assert not await world.looks("recovering", 10)
    world.now += 1000
    assert not await world.looks("recovering", 60)


async def test_without_kafka_nobody_gets_on_and_it_is_asked_again_later() -> None:
    world = World()
    world.kafka = False
    assert not await world.looks("recovering", 500)
    world.kafka = True
    assert await world.looks("recovering", int(POSTPONE_SECONDS))


async def test_the_stacks_name_what_each_task_waits_for() -> None:
    async def waiting_for_godot() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(waiting_for_godot(), name="estragon")
    await asyncio.sleep(0)
    said = stacks(asyncio.get_running_loop())
    task.cancel()
    assert "estragon" in said
    assert "waiting_for_godot" in said


@pytest.mark.kafka
async def test_a_worker_whose_rebalance_hangs_ends_and_another_has_its_users() -> None:
    async with Bench(BROKER_TEST_HANGS="1") as bench:
        stuck = await bench.start_worker()
        await bench.until_ready(stuck)
        bench.environment.pop("BROKER_TEST_HANGS")
        # Its coming is a rebalance, in which the first one hangs.
        await bench.start_worker()

        async def ended() -> bool:
            return not bench.workers[stuck].running

        await until(ended, 240, "the end of the worker that hangs")
        assert bench.workers[stuck].returncode == 70, bench.workers[stuck].quote()
        # A supervisor starts what has ended; the embedded broker lets the newcomer wait so long that it ends as well.
        await bench.until_ready(await bench.start_worker())
        for number in range(20):
            await bench.write(f"user-{number}")
        await bench.until_done(120)
