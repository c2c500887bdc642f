"""Slows down guessing: so many wrong codes per address, then a pause.

In: an address, the time, whether a code was wrong. Out: how many seconds to wait. Memory is bounded; nothing is
stored.
"""

from collections import OrderedDict
from collections.abc import Callable

WRONG_MAX = 10
PAUSE_SECONDS = 300.0
ADDRESSES_MAX = 10_000


class Throttle:
    """Counts wrong codes per address; each ages away after the pause."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds this address has to wait before its next try; 0 when it may try."""
        times = self._recent(address)
        return max(0.0, times[-WRONG_MAX] + PAUSE_SECONDS - self._clock()) if len(times) >= WRONG_MAX else 0.0

    def wrong(self, address: str) -> None:
        """Count a wrong code."""
        self._wrong[address] = [*self._recent(address), self._clock()][-WRONG_MAX:]
        self._wrong.move_to_end(address)
        while len(self._wrong) > ADDRESSES_MAX:
            self._wrong.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - PAUSE_SECONDS
        return [at for at in self._wrong.get(address, []) if at > since]
