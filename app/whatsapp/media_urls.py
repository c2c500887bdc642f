"""Takes Meta's addresses of media out of a webhook, before anything of it is kept.

In: the JSON of a webhook, changed in place, or a body that cannot be read, as bytes. Such an address needs our token
and lives for minutes (whatsapp-cloud-api, 5.6); the media id, which stays, finds the file. Addresses a user sent (a
place, a contact card) are left alone.
"""

import re
from typing import Any

MEDIA = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
"""Names under which Meta puts a file."""

SHOWN_BY_META = ("image_url", "video_url", "thumbnail_url")
"""Of a `referral`: pictures of the advert, at addresses of Meta's."""

MARKS = ("mime_type", "sha256")
"""What only a file has, under whatever name it may come."""

ADDRESS = re.compile(
    rb"https?:(?:\\*/|\\+u002f){2}lookaside\.fbsbx\.com(?![a-z0-9.-])[^\"\s]*",
    re.IGNORECASE,
)
"""Where Meta keeps media, in JSON as it is written: slashes may be escaped, and the text may end anywhere."""


def without_media_urls(body: bytes) -> bytes:
    """A body that cannot be read, without Meta's addresses of media; all else as it came."""
    return ADDRESS.sub(b"", body)


def strip_media_urls(data: Any) -> None:
    """Remove Meta's addresses of files and of an advert's pictures from some JSON, at any depth.

    A `url` that is no text stays: it is no address.
    """
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend((name, inner) for inner in value)
        elif isinstance(value, dict):
            is_file = name in MEDIA or any(mark in value for mark in MARKS)
            if is_file and isinstance(value.get("url"), str):
                del value["url"]
            if name == "referral":
                for shown in SHOWN_BY_META:
                    value.pop(shown, None)
            waiting.extend(value.items())
