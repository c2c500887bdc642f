"""What operators attach: checked before it is brought, and again when it is sent.

In: what a browser says of a file, or our id of one that was brought. Out: the kind it is sent as, and the message.
Raises Refused with words for the operator. The limits are those of `app/core/media.py`; a browser is believed nothing.
"""

import asyncio
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from app.core.media import LARGEST, Note, is_ours, kind_of, why_not_sent
from app.core.messages import read_message
from app.core.uploads import type_of, why_no_type, why_too_large
from app.core.webp import HEAD_BYTES
from app.stores.media import MediaStore, first_bytes, why_away
from web.chat.refused import Refused


class FileMessage(BaseModel):
    """A file with words under it, as the chat keeps it."""

    model_config = ConfigDict(frozen=True)

    kind: str
    text: str
    media: str
    mime_type: str
    filename: str


class Attachments:
    """The files operators send."""

    def __init__(self, store: MediaStore, largest: Mapping[str, int] = LARGEST) -> None:
        self._store = store
        self._largest = largest

    def kind(self, name: str, mime_type: str, size: int) -> str:
        """What a file would be sent as, before a byte of it has come; raises Refused."""
        known = type_of(mime_type, name)
        kind = kind_of(known)
        if kind is None:
            raise Refused("invalid", why_no_type(known, name) or "")
        if not size:
            raise Refused("invalid", f"{name!r} cannot be sent: it is empty")
        too_large = why_too_large(kind, size, self._largest)
        if too_large is not None:
            raise Refused("invalid", f"{name!r} cannot be sent: {too_large}")
        return kind

    async def message(self, media: str, caption: str) -> FileMessage:
        """The message with a file that was brought; raises Refused, or pydantic.ValidationError about the words."""
        try:
            note, head = await asyncio.to_thread(self._known, media)
        except OSError as error:
            raise Refused("store_away", why_away(error)) from error
        wrong = why_not_sent(note, note.kind, head)
        if wrong is not None:
            raise Refused("invalid", f"the file cannot be sent: {wrong}")
        message = FileMessage(
            kind=note.kind, text=caption, media=note.id, mime_type=note.mime_type, filename=note.filename
        )
        read_message({"kind": note.kind, note.kind: file_of(message.text, message.media)})
        return message

    def _known(self, media: str) -> tuple[Note, bytes]:
        """The note of a file, and how it begins where that decides."""
        try:
            note = self._store.note(media) if is_ours(media) else None
        except ValueError:
            note = None
        if note is None or note.state != "stored":
            raise Refused("unknown_media", "the file is not here, or its time is over: attach it again")
        return note, first_bytes(self._store, media, HEAD_BYTES) if note.kind == "sticker" else b""


def file_of(caption: str, media: str) -> dict[str, str]:
    """The part of an agent's record that names a file."""
    return {"media": media, **({"caption": caption} if caption else {})}
