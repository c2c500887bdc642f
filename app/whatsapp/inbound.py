"""Reads one item of a webhook into an event.

In: a webhook with exactly one message or status, as `envelope.split` makes it. Out: `UserWrote`, `StatusCame`, or
`NotUnderstood` with the reason. Tolerant: an unknown type is passed on as such, a missing part is not an error.
"""

import math
from typing import Any

import orjson

from app.core.events import Event, NotUnderstood, StatusCame, UserWrote
from app.core.identity import User
from app.whatsapp.mark import read_mark
from app.whatsapp.people import message_user, phone_number_id, status_user

MILLISECONDS_FROM = 10**12
"""Timestamps from here on are milliseconds: some have been seen."""


def read_item(value: bytes) -> Event | NotUnderstood:
    """The event of an item."""
    try:
        webhook = orjson.loads(value)
        content = webhook["entry"][0]["changes"][0]["value"]
        if content.get("messages"):
            return _read_message(content, content["messages"][0], value)
        return _read_status(content, content["statuses"][0], value)
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        return NotUnderstood(f"not an item of a webhook: {error!r}", value)


def _read_message(content: dict[str, Any], message: dict[str, Any], raw: bytes) -> Event | NotUnderstood:
    user, _ = message_user(content, message)
    at = _seconds(message.get("timestamp"))
    if user is None or at is None:
        return NotUnderstood("a message without a user or a timestamp", raw)
    kind, text = _kind_and_text(message)
    context = message.get("context")
    return UserWrote(
        id=str(message["id"]),
        user=user,
        at=at,
        kind=kind,
        text=text,
        raw=raw,
        context=context if isinstance(context, dict) else None,
    )


def _kind_and_text(message: dict[str, Any]) -> tuple[str, str]:
    kind = str(message.get("type") or "unknown")
    content = message.get(kind)
    content = content if isinstance(content, dict) else {}
    match kind:
        case "text":
            return kind, _string(content, "body")
        case "interactive":
            inner = str(content.get("type") or "interactive")
            reply = content.get(inner)
            reply = reply if isinstance(reply, dict) else {}
            return inner, _string(reply, "id", "response_json", "body")
        case "button":
            return kind, _string(content, "payload", "text")
        case "reaction":
            return kind, _string(content, "emoji")
        case "location":
            return kind, _string(content, "name", "address") or _place(content)
        case "system":
            return kind, _string(content, "body")
        case "document":
            return kind, _string(content, "caption", "filename")
        case _:
            return kind, _string(content, "caption", "text", "body")


def _place(location: dict[str, Any]) -> str:
    return f"{location.get('latitude')},{location.get('longitude')}" if "latitude" in location else ""


def _string(content: dict[str, Any], *names: str) -> str:
    for name in names:
        found = content.get(name)
        if isinstance(found, str) and found:
            return found
    return ""


def _read_status(content: dict[str, Any], status: dict[str, Any], raw: bytes) -> Event | NotUnderstood:
    mark = read_mark(status.get("biz_opaque_callback_data"))
    user = status_user(content, status)
    if mark is not None:
        user = User(
            key=mark.key,
            phone_number_id=phone_number_id(content),
            wa_id=user.wa_id if user else None,
            user_id=user.user_id if user else None,
        )
    at = _seconds(status.get("timestamp"))
    if user is None or at is None:
        return NotUnderstood("a status without a user or a timestamp", raw)
    errors = status.get("errors")
    return StatusCame(
        id=f"{status['id']}:{status.get('status')}",
        user=user,
        at=at,
        message_id=str(status["id"]),
        status=str(status.get("status")),
        mark=mark,
        errors=tuple(_flat(error) for error in errors if isinstance(error, dict)) if isinstance(errors, list) else (),
        raw=raw,
    )


def _flat(error: dict[str, Any]) -> dict[str, Any]:
    """Meta's error with its details where older shapes have them."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return {**error, "details": details or error.get("details")}


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return seconds / 1000 if seconds >= MILLISECONDS_FROM else seconds
