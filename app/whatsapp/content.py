"""Reads what a message holds, whatever its type.

In: a message of a webhook. Out: its type as agents know it, the words to show, and the content as JSON. Every type of
Meta's reference (chapter 2) has a model; any other arrives under its own name with its raw form. Nothing here raises.
"""

from typing import Any, NamedTuple

from app.whatsapp.content_base import Content, flat_errors
from app.whatsapp.content_changes import Edit, Reaction, Revoke
from app.whatsapp.content_media import Audio, Captioned, Document, Sticker
from app.whatsapp.content_places import Contacts, Location
from app.whatsapp.content_taps import CallPermission, Choice, FlowReply, TemplateButton
from app.whatsapp.content_words import Order, Strange, System, Text, Unsupported

MODELS: dict[str, type[Content]] = {
    "text": Text,
    "image": Captioned,
    "video": Captioned,
    "audio": Audio,
    "document": Document,
    "sticker": Sticker,
    "location": Location,
    "contacts": Contacts,
    "button": TemplateButton,
    "reaction": Reaction,
    "order": Order,
    "system": System,
    "edit": Edit,
    "revoke": Revoke,
    "unsupported": Unsupported,
    "request_welcome": Content,
}
"""A model per `type`; `interactive` is told apart by its own."""

REPLIES: dict[str, type[Content]] = {
    "list_reply": Choice,
    "button_reply": Choice,
    "nfm_reply": FlowReply,
    "call_permission_reply": CallPermission,
}
"""A model per `interactive.type`; agents know these by the inner name alone."""

OLD_NAMES = {"voice": "audio", "unknown": "unsupported", "ephemeral": "unsupported"}

TAKEN = frozenset({*REPLIES, "interactive", "initial", "status", "closed"})
"""Names that mean something else in an agent's record: a new type of Meta's must not pass for them."""

COMMON = frozenset(
    {"id", "from", "from_user_id", "from_parent_user_id", "timestamp", "type", "context", "referral", "errors"}
)
"""What every message may have (whatsapp-cloud-api, chapter 2): no part of the content."""


class Read(NamedTuple):
    """What a message holds."""

    kind: str
    text: str
    content: dict[str, Any]


def read_content(message: dict[str, Any], errors_beside: object = None) -> Read:
    """The content of a message; `errors_beside` are those of its change, for what came without content."""
    name = message.get("type")
    name = name if isinstance(name, str) and name else "unsupported"
    own_errors = flat_errors(message.get("errors"))
    if name == "interactive":
        return _read_reply(message, own_errors or flat_errors(errors_beside))
    kind = OLD_NAMES.get(name, name)
    data = message.get(name)
    if name == "voice" and isinstance(data, dict):
        data = {"voice": True, **data}
    elif kind == "contacts":
        data = {"contacts": data}
    elif kind == "system" and isinstance(data, dict):
        data = {**data, "identity": message.get("identity")}
    elif kind == "edit" and isinstance(data, dict):
        data = {**data, "message": _read_edited(data.get("message"))}
    model = MODELS.get(kind)
    if model is not None:
        return _shown(kind, model, data, own_errors)
    strange = {"raw": {part: message[part] for part in message if part not in COMMON}}
    read = _shown("unsupported" if kind in TAKEN else kind, Strange, strange, own_errors)
    return read._replace(text=_first_text(data, "caption", "text", "body"))


def _read_reply(message: dict[str, Any], errors: list[dict[str, Any]]) -> Read:
    data = message.get("interactive")
    data = data if isinstance(data, dict) else {}
    inner = data.get("type")
    reply = data.get(inner) if isinstance(inner, str) else None
    if not isinstance(inner, str) or not inner:
        return _shown("interactive", Strange, {"raw": data} if data else {}, errors)
    if inner in REPLIES:
        return _shown(inner, REPLIES[inner], reply, errors)
    kind = "interactive" if inner in MODELS or inner in OLD_NAMES or inner in TAKEN else inner
    return _shown(kind, Strange, {"raw": data}, errors)._replace(text=_first_text(reply, "id", "body"))


def _read_edited(message: object) -> dict[str, Any] | None:
    # An edit of an edit is not read any deeper: a message may not make us descend without end.
    if not isinstance(message, dict) or message.get("type") == "edit":
        return None
    kind, text, content = read_content(message)
    return {"type": kind, "text": text, "content": content}


def _shown(kind: str, model: type[Content], data: object, errors: list[dict[str, Any]]) -> Read:
    content = model.read({**data, "errors": errors} if isinstance(data, dict) else {"errors": errors})
    return Read(kind, content.words, content.to_dict())


def _first_text(data: object, *names: str) -> str:
    """What may be readable in a type nobody knows."""
    if not isinstance(data, dict):
        return ""
    found = (data.get(name) for name in names)
    return next((text for text in found if isinstance(text, str) and text), "")
