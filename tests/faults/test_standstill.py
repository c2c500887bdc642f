"""A rebalance that stands still ends the worker; one that gets on, and one without Kafka, does not.

In: a clock, and places in a rebalance; and a whole worker whose rebalance is made to hang. Out: whether it ends, and
that another goes on with its users.
"""

import asyncio

import pytest

from app.standstill import POSTPONE_SECONDS, Standstill, stacks
from tests.faults.workers import Bench
from tests.system.system import until


class World:
    """A clock and a Kafka."""

    now = 100.0
    kafka = True

    async def answers(self) -> bool:
        return self.kafka

    def standstill(self) -> Standstill:
        return Standstill(90.0, self.answers, lambda: self.now)


async def test_a_rebalance_that_stands_still_is_noticed_after_its_time() -> None:
    world = World()
    watch = world.standstill()
    assert not await watch.look("revoking")
    world.now += 89
    assert not await watch.look("revoking")
    world.now += 1
    assert await watch.look("revoking")


async def test_a_rebalance_that_gets_on_may_take_any_time() -> None:
    world = World()
    watch = world.standstill()
    for left in range(20, 0, -1):
        world.now += 80
        assert not await watch.look(("recovering", left))


async def test_outside_a_rebalance_time_does_not_count() -> None:
    world = World()
    watch = world.standstill()
    for _ in range(5):
        world.now += 1000
        assert not await watch.look(None)
    assert not await watch.look("revoking")


async def test_without_kafka_nobody_gets_on_and_it_is_asked_again_later() -> None:
    world = World()
    watch = world.standstill()
    await watch.look("recovering")
    world.kafka = False
    for _ in range(30):
        world.now += 91
        assert not await watch.look("recovering")
    world.kafka = True
    world.now += POSTPONE_SECONDS - 1
    assert not await watch.look("recovering")
    world.now += 1
    assert await watch.look("recovering")


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
