"""Brings files of ours to Meta before the message that names them leaves.

In: a message that may name files by our ids. Out: the message with Meta's ids, or the verdict that ends it. A file is
uploaded once for each business number and then remembered for as long as Meta keeps it. No request of this kind is a
message: it has neither part in the rates nor probes for a held account.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from weakref import WeakValueDictionary

from app.core.backoff import may_try_again, seconds_before
from app.core.codes import MEDIA_AWAY
from app.core.effects import Send
from app.core.lives import life_of
from app.core.media import Note, is_ours, why_not_sent
from app.core.messages import kinds_in, read_message, with_meta_ids
from app.core.verdicts import Verdict
from app.core.webp import HEAD_BYTES
from app.sending.gates import Gates
from app.settings import Settings

WAIT_SLICE_SECONDS = 0.5
UPLOADS_AT_ONCE = 16
"""Of one worker; each holds a file open and a connection to Meta."""

log = logging.getLogger("broker.sender")


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
        self._places = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def attach(self, send: Send) -> Send | Verdict:
        """The message as it can be posted; raises ValueError for one we cannot read, NotOurs when the worker leaves."""
        message = read_message(send.message)
        ids: dict[str, str] = {}
        for media, kind in sorted({(file.media, kind) for kind, file in kinds_in(message) if file.media is not None}):
            found = await self._brought(send, media, kind)
            if isinstance(found, Verdict):
                return found
            ids[media] = found
        return replace(send, message=with_meta_ids(message, ids).model_dump(mode="json")) if ids else send

    async def _brought(self, send: Send, media: str, kind: str) -> str | Verdict:
        """Meta's id of a file, tried for as long as the message is worth sending."""
        life, tries = life_of(send, self._settings.send_life_seconds), 0
        if self._gates.clock() >= life.ends:
            return life.late(None)
        while True:
            found = await self._until(life.ends, send.id, self._try(send.user.phone_number_id, media, kind))
            if found is None:
                return life.late(_later(f"the file {media} was still on its way to Meta"))
            if isinstance(found, str) or found.final:
                return found
            if found.outcome == "hold":
                # An operator can heal the account, as for a message that is held.
                pause = self._settings.circuit_probe_seconds
            else:
                tries += 1
                if not may_try_again(found.meaning, tries, self._settings.send_tries):
                    reason = f"{found.reason}, after {tries} tries of the upload"
                    return replace(found, outcome="refused", reason=reason)
                pause = seconds_before(found.meaning, tries, self._jitter())
            until = self._gates.clock() + pause
            if until >= life.ends:
                return life.late(found)
            while self._gates.clock() < until:
                self._gates.stay(send.id)
                await self._gates.sleep(WAIT_SLICE_SECONDS)
                self._gates.slices += 1

    async def _until(self, ends: float, message: str, work: Coroutine[Any, Any, str | Verdict]) -> str | Verdict | None:
        """What the work brings; None when the message's life ends before. Raises NotOurs; work is given up then too."""
        task = asyncio.create_task(work)
        try:
            while True:
                self._gates.stay(message)
                if self._gates.clock() >= ends:
                    return None
                done, _ = await asyncio.wait({task}, timeout=WAIT_SLICE_SECONDS)
                if done:
                    return task.result()
                self._gates.slices += 1
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

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

    def _head(self, media: str) -> bytes:
        try:
            with self._files.path(media).open("rb") as file:
                return file.read(HEAD_BYTES)
        except FileNotFoundError:
            return b""

    async def _upload(self, number: str, media: str, kind: str) -> str | Verdict:
        note = await asyncio.to_thread(self._files.note, media) if is_ours(media) else None
        if note is None:
            return _refused(media, "is unknown, or its time is over")
        if note.state == "failed":
            return _refused(media, f"never came: {note.reason}")
        if note.state == "waiting":
            return _later(f"the file {media} has not come yet")
        head = await asyncio.to_thread(self._head, media) if kind == "sticker" else b""
        wrong = why_not_sent(note, kind, head)
        if wrong is not None:
            return Verdict(outcome="refused", code="invalid", reason=f"the file {media!r} cannot be sent: {wrong}")
        known = await asyncio.to_thread(self._files.uploaded, media, number, self._gates.clock())
        if known is not None:
            return known
        async with self._places:
            try:
                file = await asyncio.to_thread(self._files.path(media).open, "rb")
            except FileNotFoundError:
                return _refused(media, "was here and is gone")
            with file:
                found = await self._graph.upload(number, file, note.mime_type)
        if isinstance(found, str):
            try:
                await asyncio.to_thread(self._files.remember, media, number, found)
            except OSError as error:
                log.warning("Meta's id of file %s cannot be kept (%s): it is uploaded again", media, error.strerror)
        return found


def _refused(media: str, words: str) -> Verdict:
    return Verdict(outcome="refused", code="unknown_media", reason=f"the file {media!r} {words}")


def _later(words: str) -> Verdict:
    return Verdict(outcome="retry", code="media_away", reason=words, meaning=MEDIA_AWAY)
