"""How fast messages may leave: from a business number as a whole, and to one user.

In: times in seconds (of any one clock), and Meta's complaints. Out: how long to wait. Pure objects: nothing here looks
at a clock or waits. Limits are Meta's (whatsapp-cloud-api, 7.1); what they cannot know is what other programs send.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.core.backoff import pair_seconds

BURST_SECONDS = 0.25
"""How much of a second's messages may leave at once after a pause."""
DEBT_SECONDS = 1.0
"""At most so much of the future is taken by messages that come in, which count as well."""
SLOWEST = 1 / 64
"""However often Meta complains, this part of the rate stays."""
REGROW_SECONDS = 60.0
"""From nothing back to the full rate, evenly."""
CALM_SECONDS = 1.0
"""Complaints closer together than this are about the same burst."""

ROUNDING = 1e-6
"""Tokens, and seconds, too few to count: times of today have no more digits."""
SHORTEST_SECONDS = 0.001
"""No wait is shorter, so that none is too short for the clock to show."""

PAIR_BURST = 44.0
"""One below Meta's 45: its clock and ours do not strike together."""
PAIR_SECONDS = 6.0
"""One message to a user in so many seconds, in the long run (chapter 7.1)."""
PAIRS_KEPT = 10_000
"""Users whose pace is remembered before those who are at rest are forgotten."""


def share(rate: float, mine: int, partitions: int) -> float:
    """What a worker with `mine` of all partitions may use of a rate that all workers share.

    A worker whose partitions are being handed out still has messages on their way: it counts as having one.
    """
    return rate * min(max(mine, 1), partitions) / partitions


@dataclass(slots=True)
class Bucket:
    """A token bucket, full at the start; capacity and level in tokens."""

    capacity: float
    per_second: float
    at: float
    level: float = field(default=-1.0)

    def __post_init__(self) -> None:
        if self.level < 0:
            self.level = self.capacity

    def _flow(self, now: float) -> None:
        self.level = min(self.capacity, self.level + max(0.0, now - self.at) * self.per_second)
        self.at = max(self.at, now)

    def set(self, capacity: float, per_second: float, now: float) -> None:
        """Change the bucket; what has flowed in so far did so at the old rate."""
        self._flow(now)
        self.capacity, self.per_second = capacity, per_second
        self.level = min(self.level, capacity)

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self._flow(now)
        if self.level >= 1.0 - ROUNDING:
            return 0.0
        return max(SHORTEST_SECONDS, (1.0 - self.level) / self.per_second)

    def take(self, now: float, debt: float = 0.0) -> None:
        """Take a token; the level may fall below 0, to `-debt` at most."""
        self._flow(now)
        self.level = max(min(self.level, -debt), self.level - 1.0)

    def empty(self, now: float) -> None:
        """Let out what is in it."""
        self._flow(now)
        self.level = min(self.level, 0.0)

    def is_full(self, now: float) -> bool:
        """Whether nothing of it is in use."""
        self._flow(now)
        return self.level >= self.capacity


class NumberRate:
    """The rate of one business number on this worker: halved when Meta complains, growing back evenly."""

    def __init__(self, full: float, now: float) -> None:
        """`full` is this worker's share, in messages per second."""
        self._factor = 1.0
        self._since = now
        self._complained = float("-inf")
        self._bucket = Bucket(_burst(full), full, now)

    def now(self, full: float, now: float) -> float:
        """Messages per second that may leave at this time."""
        return full * self._grown(now)

    def wait(self, full: float, now: float) -> float:
        """Seconds until the next message may leave."""
        rate = self.now(full, now)
        self._bucket.set(_burst(rate), rate, now)
        return self._bucket.wait(now)

    def take(self, now: float) -> None:
        """A message leaves."""
        self._bucket.take(now)

    def received(self, full: float, now: float) -> None:
        """A message came in: it counts, but nobody waits for it."""
        self._bucket.take(now, debt=full * DEBT_SECONDS)

    def complained(self, now: float) -> bool:
        """Meta finds the number too fast; True when the rate was halved, False when it just was."""
        if now - self._complained < CALM_SECONDS:
            return False
        self._factor = max(SLOWEST, self._grown(now) / 2)
        self._since = self._complained = now
        return True

    def _grown(self, now: float) -> float:
        return min(1.0, self._factor + max(0.0, now - self._since) / REGROW_SECONDS)


def _burst(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)


class Pair:
    """The pace towards one user: a burst, then one message in six seconds, and 4**n seconds after each complaint."""

    def __init__(self, now: float, seconds: float = PAIR_SECONDS) -> None:
        """`seconds` pass between two messages in the long run."""
        self._bucket = Bucket(PAIR_BURST, 1 / seconds, now)
        self._not_before = now
        self._strikes = 0

    def wait(self, now: float) -> float:
        """Seconds until a new message may leave for this user."""
        return max(self._bucket.wait(now), self.wait_again(now))

    def wait_again(self, now: float) -> float:
        """Seconds until a message that was refused for its pace may leave again; it has its token already."""
        left = self._not_before - now
        return left if left > ROUNDING else 0.0

    def take(self, now: float) -> None:
        """A new message leaves."""
        self._bucket.take(now)

    def complained(self, now: float) -> None:
        """Meta finds the pace too fast (131056): there was less left than we thought, namely nothing."""
        self._not_before = now + pair_seconds(self._strikes)
        self._strikes += 1
        self._bucket.empty(now)

    def accepted(self) -> None:
        """Meta took a message: the next complaint is the first again."""
        self._strikes = 0

    def at_rest(self, now: float) -> bool:
        """Whether nothing of late would make it wait."""
        return self._not_before <= now and self._bucket.is_full(now)


class Pairs:
    """The pace towards every user of late; those at rest are forgotten."""

    def __init__(self, seconds: float = PAIR_SECONDS, kept: int = PAIRS_KEPT) -> None:
        """`seconds` as a pair has them; above `kept` users those at rest are forgotten."""
        self._seconds = seconds
        self._pairs: dict[str, Pair] = {}
        self._kept = kept
        self._sweep_at = kept

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def of(self, key: str, now: float) -> Pair:
        """The pace towards a user."""
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= self._sweep_at:
                self._pairs = {name: kept for name, kept in self._pairs.items() if not kept.at_rest(now)}
                self._sweep_at = max(self._kept, 2 * len(self._pairs))
            pair = self._pairs[key] = Pair(now, self._seconds)
        return pair
