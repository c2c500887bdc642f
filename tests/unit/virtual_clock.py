"""A clock that stands still while anything can run, and then jumps to the next sleeper: hours pass in no time."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any


class VirtualClock:
    """Time in seconds for everybody who sleeps by it."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    def read(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock has come so far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._number), future))
        await future

    async def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass up to a time, or until nobody sleeps any more, or until told to stop."""
        await self._settle()
        while self._sleepers and not stop() and self._sleepers[0][0] <= until:
            self.now = max(self.now, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self.now:
                future = heapq.heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)
            await self._settle()

    async def _settle(self) -> None:
        ready: Any = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        while ready:
            await asyncio.sleep(0)
