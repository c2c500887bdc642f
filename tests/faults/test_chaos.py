"""Workers come, die and go under load: nothing is lost, nothing changes order, nothing stalls.

In: a seed (BROKER_TEST_SEED) and a length (BROKER_TEST_CHAOS_SECONDS). Out: complaints, which must be none. With
BROKER_TEST_STOCK=1 the workers run on Faust's own classes; that is expected to fail now and then.
"""

import asyncio
import os
import random

import pytest

from tests.faults import chaos_app
from tests.faults.workers import Bench, complaints, first_times, missing_below_commit

SECONDS = float(os.environ.get("BROKER_TEST_CHAOS_SECONDS", "40"))
SEED = int(os.environ.get("BROKER_TEST_SEED", "20"))
USERS = 40
PER_SECOND = 120
WORKERS = 3

pytestmark = pytest.mark.kafka


async def load(bench: Bench, dice: random.Random, enough: asyncio.Event) -> None:
    """Write numbers for random users until it is enough."""
    while not enough.is_set():
        await asyncio.gather(*(bench.write(user) for user in {f"user-{dice.randrange(USERS)}" for _ in range(12)}))
        await asyncio.sleep(12 / PER_SECOND)


async def torment(bench: Bench, dice: random.Random, until: float) -> list[str]:
    """Start, kill and stop workers at random moments: when all is quiet, or in the midst of a rebalance."""
    loop = asyncio.get_running_loop()
    deeds = []
    while loop.time() < until:
        await asyncio.sleep(dice.uniform(0.5, 3.0))
        running = bench.running()
        deed = dice.choice(["kill", "stop"] if len(running) == WORKERS else ["start", "kill", "stop"])
        if len(running) <= 1:
            deed = "start"
        deeds.append(deed)
        if deed == "kill":
            await bench.workers[dice.choice(running)].kill_and_wait()
        elif deed == "stop":
            await bench.workers[dice.choice(running)].terminate(grace=20.0)
        else:
            port = await bench.start_worker()
            if dice.random() < 0.7:
                await bench.until_ready(port)
    return deeds


async def test_nothing_is_lost_or_reordered_while_workers_come_and_go() -> None:
    dice = random.Random(SEED)
    stock = os.environ.get("BROKER_TEST_STOCK", "0")
    async with Bench(BROKER_TEST_WORK_SECONDS="0.02", BROKER_TEST_STOCK=stock) as bench:
        await bench.until_ready(await bench.start_worker())
        enough = asyncio.Event()
        writing = asyncio.create_task(load(bench, random.Random(SEED), enough))
        try:
            deeds = await torment(bench, dice, asyncio.get_running_loop().time() + SECONDS)
        finally:
            enough.set()
            await writing
        await asyncio.gather(*(worker.kill_and_wait() for worker in bench.workers.values()))
        numbers = await bench.read(chaos_app.NUMBERS)
        early = missing_below_commit(numbers, await bench.read(chaos_app.DONE), await bench.committed())
        assert early == [], f"committed without being done: {early}"

        await bench.until_ready(await bench.start_worker())
        await bench.until_done(within=90.0)
        done = await bench.read(chaos_app.DONE)
        changelog = await bench.read(chaos_app.changelog_name(bench.settings()))
    total, repeated = sum(bench.sent.values()), len(done) - sum(bench.sent.values())
    print(f"{total} numbers, {repeated} repeated, {len(changelog)} states, {deeds}")
    assert complaints(bench.sent, done, changelog) == []
    assert sum(map(len, first_times(done).values())) == total
