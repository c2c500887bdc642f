"""The media of the fake WhatsApp: bytes with an id, kept in memory for as long as Meta keeps them.

Bytes come in with their MIME type; out go an id and, for five minutes each, addresses to download from. Times are
Unix seconds and come from outside. It never holds more than its limit of bytes: the oldest go first.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

DAY_SECONDS = 24 * 3600
BUSINESS_SECONDS = 30.0 * DAY_SECONDS
"""An uploaded medium lives 30 days (reference, chapter 5.6)."""
USER_SECONDS = 7.0 * DAY_SECONDS
"""The id a webhook told lives 7 days (reference, chapter 5.6)."""
FIRST_ID = 1_000_000_000_000_000

Owner = Literal["business", "user"]


@dataclass(slots=True, kw_only=True)
class Medium:
    """A stored file."""

    id: str
    owner: Owner
    data: bytes
    mime_type: str
    filename: str | None
    expires: float
    sha256: bytes
    numbers: set[str] = field(default_factory=set)
    """The business numbers it was uploaded for or sent to; empty for a user's file that was not sent yet."""

    def belongs_to(self, phone_number_id: str) -> bool:
        """Whether a business number may use it: ids are good at one number only (reference, chapter 5.6)."""
        return not self.numbers or phone_number_id in self.numbers

    def public(self) -> dict[str, Any]:
        """What the control API and the phones page are told of it."""
        return {
            "id": self.id,
            "owner": self.owner,
            "mime_type": self.mime_type,
            "filename": self.filename,
            "file_size": len(self.data),
            "sha256": self.sha256.hex(),
            "expires": self.expires,
        }

    def told(self) -> dict[str, str]:
        """The members of a media object in a webhook; its digest is base64 there, and hex in the media API."""
        digest = base64.b64encode(self.sha256).decode()
        return {"id": self.id, "mime_type": self.mime_type, "sha256": digest}


class MediaStore:
    """All media of one account."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._media: dict[str, Medium] = {}
        self._bytes = 0
        self._made = secrets.randbelow(FIRST_ID // 10)
        self._key = secrets.token_bytes(32)

    def add(self, data: bytes, mime_type: str, *, owner: Owner, now: float, filename: str | None = None) -> Medium:
        """Keep bytes and give them an id nobody has seen."""
        self._made += 1
        lifetime = BUSINESS_SECONDS if owner == "business" else USER_SECONDS
        medium = Medium(
            id=str(FIRST_ID + self._made),
            owner=owner,
            data=data,
            mime_type=mime_type,
            filename=filename,
            expires=now + lifetime,
            sha256=hashlib.sha256(data).digest(),
        )
        self._media[medium.id] = medium
        self._bytes += len(data)
        while self._bytes > self._limit and len(self._media) > 1:
            self._forget(next(iter(self._media)))
        return medium

    def find(self, media_id: str, now: float) -> Medium | None:
        """Return a medium that is still alive."""
        medium = self._media.get(media_id)
        if medium is None or now >= medium.expires:
            return None
        return medium

    def remove(self, media_id: str, now: float) -> bool:
        """Forget a medium; returns whether there was one."""
        if self.find(media_id, now) is None:
            return False
        self._forget(media_id)
        return True

    def clear(self) -> None:
        """Forget all media, but never the numbering."""
        self._media.clear()
        self._bytes = 0

    def address(self, medium: Medium, origin: str, until: int) -> str:
        """Return where the bytes can be downloaded until then; any other `ext` breaks the hash."""
        return f"{origin}/media/{medium.id}?ext={until}&hash={self._seal(medium.id, until)}"

    def is_valid_address(self, media_id: str, ext: str, seal: str, now: float) -> bool:
        """Whether an address was given out by us and has not run out."""
        if not ext.isascii() or not ext.isdigit() or len(ext) > 15 or not seal.isascii():
            return False
        return hmac.compare_digest(seal, self._seal(media_id, int(ext))) and now < int(ext)

    def _seal(self, media_id: str, until: int) -> str:
        return hmac.new(self._key, f"{media_id} {until}".encode(), hashlib.sha256).hexdigest()[:32]

    def _forget(self, media_id: str) -> None:
        self._bytes -= len(self._media.pop(media_id).data)
