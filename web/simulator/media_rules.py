"""What WhatsApp takes as a photo, a video, a sound, a document or a sticker: MIME types and sizes.

A kind, a MIME type and a size or the bytes come in; out goes the reason why Meta refuses them, or nothing. The
limits are those of the reference, chapter 5.1; sizes are bytes.
"""

MIB = 1024 * 1024
KIB = 1024
KINDS = ("image", "video", "audio", "document", "sticker")
OFFICE = "application/vnd.openxmlformats-officedocument."
MIME_TYPES: dict[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png"),
    "video": ("video/mp4", "video/3gpp", "video/3gp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "sticker": ("image/webp",),
    "document": (
        "text/plain",
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        OFFICE + "wordprocessingml.document",
        OFFICE + "spreadsheetml.sheet",
        OFFICE + "presentationml.presentation",
    ),
}
LIMITS = {"image": 5 * MIB, "video": 16 * MIB, "audio": 16 * MIB, "document": 100 * MIB, "sticker": 500 * KIB}
STILL_STICKER_LIMIT = 100 * KIB
LARGEST = 100 * MIB
"""No medium is larger, in either direction."""
ALL_TYPES = tuple(sorted({mime for types in MIME_TYPES.values() for mime in types}))


def bare(mime_type: str) -> str:
    """Return a MIME type without its parameters, in lower case."""
    return mime_type.partition(";")[0].strip().lower()


def refusal(kind: str, mime_type: str, data: bytes) -> str | None:
    """Return why a file cannot be sent as this kind, or None."""
    mime = bare(mime_type)
    if mime not in MIME_TYPES[kind]:
        return f"{mime or 'no MIME type'} is not supported for {kind}; supported: {', '.join(MIME_TYPES[kind])}"
    limit = LIMITS[kind]
    if kind == "sticker" and not is_animated(data):
        limit = STILL_STICKER_LIMIT
    if not data:
        return f"{kind}: the file is empty"
    if len(data) > limit:
        return f"{kind}: {len(data)} bytes, at most {limit}"
    return None


def upload_refusal(mime_type: str, data: bytes) -> str | None:
    """Return why a file cannot be uploaded at all, or None: no kind takes it."""
    mime = bare(mime_type)
    if mime not in ALL_TYPES:
        return f"file of type {mime or 'unknown'}; must be one of {', '.join(ALL_TYPES)}"
    reasons = [refusal(kind, mime, data) for kind in KINDS if mime in MIME_TYPES[kind]]
    return None if None in reasons else reasons[0]


def is_animated(data: bytes) -> bool:
    """Whether a WebP file moves: its extended header has the animation bit."""
    return data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) > 20 and bool(data[20] & 0x02)
