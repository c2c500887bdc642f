"""A log with rising numbers that readers can wait on: transcripts, graph log, webhook log.

Entries with a `seq` come in; out go those newer than a number, at once or when one arrives. It never
holds more than its limit and forgets the oldest first.
"""

import asyncio
from bisect import bisect_right
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    """What a journal keeps: anything numbered in rising order and counting its changes."""

    seq: int
    changed: int


Entry = TypeVar("Entry", bound=Numbered)


class Counter:
    """Rising numbers shared by all journals of one simulator."""

    def __init__(self) -> None:
        self.last = 0

    def next(self) -> int:
        """Return the next number."""
        self.last += 1
        return self.last


class Journal(Generic[Entry]):
    """A bounded, numbered list with long-polling readers."""

    def __init__(self, counter: Counter, limit: int) -> None:
        self._counter = counter
        self._limit = limit
        self._entries: list[Entry] = []
        self._news = asyncio.Event()

    @property
    def entries(self) -> list[Entry]:
        """All entries still kept, oldest first."""
        return self._entries

    def append(self, entry: Entry) -> None:
        """Keep an entry whose seq is higher than any before, and wake the readers."""
        self._entries.append(entry)
        if len(self._entries) > self._limit + self._limit // 10:
            del self._entries[: -self._limit]
        self._wake()

    def touch(self, entry: Entry) -> None:
        """Note that an entry changed, and wake the readers."""
        entry.changed = self._counter.next()
        self._wake()

    def newer(self, after: int, changed_after: int | None = None) -> list[Entry]:
        """Return the entries after a seq or, if given, those changed after a revision."""
        if changed_after is not None:
            return [entry for entry in self._entries if entry.changed > changed_after]
        return self._entries[bisect_right(self._entries, after, key=lambda entry: entry.seq) :]

    async def wait_newer(self, after: int, seconds: float, changed_after: int | None = None) -> list[Entry]:
        """Return what is newer, waiting up to so many seconds for it; an empty list when none came."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not (found := self.newer(after, changed_after)):
            remaining = deadline - loop.time()
            if remaining <= 0:
                break
            try:
                async with asyncio.timeout(remaining):
                    await self._news.wait()
            except TimeoutError:
                break
        return found

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
