"""What a user does on the phone, told as WhatsApp tells it: the message items of a webhook.

An action of the control API comes in; out goes a message item and its text (reference, chapter 2). What is not on this
phone cannot be tapped, quoted or reacted to. It posts nothing.
"""

from typing import Any

from web.simulator.actions import UserAction
from web.simulator.config import Number
from web.simulator.contents import CONTENTS, Scene
from web.simulator.outgoing import plain_text
from web.simulator.taps import TAPS, build_tap
from web.simulator.users import User
from web.simulator.world import World

EDITS = ("edit", "revoke")
AD: dict[str, Any] = {
    "source_url": "https://fb.me/2AbCdEf",
    "source_type": "ad",
    "source_id": "120200000000000000",
    "headline": "Chat with us",
    "body": "Ask about our offers",
    "media_type": "image",
    "image_url": "https://example.org/ad.jpg",
    "ctwa_clid": "ARAkLkA8rmlFeiCktEJQ-QTwRiyYHAFDLMNDBH0CD3qpjd0HR4irJ6LEkR7JwFF4XvnO2E4Nx0-eM-GABDLOPaOdRMv",
}


def number_of(action: UserAction, user: User, world: World) -> Number:
    """Return the business number an action goes to: the one it names, else that of the message it is about."""
    if action.phone_number_id is None:
        for message_id in (action.message_id, action.reply_to):
            found = world.find_message(message_id or "")
            if found is not None and found[0] is user:
                return world.config.number(found[1].phone_number_id)
    return world.config.number(action.phone_number_id)


def build_item(
    action: UserAction, user: User, number: Number, world: World, wamid: str, timestamp: int, scene: Scene
) -> tuple[dict[str, Any], str]:
    """Return the message item and its text; raises ValueError if the action cannot be done on this phone."""
    item: dict[str, Any] = {**user.sender(), "id": wamid, "timestamp": str(timestamp)}
    if action.type == "raw":
        if not action.message or not isinstance(action.message.get("type"), str):
            raise ValueError("message: needed for type raw, an object with at least a type")
        item |= action.message
        return item, _raw_text(item)
    context = _context(action, user, number, world)
    if context or action.context is not None:
        item["context"] = context
    if action.referral:
        item["referral"] = AD if action.referral is True else action.referral
    if action.group_id is not None:
        item["group_id"] = action.group_id
    if action.type in EDITS and scene.edits_as_unsupported:
        action = UserAction(type="unsupported", unsupported_type="edit" if action.type == "edit" else None)
    content, text = (
        build_tap(action, scene, user, world) if action.type in TAPS else CONTENTS[action.type](action, user, scene)
    )
    return item | content, text


def _context(action: UserAction, user: User, number: Number, world: World) -> dict[str, Any] | None:
    if action.context is not None:
        return action.context
    context: dict[str, Any] = {}
    if action.frequently_forwarded:
        context["frequently_forwarded"] = True
    elif action.forwarded:
        context["forwarded"] = True
    quoted = action.reply_to
    if quoted is None and action.type in (*TAPS, "share_contact"):
        return _quote(world, action.message_id, user, number) if action.message_id is not None else context
    if quoted is not None:
        found = world.find_message(quoted)
        if found is None or found[0] is not user or found[1].phone_number_id != number.id:
            raise ValueError("reply_to: no such message on this phone; to force it give a context instead")
        context |= _quote(world, quoted, user, number)
    return context


def _quote(world: World, message_id: str, user: User, number: Number) -> dict[str, Any]:
    found = world.find_message(message_id)
    if found is not None and found[1].direction == "out":
        return {**user.sender(), "id": message_id}
    return {"from": number.display, "id": message_id}


def _raw_text(item: dict[str, Any]) -> str:
    kind = item["type"]
    content = item.get(kind)
    if kind == "text" and isinstance(content, dict):
        return str(content.get("body", ""))
    return plain_text(kind, content) if isinstance(content, dict | list) else kind
