"""What a person should see of a message beyond its text, from the webhook's JSON.

In: the single-item webhook JSON an agent's record carries. Out: a small dictionary of plain values, empty when there
is nothing to add or it cannot be read. Never raises: a detail is an ornament.
"""

from base64 import b64decode
from typing import Any

import orjson

from app.core.media import is_ours

MAX = 300


def message_of(raw_payload: object) -> dict[str, Any]:
    """The message inside a base64 webhook JSON; empty when there is none."""
    if not isinstance(raw_payload, str) or not raw_payload:
        return {}
    try:
        message = orjson.loads(b64decode(raw_payload))["entry"][0]["changes"][0]["value"]["messages"][0]
    except (ValueError, KeyError, IndexError, TypeError):
        return {}
    return message if isinstance(message, dict) else {}


def detail_of(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """The details of a message of this kind: a row's title, a file's name, a place, contacts, a reaction."""
    part = message.get(message.get("type", ""), {})
    found: dict[str, Any] = {}
    match kind:
        case "list_reply" | "button_reply":
            chosen = _map(_map(part).get(kind))
            found = {"title": chosen.get("title"), "description": chosen.get("description")}
        case "location":
            found = {name: _map(part).get(name) for name in ("name", "address", "latitude", "longitude")}
        case "reaction":
            found = {"emoji": _map(part).get("emoji"), "to": _map(part).get("message_id")}
        case "contacts" if isinstance(part, list):
            names = [_map(_map(entry).get("name")).get("formatted_name") for entry in part]
            found = {"names": ", ".join(name for name in names if isinstance(name, str))}
        case "image" | "video" | "audio" | "document" | "sticker":
            found = {name: _map(part).get(name) for name in ("filename", "mime_type", "voice")}
    return {name: kept for name, value in found.items() if (kept := _plain(value)) not in (None, "")}


def handed_over(data: dict[str, Any]) -> dict[str, Any]:
    """Of a record that begins a conversation: which agent handed the user over, and its note; empty when none did."""
    return {name: value for name in ("from", "note") if isinstance(value := data.get(name), str) and value}


def file_of(content: object) -> dict[str, Any]:
    """The broker's id of the file in a message, for the page to show it; empty when there is none."""
    media = _map(content).get("media")
    return {"media": media} if isinstance(media, str) and is_ours(media) else {}


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(value: object) -> str | float | bool | None:
    if isinstance(value, str):
        return value[:MAX]
    return value if isinstance(value, (bool, int, float)) else None
