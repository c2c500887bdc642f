"""A worker frozen past its session wakes up, believing that nothing has happened; it must write no state.

In: two workers, one of them stopped with SIGSTOP in the midst of its work until the other has all partitions; or Kafka
itself, frozen as long. Out: what was written after the end of the freeze. What the frozen worker *did* before is done
again by the other: that is at-least-once. With BROKER_TEST_WITHOUT_LEASE=1 the guard is off, and the state goes back.
"""

import asyncio

import orjson
import pytest

from tests.faults import chaos_app
from tests.faults.workers import Bench, complaints, first_times
from tests.system.system import KAFKA, until

USERS = [f"user-{number}" for number in range(24)]
SESSION_SECONDS = 6.0 if KAFKA == "embedded" else 15.0

pytestmark = pytest.mark.kafka


async def test_a_worker_that_wakes_after_its_session_writes_no_state() -> None:
    async with Bench(BROKER_TEST_WORK_SECONDS="0.2") as bench:
        sleeper = await bench.start_worker()
        await bench.until_ready(sleeper)
        for _ in range(6):
            await asyncio.gather(*(bench.write(user) for user in USERS))

        async def some_done() -> bool:
            return len(await bench.read(chaos_app.DONE)) > len(USERS)

        await until(some_done, 20.0, "the first numbers done")
        bench.workers[sleeper].pause()
        other = await bench.start_worker()
        await bench.until_ready(other, within=SESSION_SECONDS + 60.0)
        await bench.until_done(within=60.0)
        for _ in range(3):
            await asyncio.gather(*(bench.write(user) for user in USERS))
        await bench.until_done(within=60.0)
        before = len(await bench.read(chaos_app.changelog_name(bench.settings())))
        done_before = len(await bench.read(chaos_app.DONE))

        bench.workers[sleeper].resume()

        async def back_or_gone() -> bool:
            if not bench.workers[sleeper].running:
                return True
            readings = await bench.read(chaos_app.DONE)
            workers = {orjson.loads(record.value)["worker"] for record in readings[done_before:]}
            if not {sleeper, other} <= workers:
                await asyncio.gather(*(bench.write(user) for user in USERS))
            return {sleeper, other} <= workers

        await until(back_or_gone, 60.0, "the frozen worker back at work, or ended")
        if not bench.workers[sleeper].running:
            await bench.until_ready(await bench.start_worker())
        await bench.until_done(within=60.0)
        done = await bench.read(chaos_app.DONE)
        changelog = await bench.read(chaos_app.changelog_name(bench.settings()))
        print(f"{before} states before, {len(changelog)} after; code {bench.workers[sleeper].returncode}")
        print(bench.workers[sleeper].quote())
    assert complaints(bench.sent, done, changelog) == []
    assert sum(map(len, first_times(done).values())) == sum(bench.sent.values())


async def test_workers_outlive_a_kafka_that_was_away_longer_than_their_session() -> None:
    async with Bench(BROKER_TEST_WORK_SECONDS="0.05") as bench:
        workers = [await bench.start_worker() for _ in range(2)]
        for worker in workers:
            await bench.until_ready(worker)
        for _ in range(4):
            await asyncio.gather(*(bench.write(user) for user in USERS))
        bench.kafka.pause()
        await asyncio.sleep(SESSION_SECONDS + 4.0)
        bench.kafka.resume()
        await asyncio.gather(*(bench.write(user) for user in USERS))
        await bench.until_done(within=90.0)
        assert bench.running() == workers, [bench.workers[one].quote() for one in workers]
        done = await bench.read(chaos_app.DONE)
        changelog = await bench.read(chaos_app.changelog_name(bench.settings()))
    assert complaints(bench.sent, done, changelog) == []
