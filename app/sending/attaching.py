"""Brings files of ours to Meta before the message that names them leaves.

In: a message that may name files by our ids. Out: the message with Meta's ids, or the verdict that ends it. A file is
uploaded once for each business number and then remembered for as long as Meta keeps it; an id that Meta refuses all
the same is replaced once, by uploading anew. No request of this kind is a
message: it has neither part in the rates nor probes for a held account.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from app.core.backoff import may_try_again, seconds_before
from app.core.codes import MEDIA_AWAY
from app.core.effects import Send
from app.core.lives import life_of
from app.core.media import is_ours, why_not_sent
from app.core.messages import kinds_in, read_message, with_meta_ids
from app.core.verdicts import Verdict
from app.core.webp import HEAD_BYTES
from app.sending.gates import Gates
from app.settings import Settings
from app.stores.media import MediaStore, first_bytes, why_away
from app.whatsapp.graph import Readable

WAIT_SLICE_SECONDS = 0.5
UPLOADS_AT_ONCE = 16
"""Of one worker; each holds a file open and a connection to Meta."""

ID_REFUSED = frozenset({"100", "131009", "131053"})
"""With these Meta answers the id of a file it has dropped, and other faults of a message (whatsapp-cloud-api, 5.2)."""
UNNOTED_SECONDS = 60.0
"""An agent may send a file on before `media` has read the message it came in, as after a restart or a rebalance: so
long after the agent's message was made, an id of ours that nothing is noted of may still be known."""
FRESH_SECONDS = 60.0
"""What was uploaded so short a time ago was not dropped: then something else of the message is at fault."""

log = logging.getLogger("broker.sender")


class Uploads(Protocol):
    """What uploads."""

    async def upload(self, phone_number_id: str, file: Readable, mime_type: str) -> str | Verdict:
        """Meta's id of the file, or why there is none; raises OSError when the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A message as it can be posted."""

    send: Send
    remembered: frozenset[str] = frozenset()
    """Meta's ids in it that are of an earlier upload: Meta may have dropped them before their time."""

    def may_heal(self, verdict: Verdict) -> bool:
        """Whether a message that ended so may be accepted with its files uploaded anew."""
        return bool(self.remembered) and verdict.outcome == "refused" and verdict.code in ID_REFUSED


@dataclass(frozen=True, slots=True)
class _Brought:
    """A file that is at Meta."""

    meta_id: str
    filename: str
    remembered: bool


class Attacher:
    """Replaces our ids of files by Meta's."""

    def __init__(
        self, settings: Settings, files: MediaStore, graph: Uploads, gates: Gates, jitter: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._files = files
        self._graph = graph
        self._gates = gates
        self._jitter = jitter
        self._places = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._fresh: dict[str, float] = {}
        """Until when ids of uploads of this worker are beyond doubt."""
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def attach(self, send: Send, refused: frozenset[str] = frozenset()) -> Attached | Verdict:
        """The message as it can be posted, without the Meta ids that were refused.

        Raises ValueError for one we cannot read, NotOurs when the worker leaves.
        """
        message = read_message(send.message)
        found: dict[str, _Brought] = {}
        for media, kind in sorted({(file.media, kind) for kind, file in kinds_in(message) if file.media is not None}):
            brought = await self._brought(send, media, kind, refused)
            if isinstance(brought, Verdict):
                return brought
            found[media] = brought
        if not found:
            return Attached(send)
        ids = {media: brought.meta_id for media, brought in found.items()}
        names = {media: brought.filename for media, brought in found.items() if brought.filename}
        posted = with_meta_ids(message, ids, names).model_dump(mode="json")
        remembered = frozenset(brought.meta_id for brought in found.values() if brought.remembered)
        return Attached(replace(send, message=posted), remembered)

    async def _brought(self, send: Send, media: str, kind: str, refused: frozenset[str]) -> _Brought | Verdict:
        """A file at Meta, tried for as long as the message is worth sending."""
        life, tries = life_of(send, self._settings.send_life_seconds), 0
        if self._gates.clock() >= life.ends:
            return life.late(None)
        while True:
            found = await self._until(life.ends, send.id, self._try(send, media, kind, refused))
            if found is None:
                return life.late(_later(f"the file {media} was still on its way to Meta"))
            if isinstance(found, _Brought) or found.final:
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

    async def _until(
        self, ends: float, message: str, work: Coroutine[Any, Any, _Brought | Verdict]
    ) -> _Brought | Verdict | None:
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

    async def _try(self, send: Send, media: str, kind: str, refused: frozenset[str]) -> _Brought | Verdict:
        # One uploads, the others find what it has brought.
        lock = self._locks.setdefault((media, send.user.phone_number_id), asyncio.Lock())
        async with lock:
            try:
                return await self._upload(send, media, kind, refused)
            except ValueError as error:
                return _refused(media, f"cannot be read: {error}")
            except OSError as error:
                return _later(why_away(error))

    async def _upload(self, send: Send, media: str, kind: str, refused: frozenset[str]) -> _Brought | Verdict:
        number, is_possible = send.user.phone_number_id, is_ours(media)
        note = await asyncio.to_thread(self._files.note, media) if is_possible else None
        if note is None:
            if is_possible and self._gates.clock() < send.made_at + UNNOTED_SECONDS:
                return _later(f"nothing is known of the file {media} yet")
            return _refused(media, "is unknown, or its time is over")
        if note.state == "failed":
            return _refused(media, f"never came: {note.reason}")
        if note.state == "waiting":
            return _later(f"the file {media} has not come yet")
        head = await asyncio.to_thread(first_bytes, self._files, media, HEAD_BYTES) if kind == "sticker" else b""
        wrong = why_not_sent(note, kind, head)
        if wrong is not None:
            return Verdict(outcome="refused", code="invalid", reason=f"the file {media!r} cannot be sent: {wrong}")
        known = await asyncio.to_thread(self._files.uploaded, media, number, self._gates.clock())
        # Another message may have brought it anew meanwhile.
        if known is not None and known not in refused:
            return _Brought(known, note.filename, remembered=known not in self._fresh_ids())
        async with self._places:
            file = await asyncio.to_thread(self._files.get, media)
            if file is None:
                return _refused(media, "was here and is gone")
            try:
                found = await self._graph.upload(number, file, note.mime_type)
            finally:
                file.close()
        if isinstance(found, Verdict):
            return found
        self._fresh_ids()[found] = self._gates.clock() + FRESH_SECONDS
        try:
            await asyncio.to_thread(self._files.remember, media, number, found, self._gates.clock())
        except OSError as error:
            log.warning("Meta's id of file %s cannot be kept (%s): it is uploaded again", media, error.strerror)
        return _Brought(found, note.filename, remembered=False)

    def _fresh_ids(self) -> dict[str, float]:
        now = self._gates.clock()
        self._fresh = {meta_id: until for meta_id, until in self._fresh.items() if until > now}
        return self._fresh


def _refused(media: str, words: str) -> Verdict:
    return Verdict(outcome="refused", code="unknown_media", reason=f"the file {media!r} {words}")


def _later(words: str) -> Verdict:
    return Verdict(outcome="retry", code="media_away", reason=words, meaning=MEDIA_AWAY)
