"""The mark on every message we send: it comes back in each of its statuses (`biz_opaque_callback_data`).

In: whose message it is. Out: a short text, and the mark again. A text that is not ours reads as None: other programs
may send through the same number.
"""

import orjson

from app.core.events import Mark

MAX = 512
"""Characters Meta echoes (whatsapp-cloud-api, chapter 5)."""


def write_mark(mark: Mark) -> str:
    """The mark as text; raises ValueError past Meta's limit."""
    pairs = {"k": mark.key, "e": mark.effect, "a": mark.agent, "r": mark.ref}
    text = orjson.dumps({name: value for name, value in pairs.items() if value is not None}).decode()
    if len(text) > MAX:
        raise ValueError(f"the mark of effect {mark.effect} has {len(text)} characters; Meta echoes {MAX}")
    return text


def read_mark(text: object) -> Mark | None:
    """The mark in a text, or None when it is not ours."""
    if not isinstance(text, str):
        return None
    try:
        data = orjson.loads(text)
        mark = Mark(key=data["k"], effect=data["e"], agent=data.get("a"), ref=data.get("r"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return mark if _is_ours(mark) else None


def _is_ours(mark: Mark) -> bool:
    """Whether every part has the type we write: another program's JSON may have the same names."""
    named = all(isinstance(part, str) and part for part in (mark.key, mark.effect))
    return named and isinstance(mark.agent, int | None) and isinstance(mark.ref, str | None)
