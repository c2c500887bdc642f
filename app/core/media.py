"""Files of users and agents: our ids of them, what is noted of each, and when one is fetched again.

In: what a message says of a file, and how a try to fetch it ended. Out: the note to keep. An id of ours is derived, so
that whoever reads the message knows it before the file has come. No note holds an address of Meta's or a token.
"""

from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any, Literal

from app.core.events import UserWrote
from app.core.webp import is_animated

PREFIX = "wab-"
"""Tells our ids from Meta's, which are digits."""

MIB = 1024 * 1024
LARGEST = {"image": 5 * MIB, "video": 16 * MIB, "audio": 16 * MIB, "document": 100 * MIB, "sticker": 500 * 1024}
"""Bytes of a file that a business sends, per kind (whatsapp-cloud-api, 5.1)."""
STILL_STICKER = 100 * 1024
"""Bytes of a sticker that does not move; `LARGEST` has those of an animated one."""
LARGEST_FETCHED = dict.fromkeys(LARGEST, 100 * MIB)
"""Bytes of a file that a user sends: of larger ones Meta says so itself, with its error 131052 (5.6)."""

OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES = {
    "image": ("image/jpeg", "image/png"),
    "video": ("video/mp4", "video/3gpp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "sticker": ("image/webp",),
    "document": (
        "text/plain",
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        f"{OFFICE}wordprocessingml.document",
        f"{OFFICE}spreadsheetml.sheet",
        f"{OFFICE}presentationml.presentation",
    ),
}
"""What Meta takes from a business, per kind (whatsapp-cloud-api, 5.1)."""
META_KEEPS_SECONDS = 29 * 86_400.0
"""Meta keeps an uploaded file for 30 days (5.6); a day before it is uploaded anew."""

LEASE_SECONDS = 300.0
"""Whoever fetches a file has it for so long; longer than the longest download."""
DOWNLOAD_SECONDS = 280.0
"""A download that takes longer is given up, while its lease still holds."""
RETRY_SECONDS = 2.0
RETRY_MAX_SECONDS = 900.0
LIFE_SECONDS = 7 * 86_400.0
"""An id from a webhook is valid for 7 days (5.6)."""

State = Literal["waiting", "stored", "failed"]
STATES: tuple[State, ...] = ("waiting", "stored", "failed")


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of one file."""

    id: str
    kind: str
    phone_number_id: str
    created: float
    """Seconds UTC."""
    meta_id: str = ""
    """Meta's id of an inbound file; empty for one an agent brought."""
    mime_type: str = ""
    """With its parameters, as in `audio/ogg; codecs=opus`."""
    sha256: str = ""
    """Hexadecimal, when Meta says it."""
    filename: str = ""
    size: int = 0
    """Bytes, once stored."""
    state: State = "waiting"
    reason: str = ""
    """Why it has not been stored yet, or never will be."""
    next: float = 0.0
    """Seconds UTC from when on it may be fetched."""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class NotFetched:
    """A try to fetch a file that brought nothing."""

    reason: str
    final: bool = False
    """No later try can succeed."""


def media_id(phone_number_id: str, message_id: str, meta_id: str) -> str:
    """Our id of a file a user sent; the same for every worker and every repeat of the webhook."""
    told = "\0".join((phone_number_id, message_id, meta_id))
    return PREFIX + sha256(told.encode()).hexdigest()[:40]


def is_ours(given: str) -> bool:
    """Whether an id has the form of ours; nothing else may become a file's name."""
    rest = given.removeprefix(PREFIX)
    return given.startswith(PREFIX) and len(rest) == 40 and all(char in "0123456789abcdef" for char in rest)


def kind_of(mime_type: str) -> str | None:
    """The kind of a file an agent brings; None when Meta takes no such type."""
    bare = mime_type.partition(";")[0].strip().lower()
    return next((kind for kind, types in TYPES.items() if bare in types), None)


def note_of(event: UserWrote) -> Note | None:
    """The note of the file in a message, to be fetched at once; None when it has none."""
    content = event.content
    meta_id = content.get("media_id")
    if event.kind not in LARGEST or not isinstance(meta_id, str) or not meta_id:
        return None
    number = event.user.phone_number_id
    mime_type = "; ".join(part for part in (content.get("mime_type"), content.get("mime_parameters")) if part)
    return Note(
        id=media_id(number, event.message_id or event.id, meta_id),
        kind=event.kind,
        phone_number_id=number,
        created=event.at,
        meta_id=meta_id,
        mime_type=mime_type,
        sha256=content.get("sha256") or "",
        filename=content.get("filename") or "",
    )


def with_address(event: UserWrote, base_url: str) -> UserWrote:
    """The message with our id and address of its file, which need not have come yet."""
    note = note_of(event)
    if note is None:
        return event
    return replace(event, content={**event.content, "media": note.id, "url": f"{base_url}/media/{note.id}"})


def leased(note: Note, now: float) -> Note | None:
    """The note of a file that is being fetched from now on; None when it is not its turn, or no longer waiting."""
    if note.state != "waiting" or note.next > now:
        return None
    return replace(note, next=now + LEASE_SECONDS, tries=note.tries + 1)


def after_failure(note: Note, failure: NotFetched, now: float) -> Note:
    """The note after a try that brought nothing: waiting with a doubled pause, or failed for good."""
    if failure.final or now - note.created >= LIFE_SECONDS:
        return replace(note, state="failed", reason=failure.reason, next=0.0)
    # The exponent is capped as well: a float has no room for 2 ** 1100.
    pause = min(RETRY_SECONDS * 2.0 ** min(max(note.tries - 1, 0), 20), RETRY_MAX_SECONDS)
    return replace(note, reason=failure.reason, next=now + pause)


def after_success(note: Note, mime_type: str, digest: str, size: int) -> Note:
    """The note of a file whose bytes are here; what Meta did not tell stays as the message told it."""
    mime_type, digest = mime_type or note.mime_type, digest or note.sha256
    return replace(note, state="stored", reason="", next=0.0, size=size, mime_type=mime_type, sha256=digest)


def read_note(data: Any) -> Note:
    """A note from its JSON; raises ValueError that says what is wrong."""
    if not isinstance(data, dict):
        raise ValueError("a note must be an object")
    wrong = [field.name for field in fields(Note) if not _fits(data.get(field.name), _KINDS[field.name])]
    if wrong:
        raise ValueError(f"a note has wrong or missing {', '.join(wrong)}")
    if data["state"] not in STATES:
        raise ValueError(f"a note's state must be one of {', '.join(STATES)}")
    if not is_ours(data["id"]):
        raise ValueError("a note's id is none of ours")
    return Note(**{field.name: data[field.name] for field in fields(Note)})


_KINDS: dict[str, tuple[type, ...]] = {
    **{field.name: (str,) for field in fields(Note)},
    **{name: (int, float) for name in ("created", "next")},
    **{name: (int,) for name in ("size", "tries")},
}


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def why_not_sent(note: Note, kind: str, head: bytes) -> str | None:
    """Why Meta would not take a stored file as this kind, by its note and first bytes (`webp.HEAD_BYTES`); else None.

    `kind` is what the file is to be: that of a message, or of the header it stands in.
    """
    mime_type = note.mime_type.partition(";")[0].strip().lower()
    if mime_type not in TYPES[kind]:
        return f"its type is {mime_type!r}; as {kind} Meta takes {', '.join(TYPES[kind])}"
    still = kind == "sticker" and not is_animated(head)
    largest, what = (STILL_STICKER, "sticker that does not move") if still else (LARGEST[kind], kind)
    if note.size > largest:
        return f"it has {note.size} bytes; as {what} Meta takes {largest}"
    return None
