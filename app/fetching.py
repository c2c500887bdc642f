"""Fetches the files that wait: a few at a time, and none waits for the end of another.

In: a store with notes, and Meta. Out: files in the store, and notes that say how each try ended. It never ends for
what the store, the network or Meta may do: such a file waits and is tried again.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from app.core.media import Note, NotFetched, State, after_failure, after_success, leased
from app.core.media import media_id as our_id
from app.stores.media import MediaStore, why_away
from app.whatsapp.media_fetch import Located, Place

IN_MEMORY = 200
"""Files a worker has taken up, most of which wait for their place; the others wait on disk."""

TRIED, TRIED_BYTES = our_id("", "", "tried"), 64 * 1024
"""Written and dropped again to see whether the store takes files."""

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
        self._running: dict[str, asyncio.Task[None]] = {}
        self.counts: Counter[str] = Counter()
        self.problem: str | None = None
        """In words, while the store cannot take files."""

    @property
    def busy(self) -> int:
        """Files that are on their way."""
        return len(self._running)

    async def round(self) -> None:
        """Take up files whose turn it is; does not wait for them."""
        if self.problem is not None:
            await self._try_store()
        free = IN_MEMORY - len(self._running)
        if not free:
            return
        try:
            due = await asyncio.to_thread(self._due, free, frozenset(self._running))
        except OSError as error:
            self._away(error)
            return
        for media_id in due:
            self.begin(media_id)

    def begin(self, media_id: str) -> None:
        """Take up a file that has just been announced, without looking through all; a later round finds it else."""
        if len(self._running) >= IN_MEMORY or media_id in self._running:
            return
        task = self._running[media_id] = asyncio.create_task(self._in_turn(media_id))
        task.add_done_callback(lambda _: self._running.pop(media_id))

    async def finish(self) -> None:
        """Wait for the files that are on their way."""
        await asyncio.gather(*self._running.values())

    async def stop(self) -> None:
        """Give up the files that are on their way; they are fetched again after their lease."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _try_store(self) -> None:
        """See whether the store takes files again: there may be none on its way that would tell."""
        try:
            await asyncio.to_thread(_write_and_drop, self._store)
        except OSError as error:
            self.problem = why_away(error)
        else:
            log.info("the store of files can be used again")
            self.problem = None

    def _due(self, most: int, but: frozenset[str]) -> list[str]:
        now = self._clock()
        due = (note.id for note in self._store.waiting() if leased(note, now) and note.id not in but)
        return list(islice(due, most))

    async def _in_turn(self, media_id: str) -> None:
        async with self._places:
            try:
                await self._fetch(media_id)
                self.problem = None
            except OSError as error:
                self._away(error)
            except ValueError as error:
                log.error("file %s is passed over: %s", media_id, error)
            except Exception:
                # It waits for its lease; the others go on.
                log.exception("file %s is passed over", media_id)

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
        except asyncio.CancelledError:
            # In good order: nobody has to wait for the end of the lease. Not in a thread: the loop is ending.
            self._failed(note, NotFetched("its worker was stopped"))
            raise
        except OSError as error:
            await asyncio.to_thread(self._failed, note, NotFetched(why_away(error)))
            raise
        finally:
            await asyncio.to_thread(place.close)
        if isinstance(found, Located):
            await asyncio.to_thread(self._store.keep, after_success(note, found.mime_type, found.sha256, place.size))
            self.counts["stored"] += 1
        else:
            self.counts[await asyncio.to_thread(self._failed, note, found)] += 1

    def _failed(self, note: Note, failure: NotFetched) -> State:
        """Note a try that brought nothing, unless another worker has stored the file; returns how it stands."""
        known = self._store.note(note.id)
        if known is not None and known.state == "stored":
            return known.state
        done = after_failure(note, failure, self._clock())
        self._store.keep(done)
        return done.state

    def _away(self, error: OSError) -> None:
        if self.problem is None:
            log.warning("%s; files wait, messages do not", why_away(error))
        self.problem = why_away(error)


def _write_and_drop(store: MediaStore) -> None:
    place = store.put(TRIED)
    try:
        place.write(bytes(TRIED_BYTES))
    finally:
        place.close()
