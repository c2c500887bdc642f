"""What is asked of a store of files: notes, bytes whole or from an offset on, and Meta's ids of what was uploaded.

In: notes and bytes by our ids. Out: the same, durably: what a call has returned from survives a crash. Nobody but a
store knows where a file is: a directory (`media_directory.py`) is one, an object store with conditional writes and
ranged reads can be another. Calls block, and are made in a thread; every one may raise OSError (no room, or away: a
later try may succeed), and ValueError for an id that is none of ours.
"""

from collections.abc import Iterator
from typing import Protocol

from app.core.media import Note


def why_away(error: OSError) -> str:
    """In words, why a store does nothing now."""
    return f"the store of files cannot be used: {error.strerror or error}"


class Incoming(Protocol):
    """Bytes on their way in: nobody sees them before `commit`, and `close` takes away what was not committed."""

    @property
    def size(self) -> int:
        """Bytes written so far."""

    def write(self, part: bytes) -> None:
        """Add bytes."""

    def commit(self) -> None:
        """Put the bytes in their place, durably; whoever reads what was there before reads on undisturbed."""

    def close(self) -> None:
        """End the writing."""


class Outgoing(Protocol):
    """The bytes of a file, open for reading in parts."""

    @property
    def size(self) -> int:
        """Bytes of the whole file, wherever the reading begins."""

    def read(self, most: int, /) -> bytes:
        """The next bytes, `most` at most; none at the end."""

    def close(self) -> None:
        """End the reading; called outside a thread, for it takes no time and must not be left out."""


class MediaStore(Protocol):
    """Files by our ids."""

    def announce(self, note: Note) -> Note:
        """Keep the note of a file to come, unless one is known; returns the note that holds."""

    def note(self, media_id: str) -> Note | None:
        """What is known of a file; raises ValueError when its note cannot be read."""

    def keep(self, note: Note) -> None:
        """Replace a note."""

    def waiting(self) -> Iterator[Note]:
        """The notes of files that have not come yet; what cannot be read is logged once and passed over."""

    def put(self, media_id: str) -> Incoming:
        """A place for the bytes of a file."""

    def get(self, media_id: str, start: int = 0) -> Outgoing | None:
        """The bytes of a file from an offset on; None when they are not here."""

    def uploaded(self, media_id: str, number: str, now: float) -> str | None:
        """Meta's id of a file that was uploaded for a business number; None when Meta may have dropped it."""

    def remember(self, media_id: str, number: str, meta_id: str, now: float) -> None:
        """Keep Meta's id of a file, uploaded at `now`; what is lost in a crash is uploaded anew."""

    def sweep(self, now: float, keep_seconds: float) -> int:
        """Delete what is older than `keep_seconds`, has no note or was left half written; returns how many.

        `now` is in seconds UTC. What is younger than a day stays in any case: somebody may be writing it.
        """


def first_bytes(store: MediaStore, media_id: str, most: int) -> bytes:
    """How a file begins; nothing when it is not here."""
    file = store.get(media_id)
    if file is None:
        return b""
    try:
        return file.read(most)
    finally:
        file.close()
