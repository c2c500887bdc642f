"""Brings files of ours to Meta before the message that names them leaves.

In: a message that may name files by our ids. Out: the message with Meta's ids, or the verdict that ends it. A file is
uploaded once for each business number and then remembered for as long as Meta keeps it. No request of this kind is a
message: it has neither part in the rates nor probes for a held account.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol
from weakref import WeakValueDictionary

from app.core.backoff import may_try_again, seconds_before
from app.core.codes import SERVER_FAILED
from app.core.effects import Send
from app.core.lives import life_of
from app.core.media import Note, is_ours, why_not_sent
from app.core.messages import files_in, read_message, with_meta_ids
from app.core.verdicts import Verdict
from app.sending.gates import Gates
from app.settings import Settings

WAIT_SLICE_SECONDS = 0.5


class Files(Protocol):
    """Where files are; every call may raise OSError."""

    def note(self, media_id: str) -> Note | None:
        """What is known of a file; raises ValueError when that cannot be read."""

    def path(self, media_id: str) -> Path:
        """Where its bytes are."""

    def uploaded(self, media_id: str, number: str, now: float) -> str | None:
        """Meta's id of it for a business number, while it is valid."""

    def remember(self, media_id: str, number: str, meta_id: str) -> None:
        """Keep Meta's id."""


class Uploads(Protocol):
    """What uploads."""

    async def upload(self, phone_number_id: str, file: BinaryIO, mime_type: str) -> str | Verdict:
        """Meta's id of the file, or why there is none."""


class Attacher:
    """Replaces our ids of files by Meta's."""

    def __init__(
        self, settings: Settings, files: Files, graph: Uploads, gates: Gates, jitter: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._files = files
        self._graph = graph
        self._gates = gates
        self._jitter = jitter
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def attach(self, send: Send) -> Send | Verdict:
        """The message as it can be posted; raises ValueError for one we cannot read, NotOurs when the worker leaves."""
        message = read_message(send.message)
        ids: dict[str, str] = {}
        for media in sorted({file.media for file in files_in(message) if file.media is not None}):
            found = await self._brought(send, media, message.kind)
            if isinstance(found, Verdict):
                return found
            ids[media] = found
        return replace(send, message=with_meta_ids(message, ids).model_dump(mode="json")) if ids else send

    async def _brought(self, send: Send, media: str, kind: str) -> str | Verdict:
        """Meta's id of a file, tried for as long as the message is worth sending."""
        life, tries = life_of(send, self._settings.send_life_seconds), 0
        while True:
            self._gates.stay(send.id)
            found = await self._try(send.user.phone_number_id, media, kind)
            if isinstance(found, str) or found.final:
                return found
            tries += 1
            if not may_try_again(found.meaning, tries, self._settings.send_tries):
                return replace(found, outcome="refused", reason=f"{found.reason}, after {tries} tries of the upload")
            until = self._gates.clock() + seconds_before(found.meaning, tries, self._jitter())
            if until >= life.ends:
                return life.late(found)
            while self._gates.clock() < until:
                self._gates.stay(send.id)
                await self._gates.sleep(WAIT_SLICE_SECONDS)

    async def _try(self, number: str, media: str, kind: str) -> str | Verdict:
        # One uploads, the others find what it has brought.
        lock = self._locks.setdefault((media, number), asyncio.Lock())
        async with lock:
            try:
                return await self._upload(number, media, kind)
            except ValueError as error:
                return _refused(media, f"cannot be read: {error}")
            except OSError as error:
                return _later(f"the directory of files cannot be used: {error.strerror}")

    async def _upload(self, number: str, media: str, kind: str) -> str | Verdict:
        note = await asyncio.to_thread(self._files.note, media) if is_ours(media) else None
        if note is None:
            return _refused(media, "is unknown, or its time is over")
        if note.state == "failed":
            return _refused(media, f"never came: {note.reason}")
        if note.state == "waiting":
            return _later(f"the file {media} has not come yet")
        wrong = why_not_sent(note, kind)
        if wrong is not None:
            return Verdict(outcome="refused", code="invalid", reason=f"the file {media!r} cannot be sent: {wrong}")
        known = await asyncio.to_thread(self._files.uploaded, media, number, self._gates.clock())
        if known is not None:
            return known
        try:
            file = await asyncio.to_thread(self._files.path(media).open, "rb")
        except FileNotFoundError:
            return _refused(media, "was here and is gone")
        with file:
            found = await self._graph.upload(number, file, note.mime_type)
        if isinstance(found, str):
            await asyncio.to_thread(self._files.remember, media, number, found)
        return found


def _refused(media: str, words: str) -> Verdict:
    return Verdict(outcome="refused", code="unknown_media", reason=f"the file {media!r} {words}")


def _later(words: str) -> Verdict:
    return Verdict(outcome="retry", code="media_away", reason=words, meaning=SERVER_FAILED)
