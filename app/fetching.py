"""Fetches the files that wait: one round after the other, a few at a time.

In: a store with notes, and Meta. Out: files in the store, and notes that say how each try ended. It never ends for
what the disk, the network or Meta may do: such a file waits and is tried again.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from app.core.media import Note, NotFetched, after_failure, after_success, leased
from app.stores.media import MediaStore
from app.whatsapp.media_fetch import Located, Place

log = logging.getLogger("broker.media")


class Source(Protocol):
    """Where files come from."""

    async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
        """Write a file's bytes to a place; raises OSError of the place alone."""


class Fetcher:
    """Works through the waiting notes of a store; `at_once` files at the same time."""

    def __init__(self, store: MediaStore, source: Source, clock: Callable[[], float], at_once: int) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._places = asyncio.Semaphore(at_once)
        self.counts: Counter[str] = Counter()
        self.problem: str | None = None
        """In words, while the store cannot take files."""

    async def round(self) -> None:
        """Try every file whose turn it is once."""
        try:
            waiting = await asyncio.to_thread(lambda: list(self._store.waiting()))
        except OSError as error:
            self._away(error)
            return
        now = self._clock()
        await asyncio.gather(*(self._in_turn(note.id) for note in waiting if leased(note, now)))

    async def _in_turn(self, media_id: str) -> None:
        async with self._places:
            try:
                await self._fetch(media_id)
                self.problem = None
            except OSError as error:
                self._away(error)
            except ValueError as error:
                log.error("file %s is passed over: %s", media_id, error)

    async def _fetch(self, media_id: str) -> None:
        # Read again: while it waited for its place, another worker may have taken it.
        known = await asyncio.to_thread(self._store.note, media_id)
        note = leased(known, self._clock()) if known else None
        if note is None:
            return
        await asyncio.to_thread(self._store.keep, note)
        place = await asyncio.to_thread(self._store.put, media_id)
        try:
            found = await self._source.fetch(note, place)
            if isinstance(found, Located):
                await asyncio.to_thread(place.commit)
                done = after_success(note, found.mime_type, found.sha256, place.size)
            else:
                done = after_failure(note, found, self._clock())
        except OSError as error:
            await asyncio.to_thread(self._store.keep, after_failure(note, NotFetched(_words(error)), self._clock()))
            raise
        finally:
            await asyncio.to_thread(place.close)
        await asyncio.to_thread(self._store.keep, done)
        self.counts[done.state] += 1

    def _away(self, error: OSError) -> None:
        if self.problem is None:
            log.warning("%s; files wait, messages do not", _words(error))
        self.problem = _words(error)


def _words(error: OSError) -> str:
    return f"the directory of files cannot be used: {error.strerror or error}"
