"""The stores of files that tests run against: the directory, and one in memory that keeps to the same contract."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from time import time

from app.core.media import META_KEEPS_SECONDS, Note, is_ours
from app.stores.media import Incoming, MediaStore, Outgoing
from app.stores.media_directory import MediaDirectory

DAY = 86_400.0


class MemoryStore:
    """Files in dictionaries, as an object store would keep them: whole objects under a key, with their time."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, float]] = {}
        self._notes: dict[str, tuple[Note, float]] = {}
        self._uploads: dict[tuple[str, str], tuple[str, float]] = {}

    def announce(self, note: Note) -> Note:
        """As in the interface."""
        return self._notes.setdefault(_checked(note.id), (note, time()))[0]

    def note(self, media_id: str) -> Note | None:
        """As in the interface."""
        return self._notes.get(_checked(media_id), (None, 0.0))[0]

    def keep(self, note: Note) -> None:
        """As in the interface."""
        self._notes[_checked(note.id)] = note, time()

    def waiting(self) -> Iterator[Note]:
        """As in the interface."""
        return iter([note for note, _ in self._notes.values() if note.state == "waiting"])

    def put(self, media_id: str) -> Incoming:
        """As in the interface."""
        return _Incoming(self, _checked(media_id))

    def get(self, media_id: str, start: int = 0) -> Outgoing | None:
        """As in the interface."""
        found = self.files.get(_checked(media_id))
        return _Outgoing(found[0], start) if found else None

    def uploaded(self, media_id: str, number: str, now: float) -> str | None:
        """As in the interface."""
        meta_id, at = self._uploads.get((_checked(media_id), number), ("", 0.0))
        return meta_id or None if now - at < META_KEEPS_SECONDS else None

    def remember(self, media_id: str, number: str, meta_id: str, now: float) -> None:
        """As in the interface."""
        self._uploads[_checked(media_id), number] = meta_id, now

    def sweep(self, now: float, keep_seconds: float) -> int:
        """As in the interface."""
        old_notes = [key for key, (_, at) in self._notes.items() if now - at > max(DAY, keep_seconds)]
        old_files = [
            key
            for key, (_, at) in self.files.items()
            if now - at > (max(DAY, keep_seconds) if key in self._notes else DAY)
        ]
        for key in old_notes:
            del self._notes[key]
        for key in old_files:
            del self.files[key]
        return len(old_notes) + len(old_files)


class _Incoming:
    def __init__(self, store: MemoryStore, media_id: str) -> None:
        self._store, self._id = store, media_id
        self._buffer = BytesIO()
        self.size = 0

    def write(self, part: bytes) -> None:
        self._buffer.write(part)
        self.size += len(part)

    def commit(self) -> None:
        self._store.files[self._id] = self._buffer.getvalue(), time()

    def close(self) -> None:
        self._buffer.close()


class _Outgoing:
    def __init__(self, content: bytes, start: int) -> None:
        self.size = len(content)
        self._rest = BytesIO(content[start:])

    def read(self, most: int, /) -> bytes:
        return self._rest.read(most)

    def close(self) -> None:
        self._rest.close()


def _checked(media_id: str) -> str:
    if not is_ours(media_id):
        raise ValueError(f"{media_id!r} is no id of a file of ours")
    return media_id


STORES: dict[str, Callable[[Path], MediaStore]] = {"directory": MediaDirectory, "memory": lambda _: MemoryStore()}


def put(store: MediaStore, media_id: str, content: bytes) -> None:
    """The bytes of a file, without a note."""
    place = store.put(media_id)
    try:
        place.write(content)
        place.commit()
    finally:
        place.close()


def content_of(store: MediaStore, media_id: str, start: int = 0) -> bytes | None:
    """The bytes of a file; None when they are not there."""
    file = store.get(media_id, start)
    if file is None:
        return None
    try:
        return b"".join(iter(lambda: file.read(3), b""))
    finally:
        file.close()
