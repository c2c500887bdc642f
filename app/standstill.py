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

from aiokafka.client import CoordinationType

ANSWER_SECONDS = 15.0
LOOK_SECONDS = 0.5
SEEN_SECONDS = 5.0
LIMIT_SECONDS_MIN = 60.0
"""A rebalance may stand still three times as long as Kafka waits for its members, and at least so many seconds."""
POSTPONE_SECONDS = 10.0
"""After Kafka was asked in vain it is asked again so much later."""

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
        self._still = 0.0
        self._looked = clock()

    async def look(self, place: Hashable) -> bool:
        """Whether the worker stands still; `place` is None outside a rebalance, and changes when it gets on."""
        now = self._clock()
        # What is longer than this between two looks, the process itself stood still: frozen, not waiting.
        passed, self._looked = min(now - self._looked, SEEN_SECONDS), now
        if place is None or place != self._place:
            self._place, self._still = place, 0.0
            return False
        self._still += passed
        if self._still < self._limit:
            return False
        if await self._kafka_answers():
            return True
        # Without Kafka nobody gets on; a single wrong answer must not buy the whole time again.
        self._still = self._limit - POSTPONE_SECONDS
        return False


def place_of(app: Any) -> Hashable:
    """Where a Faust app is in its rebalance; None when it is in none.

    Every answer of the group's coordinator to a join counts as getting on: it comes with a member id or a generation.
    """
    if not app.rebalancing:
        return None
    coordinator = app.consumer._thread._ensure_consumer()._coordinator
    group = coordinator.generation, coordinator.member_id
    return app.rebalancing_count, *group, app.in_recovery, app.tables.recovery.active_remaining_total()


async def kafka_answers(app: Any) -> bool:
    """Whether Kafka names this worker's group coordinator now, and that takes connections."""
    client = app.producer._ensure_producer().client
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            coordinator = await client.coordinator_lookup(CoordinationType.GROUP, app.conf.id)
            return bool(await client.ready(coordinator))
    except Exception as error:  # noqa: BLE001 - whatever it is, Kafka did not answer
        log.info("in a rebalance, and Kafka does not answer: %r", error)
        return False


def limit_of(app: Any) -> float:
    """For how many seconds a rebalance of an app may stand still."""
    return max(LIMIT_SECONDS_MIN, 3 * float(app.conf.broker_rebalance_timeout))


async def watch(
    app: Any,
    going: Callable[[], bool],
    loops: Callable[[], tuple[asyncio.AbstractEventLoop, ...]],
    end: Callable[[str], None],
) -> None:
    """Look every so often while `going`; `end` is called with the reason when the worker stands still."""
    limit = limit_of(app)
    standstill = Standstill(limit, lambda: kafka_answers(app))
    while going():
        try:
            stands = await standstill.look(place_of(app))
        except Exception:  # the watch must not end what it watches
            log.exception("the place in the rebalance could not be seen")
            stands = False
        if stands:
            try:
                log.error("tasks at the standstill:\n%s", stacks(*loops()))
            finally:
                end(f"a rebalance has stood still for {limit:.0f} s while Kafka answers")
        await asyncio.sleep(LOOK_SECONDS)


def stacks(*loops: asyncio.AbstractEventLoop) -> str:
    """What every task of some loops waits for."""
    lines = []
    for loop in loops:
        for task in asyncio.all_tasks(loop):
            lines.append(f"{task.get_name()}: {task.get_coro()!r}")
            for frame in task.get_stack():
                lines += [line.rstrip() for line in traceback.format_stack(frame, limit=1)]
    return "\n".join(lines)
