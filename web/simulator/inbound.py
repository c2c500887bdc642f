"""What a user does on the phone, told as WhatsApp tells it: the message items of a webhook.

An action of the control API comes in; out goes a message item and its text. Taps are checked against the
message that was tapped, as a phone can only tap what it shows.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.simulator.outgoing import plain_text
from web.simulator.users import User
from web.simulator.world import World

CHOICE_KINDS = {"list_reply": "row", "button_reply": "button", "template_button": "template_button"}


class UserAction(BaseModel):
    """Body of POST /sim/users/{id}/messages; which members count depends on the type."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["text", "list_reply", "button_reply", "template_button", "raw"]
    text: str | None = None
    message_id: str | None = None
    row_id: str | None = None
    button_id: str | None = None
    payload: str | None = None
    title: str | None = None
    """Forces a tap on something the transcript does not hold, such as a menu of long ago."""
    message: dict[str, Any] | None = Field(default=None, description="raw: a message item, sent as it is")
    context: dict[str, Any] | None = None
    timestamp: int | None = Field(default=None, description="unix seconds, instead of now")
    wamid: str | None = Field(default=None, description="instead of a fresh one, to force a duplicate")


def build_item(action: UserAction, user: User, world: World, wamid: str, timestamp: int) -> tuple[dict[str, Any], str]:
    """Return the message item and its text; raises ValueError if the action cannot be done on this phone."""
    item: dict[str, Any] = {**user.sender(), "id": wamid, "timestamp": str(timestamp)}
    if action.type == "raw":
        if not action.message or not isinstance(action.message.get("type"), str):
            raise ValueError("message: needed for type raw, an object with at least a type")
        item |= action.message
        return item, _raw_text(item)
    if action.context is not None:
        item["context"] = action.context
    if action.type == "text":
        if not action.text:
            raise ValueError("text: needed for type text, and not empty")
        return item | {"type": "text", "text": {"body": action.text}}, action.text
    choice = _find_choice(action, user, world)
    if action.context is None and action.message_id is not None:
        item["context"] = {"from": world.config.display_phone_number, "id": action.message_id}
    if action.type == "template_button":
        return item | {"type": "button", "button": {"payload": choice["id"], "text": choice["title"]}}, choice["title"]
    reply = {key: choice[key] for key in ("id", "title", "description") if key in choice}
    return item | {"type": "interactive", "interactive": {"type": action.type, action.type: reply}}, choice["title"]


def _find_choice(action: UserAction, user: User, world: World) -> dict[str, str]:
    wanted = {"list_reply": action.row_id, "button_reply": action.button_id, "template_button": action.payload}
    identifier = wanted[action.type]
    if identifier is None:
        member = {"list_reply": "row_id", "button_reply": "button_id", "template_button": "payload"}[action.type]
        raise ValueError(f"{member}: needed for type {action.type}")
    if action.title is not None:
        return {"id": identifier, "title": action.title}
    found = world.find_message(action.message_id or "")
    if found is None or found[0] is not user:
        raise ValueError("message_id: no such message on this phone; to force the tap give a title as well")
    for choice in found[1].choices:
        if choice["kind"] == CHOICE_KINDS[action.type] and choice["id"] == identifier:
            return choice
    raise ValueError(f"{identifier!r} cannot be tapped in that message; to force the tap give a title as well")


def _raw_text(item: dict[str, Any]) -> str:
    kind = item["type"]
    content = item.get(kind)
    if kind == "text" and isinstance(content, dict):
        return str(content.get("body", ""))
    return plain_text(kind, content) if isinstance(content, dict | list) else kind
