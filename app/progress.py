"""Whether work gets done: the check behind `/live` of a worker whose records are stuck.

In: how many records are in the works and how many were ever finished, looked at now and then. Out: None, or what
stands still. It decides nothing: whoever asks restarts the worker.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

STUCK_SECONDS = 900.0
"""Longer than anything a record waits for by design."""


class Works(Protocol):
    """What is looked at (app/lanes.py)."""

    @property
    def busy(self) -> int:
        """Records in the works."""

    @property
    def finished(self) -> int:
        """Records that have left the works, ever."""


class Progress:
    """Remembers when something was last seen to move."""

    def __init__(
        self,
        works: Callable[[], Works | None],
        kafka: Callable[[], Awaitable[str | None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`kafka` is the check of Kafka: while it is away nothing is finished, and no restart would help."""
        self._works = works
        self._kafka = kafka
        self._clock = clock
        self._finished = -1
        self._moved = clock()

    async def check(self) -> str | None:
        """None while records are finished, or none are in the works."""
        works, now = self._works(), self._clock()
        if works is None or not works.busy or works.finished != self._finished:
            # Without work there is nothing to compare with: the time counts from the next look that finds some.
            self._finished = works.finished if works is not None and works.busy else -1
            self._moved = now
            return None
        still = now - self._moved
        if still < STUCK_SECONDS or await self._kafka():
            return None
        return f"{works.busy} records are in the works and none was finished for {still:.0f} s"
