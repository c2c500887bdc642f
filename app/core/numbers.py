"""What the offsets of an agent's three topics say: messages per minute, errors, and what its program has not read.

In: samples of where the topics end, and what consumer groups have committed. Out: numbers for people, None where
nothing is known. Pure: times are seconds UTC and come in. Must never take a gap for a quiet time: every count is of
the time that was really measured.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

RATE_SECONDS, MINUTE_SECONDS, HOUR_SECONDS = 300.0, 60.0, 3600.0
"""Messages per minute are the mean of the last five minutes: fewer would jump, more would hide a rush."""
KEPT_SECONDS = HOUR_SECONDS + MINUTE_SECONDS
COARSE_SECONDS = 60.0
"""Samples older than `RATE_SECONDS` are thinned out to one in so many seconds."""
SHORTEST_SECONDS = 5.0
"""A rate over less time would be a guess."""

Offsets = tuple[int, ...]
"""One of each partition, from partition 0."""
Readers = Literal["reading", "away", "none"]
"""Whether a group reads: one has members now; some have committed, but none has members; none has ever committed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a topic ended at a time."""

    at: float
    ends: Offsets

    @property
    def total(self) -> int:
        """Records that were ever written."""
        return sum(self.ends)


class History:
    """Where a topic ended in the last hour: every sample of the last minutes, older ones one a minute."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def add(self, at: float, ends: Offsets) -> None:
        """Take a sample, newer than those before; a topic that was made anew begins anew."""
        newest = self.newest
        if newest is not None and at <= newest.at:
            return
        if newest is not None and any(now < before for now, before in zip(ends, newest.ends, strict=False)):
            self._samples.clear()
        self._samples.append(Sample(at, ends))
        self._thin(at)

    @property
    def newest(self) -> Sample | None:
        """The last sample."""
        return self._samples[-1] if self._samples else None

    def since(self, seconds: float) -> tuple[int, float] | None:
        """How many records came in the last so many seconds before the newest sample, and over how long that is known.

        None when nothing is known.
        """
        newest = self.newest
        if newest is None:
            return None
        first = self._before(newest.at - seconds) or self._samples[0]
        return newest.total - first.total, newest.at - first.at

    def waiting_since(self, committed: Offsets) -> float | None:
        """The first sample that saw the oldest record above these offsets; None when none is above.

        It had come since the sample before, or before all of them.
        """
        since = None
        for sample in reversed(self._samples):
            if all(end <= read for end, read in zip(sample.ends, committed, strict=False)):
                break
            since = sample.at
        return since

    def _before(self, at: float) -> Sample | None:
        return next((sample for sample in reversed(self._samples) if sample.at <= at), None)

    def _thin(self, now: float) -> None:
        kept: list[Sample] = []
        for sample in self._samples:
            old = now - sample.at > RATE_SECONDS + COARSE_SECONDS
            if now - sample.at > KEPT_SECONDS or (old and kept and sample.at - kept[-1].at < COARSE_SECONDS):
                continue
            kept.append(sample)
        self._samples = deque(kept)


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group, as far as one topic goes."""

    name: str
    committed: tuple[int | None, ...]
    """Of each partition; None where the group has committed nothing."""
    members: int | None
    """None when Kafka does not tell: of groups of its newest protocol. They count as reading."""

    @property
    def reads(self) -> bool:
        """Whether anybody may be reading."""
        return self.members != 0

    def read(self, begins: Offsets) -> Offsets:
        """Up to where the group has read each partition: from its first record on where it committed nothing."""
        return tuple(max(at or 0, begin) for at, begin in zip(self.committed, begins, strict=True))


def lag(ends: Offsets, read: Offsets) -> int:
    """How many records are above what was read."""
    return sum(max(0, end - at) for end, at in zip(ends, read, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An agent's topic at the last sample."""

    history: History
    begins: Offsets = ()
    groups: tuple[Group, ...] = ()
    """Those that committed something of it."""

    @property
    def ends(self) -> Offsets | None:
        """Where it ends, None when it is not known."""
        newest = self.history.newest
        return newest.ends if newest and len(newest.ends) == len(self.begins) else None


def per_minute(history: History) -> float | None:
    """Records per minute, the mean of the last `RATE_SECONDS`."""
    found = history.since(RATE_SECONDS)
    if found is None or found[1] < SHORTEST_SECONDS:
        return None
    return round(found[0] * 60 / found[1], 1)


def within(history: History, seconds: float) -> int | None:
    """Records of the last so many seconds; None when not even `SHORTEST_SECONDS` of them are known."""
    found = history.since(seconds)
    return None if found is None or found[1] < SHORTEST_SECONDS else found[0]


def readers(topic: Topic, at: float) -> dict[str, Any]:
    """Who reads a topic, and what waits there at a time.

    `unread` is that of the group furthest behind among those with members, for each of them should have what is
    there; without members, of the group that is furthest ahead: a group long given up says nothing. `waiting_seconds`
    is for how long at least the oldest unread record has been there, None when none is unread.
    """
    ends = topic.ends
    if ends is None:
        return {"readers": None, "unread": None, "waiting_seconds": None, "groups": []}
    found = sorted(topic.groups, key=lambda group: lag(ends, group.read(topic.begins)))
    alive = [group for group in found if group.reads]
    state: Readers = "reading" if alive else "away" if found else "none"
    chosen = alive[-1] if alive else found[0] if found else None
    read = chosen.read(topic.begins) if chosen else None
    since = topic.history.waiting_since(read) if read else None
    return {
        "readers": state,
        "unread": lag(ends, read) if read else None,
        "waiting_seconds": round(at - since, 1) if since is not None else None,
        "groups": [
            {"group": group.name, "members": group.members, "unread": lag(ends, group.read(topic.begins))}
            for group in found
        ],
    }


def numbers(topics: Mapping[str, Topic], names: Iterable[str], at: float) -> dict[str, Any]:
    """The numbers of an agent with these in, out and error topics, at the time of the last sample."""
    incoming, outgoing, errors = (topics.get(name) or Topic(history=History()) for name in names)
    carried = readers(outgoing, at)
    return {
        "in_per_minute": per_minute(incoming.history),
        "out_per_minute": per_minute(outgoing.history),
        "errors_last_minute": within(errors.history, MINUTE_SECONDS),
        "errors_last_hour": within(errors.history, HOUR_SECONDS),
        **readers(incoming, at),
        "not_carried": carried["unread"],
    }
