"""What the media process does beside serving: notes the files in messages, fetches them, sweeps old ones away.

In: records of the topic `webhook`. Out: a waiting note in the store for each file in them before the batch counts as
read, then the files. A store that is full stops the reading until it heals, never a message: the router reads for
itself.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
from mode import Service

from app.core.events import UserWrote
from app.core.media import Note, note_of
from app.fetching import Fetcher
from app.settings import Settings
from app.stores.media import MediaStore
from app.whatsapp.graph import Token
from app.whatsapp.inbound import read_item
from app.whatsapp.media_fetch import MediaSource

AT_ONCE = 8
"""Files a worker fetches at the same time."""
ROUND_SECONDS = 1.0
SWEEP_SECONDS = 3600.0
STUCK_SECONDS = 300.0
"""A round looks at the store; one that takes so long does not come back."""

log = logging.getLogger("broker.media")


class MediaIntake:
    """Notes files before their messages count as read."""

    def __init__(self, store: MediaStore, noted: Callable[[str], None]) -> None:
        """`noted` is called with the id of each file there is to fetch."""
        self._store = store
        self._noted = noted
        self.counts: Counter[str] = Counter()

    async def handle(self, records: list[Any]) -> None:
        """Announce the files of a batch; raises OSError when the store cannot take a note."""
        for note in filter(None, map(_note, records)):
            try:
                await asyncio.to_thread(self._store.announce, note)
            except ValueError as error:
                log.error("the note of file %s cannot be read (%s): repair or delete it", note.id, error)
                continue
            self.counts["noted"] += 1
            self._noted(note.id)


class MediaWork(Service):
    """Fetches and sweeps as long as the process lives."""

    def __init__(self, settings: Settings, store: MediaStore, token: Token) -> None:
        super().__init__()
        self._settings = settings
        self._store = store
        self._token = token
        self._http: aiohttp.ClientSession | None = None
        self._last_round = time.monotonic()
        self.fetcher: Fetcher | None = None
        self.counts: Counter[str] = Counter()

    def noted(self, media_id: str) -> None:
        """There is a file to fetch."""
        if self.fetcher is not None:
            self.fetcher.begin(media_id)

    async def disk(self) -> str | None:
        """What keeps the store from taking files, for the health check."""
        return self.fetcher.problem if self.fetcher else "the fetching has not started yet"

    async def progress(self) -> str | None:
        """Whether the rounds go on, for the health check."""
        still = time.monotonic() - self._last_round
        return f"no round of fetching has ended for {still:.0f} s" if still > STUCK_SECONDS else None

    async def on_start(self) -> None:
        """Open what Meta is asked with."""
        self._http = aiohttp.ClientSession()
        settings = self._settings
        source = MediaSource(
            self._http, settings.graph_url, settings.graph_version, self._token, settings.media_max_bytes_by_kind
        )
        self.fetcher = Fetcher(self._store, source, time.time, AT_ONCE)
        self.fetcher.counts = self.counts

    async def on_stop(self) -> None:
        """Give up what is on its way; it is fetched again later."""
        if self.fetcher is not None:
            await self.fetcher.stop()
        if self._http is not None:
            await self._http.close()

    @Service.task
    async def _fetch(self) -> None:
        assert self.fetcher is not None
        while not self.should_stop:
            await self.fetcher.round()
            self._last_round = time.monotonic()
            await self.sleep(ROUND_SECONDS)

    @Service.task
    async def _sweep(self) -> None:
        while not self.should_stop:
            try:
                gone = await asyncio.to_thread(
                    self._store.sweep, time.time(), self._settings.media_keep_days * 86_400.0
                )
                self.counts["swept"] += gone
            except OSError as error:
                log.warning("old files cannot be swept away (%s): tried again in an hour", error.strerror or error)
            await self.sleep(SWEEP_SECONDS)


def _note(record: Any) -> Note | None:
    # What cannot be read is put aside by the router, which reads the same record.
    event = read_item(record.value) if record.value else None
    return note_of(event) if isinstance(event, UserWrote) else None
