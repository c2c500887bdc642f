"""What `/live` of the sender looks at: a message that waits by design is no standstill, one that hangs is."""

import asyncio
from dataclasses import replace
from typing import Any

from app.core.codes import MEANINGS
from app.core.verdicts import Verdict
from app.lanes import Lanes
from app.progress import STUCK_SECONDS, Progress
from tests.unit.histories import NOW
from tests.unit.sender_bench import ACCEPTED, SEND, Bench, answered, outbox_event

HELD = 131042
MENU = replace(SEND, agent=None)
"""The broker's own words: they wait for an hour."""


async def kafka() -> str | None:
    return None


def started(bench: Bench) -> Lanes:
    """The sender's lanes, as its processor makes them."""
    bench.sender.lanes = Lanes(bench.sender.handle, bench.sender.poisoned, limit=10)
    return bench.sender.lanes


async def test_before_its_processor_has_started_a_sender_has_nothing_in_the_works() -> None:
    assert (Bench().sender.busy, Bench().sender.finished) == (0, 0)


async def test_a_message_that_is_held_for_long_is_no_standstill() -> None:
    assert MEANINGS[HELD].holds == "number"
    bench = Bench(answered(HELD))
    lanes = started(bench)
    progress = Progress(lambda: bench.sender, kafka, lambda: bench.now)
    await lanes.put(outbox_event(MENU))
    while lanes.busy:
        assert await progress.check() is None
        await asyncio.sleep(0)
    assert bench.finished().verdict == "late"
    assert bench.now - NOW > 3 * STUCK_SECONDS


async def test_a_request_that_never_ends_is_a_standstill() -> None:
    over = asyncio.Event()

    class Silent:
        async def send(self, phone_number_id: str, body: dict[str, Any]) -> Verdict:
            await over.wait()
            return ACCEPTED

    bench = Bench(meta=Silent())
    lanes = started(bench)
    progress = Progress(lambda: bench.sender, kafka, lambda: bench.now)
    await lanes.put(outbox_event(MENU))
    for _ in range(20):
        assert await progress.check() is None
        await asyncio.sleep(0)
    bench.now += STUCK_SECONDS
    assert await progress.check() == "1 records are in the works and none was finished for 900 s"
    over.set()
    while lanes.busy:
        await asyncio.sleep(0)
    assert await progress.check() is None
