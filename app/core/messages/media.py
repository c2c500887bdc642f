"""Messages that carry a file: image, video, audio, document, sticker.

In: where a file is: behind a link, at Meta, or with us. Out: a message with exactly one of the three. What Meta takes
(whatsapp-cloud-api, 5.1): jpeg and png of 5 MB; mp4 and 3gp of 16 MB; aac, amr, mp3, m4a and ogg/opus of 16 MB; text,
PDF and Office files of 100 MB; webp of 100 KB, animated 500 KB. A file is not opened here: size and type of a linked
file are seen by Meta alone, which answers with its error 131053.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, model_validator

from app.core.messages.part import Part, Quoting, WebAddress, Written, off, unset

CAPTION_MAX = 1024

SOURCES = ("link", "id", "media")
ONE_SOURCE: dict[str, Any] = {
    "oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in SOURCES]
}

NO_NAMES: Mapping[str, str] = MappingProxyType({})

Caption = Annotated[str, Written, Field(max_length=CAPTION_MAX)]


class File(Part):
    """Where a file is: exactly one of `link`, `id` and `media`."""

    model_config = ConfigDict(json_schema_extra=ONE_SOURCE)

    link: WebAddress | None = unset()
    """An address Meta fetches the file from; Meta keeps what it fetched for 10 minutes (5.1)."""
    id: Annotated[str, Written] | None = unset()
    """Meta's id of a file uploaded for this business number; valid 30 days (5.6)."""
    media: Annotated[str, Written] | None = unset()
    """Our own id of a file; it is uploaded to Meta before the message leaves."""

    @model_validator(mode="after")
    def _has_one_source(self) -> "File":
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            there = f"has {' and '.join(given)}" if given else "has none of them"
            raise ValueError(f"needs exactly one of link, id and media, and {there}")
        return self


class BareFile(File):
    """A file that can have no words beside it."""

    takes_no = ("caption",)


class CaptionedFile(File):
    """A file with words under it."""

    caption: Caption | None = unset()


class DocumentFile(CaptionedFile):
    """A text, PDF or Office file with the name the user sees."""

    filename: Annotated[str, Written] | None = unset()


class BareDocument(BareFile):
    """A document above other words."""

    filename: Annotated[str, Written] | None = unset()


class AudioFile(BareFile):
    """A sound; as a voice note it should be ogg/opus."""

    voice: StrictBool = off()


class Image(Quoting):
    """A picture."""

    kind: Literal["image"] = "image"
    image: CaptionedFile


class Video(Quoting):
    """A film."""

    kind: Literal["video"] = "video"
    video: CaptionedFile


class Audio(Quoting):
    """A sound or a voice note."""

    kind: Literal["audio"] = "audio"
    audio: AudioFile


class Document(Quoting):
    """A text, PDF or Office file."""

    kind: Literal["document"] = "document"
    document: DocumentFile


class Sticker(Quoting):
    """A sticker."""

    kind: Literal["sticker"] = "sticker"
    sticker: BareFile


def files_in(part: Part) -> Iterator[File]:
    """Every file of a message, wherever in it: the file itself, a header, a template's parameter."""
    return (file for _, file in kinds_in(part))


def kinds_in(part: Part) -> Iterator[tuple[str, File]]:
    """Every file of a message, as `files_in`, after what it is to be: `image`, `video`, `document` …"""
    for name in type(part).model_fields:
        value = getattr(part, name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, File):
                # Meta's name of the field is the kind of the file.
                yield name, inner
            elif isinstance(inner, Part):
                yield from kinds_in(inner)


def with_meta_ids(part: Part, ids: Mapping[str, str], names: Mapping[str, str] = NO_NAMES) -> Part:
    """The message with Meta's id in the place of each of our own that `ids` knows; others stay as they are.

    A document the agent gave no name gets that in `names`, by our id.
    """
    changed: dict[str, Any] = {}
    if isinstance(part, File) and part.media is not None and part.media in ids:
        changed = {"media": None, "id": ids[part.media]}
        if part.media in names and getattr(part, "filename", "none can be") is None:
            changed["filename"] = names[part.media]
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Part):
            changed[name] = with_meta_ids(value, ids, names)
        elif isinstance(value, tuple):
            changed[name] = tuple(
                with_meta_ids(inner, ids, names) if isinstance(inner, Part) else inner for inner in value
            )
    return part.model_copy(update=changed) if changed else part
