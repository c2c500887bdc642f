"""How long a worker may believe that its partitions are its own.

In: heartbeats Kafka accepted, its refusals, new assignments, and a sign of life of the main loop. Out: whether what is
about to be written may be. It exists because a process that is frozen past its session wakes up believing that nothing
has happened. Only transactions could fence the writes themselves: the instant between check and send stays open.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

TICK_SECONDS = 0.5
"""How often the main loop shows that it is alive."""
FROZEN_SECONDS = 2.0
"""A main loop that stood still this long counts as frozen."""
UNCERTAIN_SECONDS = 30.0
"""How long certainty is waited for: less than a rebalance may take, for that waits for the records in the works."""


class NotOurs(Exception):
    """State of a partition that this worker has lost was to be written: the new owner handles the record."""


class Lease:
    """Good for one session, counted as Kafka does at the latest: from the sending of the last accepted heartbeat."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since = self._tick = clock()
        self._woke: float | None = None
        self.lost = False
        """Kafka has put this worker out of the group, and no new assignment has come yet."""

    def renew(self, since: float) -> None:
        """Note that Kafka accepted a heartbeat sent at `since` (seconds of the clock)."""
        self._since = since
        if self._woke is not None and since >= self._woke:
            self._woke = None

    def regain(self) -> None:
        """Note a new assignment."""
        self.lost = False
        self.renew(self._clock())

    @property
    def fresh(self) -> bool:
        """Whether nobody else can have the partitions."""
        return not self.lost and self._clock() - self._since < self._seconds

    def tick(self) -> None:
        """Show that the main loop runs."""
        now = self._clock()
        if now - self._tick > FROZEN_SECONDS:
            self._woke = now
        self._tick = now

    @property
    def overslept(self) -> bool:
        """Whether this process stood still and its session may be over; not so when only Kafka was away."""
        self.tick()
        return self._woke is not None and not self.fresh

    async def settled(self) -> None:
        """Wait until it is certain whether the partitions are still ours, for UNCERTAIN_SECONDS at most.

        aiokafka ends its heartbeat on an answer it does not know, and then nobody would ever say.
        """
        end = self._clock() + UNCERTAIN_SECONDS
        # Time itself ends the lease: nobody could set an event.
        while not (self.lost or self.fresh) and self._clock() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def keep(coordinator: Any, lease: Lease) -> None:
    """Let what aiokafka's group coordinator hears from Kafka reach the lease."""
    heartbeat = getattr(coordinator, "_do_heartbeat", None)
    if heartbeat is None:
        # Without a group there is neither a heartbeat nor anything to lose.
        return
    reset = coordinator.reset_generation

    async def do_heartbeat() -> Any:
        sent = time.monotonic()
        accepted = await heartbeat()
        if accepted:
            lease.renew(sent)
        return accepted

    def reset_generation() -> None:
        lease.lost = True
        reset()

    coordinator._do_heartbeat, coordinator.reset_generation = do_heartbeat, reset_generation
