"""A store of files in a local directory that all workers share.

In and out: as `app/stores/media.py` says. What a call has returned from survives a crash. A note that cannot be read
is reported, never an end of the process, and a waiting note never replaces what is already known of a file.
"""

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import orjson

from app.core.media import META_KEEPS_SECONDS, Note, is_ours, read_note
from app.stores.media import Incoming, Outgoing

ABANDONED_SECONDS = 86_400.0
"""A half-written file that old has nobody who writes it."""

log = logging.getLogger("broker.media")


class _Incoming:
    """A file apart, until it is moved to its place."""

    def __init__(self, path: Path, place: Path) -> None:
        self._path = path
        self._place = place
        self._file: BinaryIO = path.open("xb")
        self.size = 0

    def write(self, part: bytes) -> None:
        """Add bytes."""
        self._file.write(part)
        self.size += len(part)

    def commit(self) -> None:
        """Put the bytes in their place, durably."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._place)
        _sync_folder(self._place.parent)

    def close(self) -> None:
        """End the writing."""
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)


class _Outgoing:
    """A file open for reading."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        file.seek(start)

    def read(self, most: int, /) -> bytes:
        """As in the interface."""
        return self._file.read(most)

    def close(self) -> None:
        """As in the interface."""
        self._file.close()


class MediaDirectory:
    """Files in a directory: `files/`, `notes/`, `waiting/`, `incoming/` and `uploads/`.

    `waiting/` has an empty mark for each file that has not come, so that looking for work never reads all notes.
    """

    def __init__(self, root: Path, *, make: bool = True) -> None:
        """Makes the folders, unless another process is left to; raises OSError when that cannot be done."""
        self._files, self._notes, self._marks, self._parts, self._uploads = (
            root / name for name in ("files", "notes", "waiting", "incoming", "uploads")
        )
        for folder in (self._files, self._notes, self._marks, self._parts, self._uploads) if make else ():
            folder.mkdir(parents=True, exist_ok=True)
        self._told: set[str] = set()

    def announce(self, note: Note) -> Note:
        """As in the interface."""
        known = self.note(note.id)
        if known is not None:
            return known
        # The mark comes first: a mark without a note is cleared away, a note without a mark would wait for ever.
        (self._marks / note.id).touch()
        _sync_folder(self._marks)
        with self._written(note) as part:
            try:
                os.link(part, self._note_path(note.id))
            except FileExistsError:
                return self.note(note.id) or note
        _sync_folder(self._notes)
        return note

    def note(self, media_id: str) -> Note | None:
        """As in the interface."""
        try:
            raw = self._note_path(media_id).read_bytes()
        except FileNotFoundError:
            # A directory that is away knows nothing of any file; that is not the same as an unknown file.
            if not self._notes.is_dir():
                raise
            return None
        return read_note(orjson.loads(raw))

    def keep(self, note: Note) -> None:
        """As in the interface."""
        with self._written(note) as part:
            part.replace(self._note_path(note.id))
        _sync_folder(self._notes)
        if note.state != "waiting":
            (self._marks / note.id).unlink(missing_ok=True)
            return
        # Another worker may have stored the file and taken the mark away: without it this note would wait for ever.
        (self._marks / note.id).touch()
        _sync_folder(self._marks)

    def waiting(self) -> Iterator[Note]:
        """As in the interface."""
        for name in sorted(mark.name for mark in self._marks.iterdir()):
            try:
                note = self.note(name)
            except ValueError as error:
                if name not in self._told:
                    log.error("the note of file %s cannot be read (%s): repair or delete it", name, error)
                    self._told.add(name)
                continue
            self._told.discard(name)
            if note is not None and note.state == "waiting":
                yield note

    def put(self, media_id: str) -> Incoming:
        """As in the interface."""
        return _Incoming(self._part(media_id), self._files / media_id)

    def get(self, media_id: str, start: int = 0) -> Outgoing | None:
        """As in the interface."""
        try:
            file = (self._files / _checked(media_id)).open("rb")
        except FileNotFoundError:
            if not self._files.is_dir():
                raise
            return None
        return _Outgoing(file, start)

    def uploaded(self, media_id: str, number: str, now: float) -> str | None:
        """As in the interface."""
        path = self._upload_path(media_id, number)
        try:
            # A crash may have left it empty.
            return path.read_text() or None if _age(path, now) < META_KEEPS_SECONDS else None
        except FileNotFoundError:
            return None

    def remember(self, media_id: str, number: str, meta_id: str, now: float) -> None:
        """As in the interface."""
        part = self._part(media_id)
        part.write_text(meta_id)
        os.utime(part, (now, now))
        part.replace(self._upload_path(media_id, number))

    def sweep(self, now: float, keep_seconds: float) -> int:
        """As in the interface."""
        limits = {self._parts: ABANDONED_SECONDS, self._notes: keep_seconds, self._files: keep_seconds}
        limits[self._uploads] = META_KEEPS_SECONDS
        gone = 0
        for folder, limit in limits.items():
            for path in folder.iterdir():
                bare = folder == self._files and not (self._notes / f"{path.name}.json").exists()
                if _age(path, now) > max(ABANDONED_SECONDS, 0.0 if bare else limit) and not path.is_dir():
                    path.unlink(missing_ok=True)
                    gone += 1
        for mark in self._marks.iterdir():
            if (
                _age(mark, now) > ABANDONED_SECONDS
                and not mark.is_dir()
                and not (self._notes / f"{mark.name}.json").exists()
            ):
                mark.unlink(missing_ok=True)
        return gone

    def _note_path(self, media_id: str) -> Path:
        return self._notes / f"{_checked(media_id)}.json"

    def _part(self, media_id: str) -> Path:
        return self._parts / f"{_checked(media_id)}.{uuid.uuid4().hex}"

    def _upload_path(self, media_id: str, number: str) -> Path:
        # Digits at Meta, but an agent may write anything.
        return self._uploads / f"{_checked(media_id)}.{sha256(number.encode()).hexdigest()[:16]}"

    @contextmanager
    def _written(self, note: Note) -> Iterator[Path]:
        part = self._part(note.id)
        try:
            with part.open("xb") as file:
                file.write(orjson.dumps(asdict(note)))
                file.flush()
                os.fsync(file.fileno())
            yield part
        finally:
            part.unlink(missing_ok=True)


def _age(path: Path, now: float) -> float:
    """Seconds since a file was written; 0 when another worker has just deleted it."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _checked(media_id: str) -> str:
    if not is_ours(media_id):
        raise ValueError(f"{media_id!r} is no id of a file of ours")
    return media_id


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
