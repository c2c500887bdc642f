"""Files that agents and operators bring: of what type one is, under which name it is kept, and what it may be sent as.

In: what whoever brings it says of it. Out: a type Meta takes, a name fit to be shown, or the reason why not. Limits of
type and size are those of `app/core/media.py`.
"""

import unicodedata
from collections.abc import Mapping

from app.core.media import MIB, OFFICE, TYPES, kind_of

FILENAME_MAX = 200
"""Characters of a file's name; file systems take 255 bytes."""
RESERVED = '<>:"|?*'
"""Characters some file systems give a meaning of their own."""
BY_EXTENSION = {
    **{"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"},
    **{"mp4": "video/mp4", "3gp": "video/3gpp"},
    **{"aac": "audio/aac", "amr": "audio/amr", "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg"},
    "opus": "audio/ogg",
    **{"txt": "text/plain", "pdf": "application/pdf", "doc": "application/msword"},
    **{"xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"},
    **{"docx": f"{OFFICE}wordprocessingml.document", "xlsx": f"{OFFICE}spreadsheetml.sheet"},
    "pptx": f"{OFFICE}presentationml.presentation",
}


def clean_filename(name: str | None) -> str | None:
    """A file's name as somebody gave it, fit to be shown and stored: no path, no control or direction characters.

    The extension survives the cut. None when nothing is left.
    """
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char for char in last if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    safe = "".join("_" if char in RESERVED else char for char in shown).strip(" .")
    if len(safe) > FILENAME_MAX:
        stem, dot, extension = safe.rpartition(".")
        short = dot and len(extension) < 20
        end = dot + extension if short else ""
        safe = (stem if short else safe)[: FILENAME_MAX - len(end)].rstrip(" .") + end
    return safe or None


def type_of(told: str, filename: str) -> str:
    """The type of a file as it was told; by its name where none was, or one Meta does not know (`audio/x-m4a`)."""
    if kind_of(told) is not None:
        return told.strip()
    return BY_EXTENSION.get(filename.rpartition(".")[2].lower(), told.strip())


def why_no_type(mime_type: str, filename: str) -> str | None:
    """Why Meta would not take a file of this type as any kind; None when it would."""
    if kind_of(mime_type) is not None:
        return None
    of_type = f"no file of type {mime_type[:100]!r}"
    if filename:
        return f"{filename!r} cannot be sent: Meta takes {of_type}, only {', '.join(BY_EXTENSION)}"
    types = ", ".join(one for kinds in TYPES.values() for one in kinds)
    return f"Meta takes {of_type}, only {types}"


def why_too_large(kind: str, size: int, largest: Mapping[str, int]) -> str | None:
    """Why Meta would not take a file of so many bytes as its kind; None when it would."""
    if size <= largest[kind]:
        return None
    most = f"{largest[kind]} bytes" + (f" ({largest[kind] / MIB:g} MB)" if largest[kind] >= MIB else "")
    return f"the file is larger than {most}, the most for {kind}"
