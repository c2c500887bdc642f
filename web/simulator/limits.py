"""How fast one may send: to the same user (131056) and from the number as a whole (130429).

Times come in, yes or no goes out. Both are token buckets: the pair bucket holds the documented burst of
45 and refills one each 6 s, which is the ten a minute that Meta lets a business borrow against.
"""

from dataclasses import dataclass

PAIR_BURST = 45.0
PAIR_REFILL_PER_SECOND = 1 / 6


@dataclass(slots=True)
class Bucket:
    """A token bucket; time in seconds comes from outside."""

    capacity: float
    refill_per_second: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Take one token if there is one."""
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.refill_per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limits:
    """The buckets of every business number, each named by its `phone_number_id`."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Bucket] = {}
        self._numbers: dict[str, Bucket] = {}

    def take_pair(self, number: str, user: str, now: float) -> bool:
        """Return whether one more message of a number to this user is allowed now."""
        bucket = self._pairs.setdefault((number, user), Bucket(PAIR_BURST, PAIR_REFILL_PER_SECOND, PAIR_BURST, now))
        return bucket.take(now)

    def take_number(self, number: str, per_second: int, now: float) -> bool:
        """Return whether a number may carry one more message, in or out, at this rate."""
        bucket = self._numbers.get(number)
        if bucket is None or bucket.capacity != per_second:
            bucket = self._numbers[number] = Bucket(per_second, per_second, per_second, now)
        return bucket.take(now)
