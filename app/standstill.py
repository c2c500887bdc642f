"""Ends a worker whose rebalance or recovery stands still: a new one gets the partitions and goes on.

In: where the worker is in its rebalance, looked at every so often. Out: nothing while it gets on or Kafka is away; else
the stacks of all tasks in the log, and the end of the process. Faust 0.15.3 has ways to wait for ever there, and nobody
would answer the users of its partitions meanwhile.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

ANSWER_SECONDS = 5.0

log = logging.getLogger("broker.faust")


class Standstill:
    """Notices that a rebalance has not got on for `limit` seconds although Kafka answers."""

    def __init__(
        self,
        limit: float,
        kafka_answers: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._kafka_answers = kafka_answers
        self._clock = clock
        self._place: Hashable = None
        self._since = clock()

    async def look(self, place: Hashable) -> bool:
        """Whether the worker stands still; `place` is None outside a rebalance, and changes when it gets on."""
        now = self._clock()
        if place is None or place != self._place:
            self._place, self._since = place, now
            return False
        if now - self._since < self._limit:
            return False
        if await self._kafka_answers():
            return True
        self._since = self._clock()  # without Kafka nobody gets on
        return False


def place_of(app: Any) -> Hashable:
    """Where a Faust app is in its rebalance; None when it is in none."""
    if not app.rebalancing:
        return None
    recovery = app.tables.recovery
    return app.rebalancing_count, app.consumer_generation_id, app.in_recovery, recovery.active_remaining_total()


async def kafka_answers(app: Any) -> bool:
    """Whether Kafka answers this worker's producer now."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await app.producer._ensure_producer().client.fetch_all_metadata()
    except Exception as error:  # noqa: BLE001 - whatever it is, Kafka did not answer
        log.info("in a rebalance, and Kafka does not answer: %r", error)
        return False
    return True


def stacks(*loops: asyncio.AbstractEventLoop) -> str:
    """What every task of some loops waits for."""
    lines = []
    for loop in loops:
        for task in asyncio.all_tasks(loop):
            lines.append(f"{task.get_name()}: {task.get_coro()!r}")
            for frame in task.get_stack():
                lines += [line.rstrip() for line in traceback.format_stack(frame, limit=1)]
    return "\n".join(lines)
