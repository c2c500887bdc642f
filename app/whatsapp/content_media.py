"""Pictures, videos, sound, documents and stickers.

In: a media object of a message. Out: what names and describes the file, never where Meta keeps it: its address needs
our token and lives for minutes (whatsapp-cloud-api, 5.6).
"""

from base64 import b64decode
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from app.core.uploads import clean_filename
from app.whatsapp.content_base import Content, Said, Whole


def as_hex(digest: str | None) -> str | None:
    """Webhooks show SHA-256 in base64, the media endpoint in hexadecimal (whatsapp-cloud-api, 5.6)."""
    shown = digest or ""
    if len(shown) == 64:
        return shown.lower()
    try:
        raw = b64decode(shown, validate=True)
    except ValueError:
        return digest
    return raw.hex() if len(raw) == 32 else digest


class Media(Content):
    """A file: Meta's id of it is valid for 7 days at the business number it came to."""

    media_id: Said = Field(None, validation_alias="id")
    mime_type: Said = None
    """Without parameters, as in `audio/ogg`."""
    mime_parameters: Said = None
    """As in `codecs=opus`."""
    sha256: Annotated[Said, AfterValidator(as_hex)] = None
    """Hexadecimal."""
    size: Whole = Field(None, validation_alias="file_size")
    """Bytes, when Meta says it."""

    @model_validator(mode="before")
    @classmethod
    def _part_mime_type(cls, data: Any) -> Any:
        whole = data.get("mime_type")
        kind, _, parameters = whole.partition(";") if isinstance(whole, str) else ("", "", "")
        return {**data, "mime_type": kind.strip().lower(), "mime_parameters": parameters.strip()}


class Captioned(Media):
    """An image or a video."""

    caption: Said = None

    @property
    def words(self) -> str:
        """The caption."""
        return self.caption or ""


class Audio(Media):
    """A sound file, or a voice note."""

    voice: bool | None = None


class Document(Captioned):
    """A file with a name."""

    filename: Annotated[Said, AfterValidator(clean_filename)] = None

    @property
    def words(self) -> str:
        """The caption, else the file's name."""
        return self.caption or self.filename or ""


class Sticker(Media):
    """A sticker, `image/webp`."""

    animated: bool | None = None
