"""The content of each kind of message a user sends that is no tap: text, media, places, people, reactions, orders.

An action and the scene come in; out go `type` with the object of that name, and a line of text (reference, chapter
2.1). It raises ValueError when the action lacks what its type needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from web.simulator.actions import UserAction
from web.simulator.errors import status_error
from web.simulator.media import Medium
from web.simulator.media_rules import is_animated
from web.simulator.outgoing import plain_text
from web.simulator.users import User

Content = tuple[dict[str, Any], str]
UNSUPPORTED = 131051
UNAVAILABLE = 131060
REASONS = {
    UNSUPPORTED: "Message type is currently not supported",
    UNAVAILABLE: "This message is unavailable. Ask the sender to send it again",
    131052: "Failed to download the media from the sender, for example because it is larger than 100 MB",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What contents need to know besides the action."""

    find_medium: Callable[[str], Medium | None]
    """The medium with an id, its seven days begun anew."""
    address_of: Callable[[Medium], str | None]
    """Its `url`, when webhooks are to carry one."""
    find_target: Callable[[str, User], bool]
    """Whether a message is on this phone."""
    edits_as_unsupported: bool = False


def text_content(action: UserAction, user: User, scene: Scene) -> Content:
    """A text."""
    if not action.text:
        raise ValueError("text: needed for type text, and not empty")
    return {"type": "text", "text": {"body": action.text}}, action.text


def media_content(action: UserAction, user: User, scene: Scene) -> Content:
    """A photo, video, sound, document or sticker; with an error in place of the file if one is asked for."""
    kind = action.type
    if action.error is not None:
        return {"type": kind, "errors": [_error(action.error)]}, kind
    if action.media_id is None:
        raise ValueError(f"media_id: needed for type {kind}; POST the file to /sim/media to get one")
    medium = scene.find_medium(action.media_id)
    if medium is None:
        raise ValueError(f"media_id: no such medium, or its time is over: {action.media_id}")
    content: dict[str, Any] = dict(medium.told())
    if action.caption and kind in ("image", "video", "document"):
        content["caption"] = action.caption
    filename = action.filename or medium.filename
    if kind == "document" and filename:
        content["filename"] = filename
    if kind == "audio":
        content["voice"] = action.voice
    if kind == "sticker":
        content["animated"] = is_animated(medium.data)
    url = scene.address_of(medium)
    if url is not None:
        content["url"] = url
    return {"type": kind, kind: content}, plain_text(kind, content)


def location_content(action: UserAction, user: User, scene: Scene) -> Content:
    """A pin, or a chosen place."""
    place = action.location
    if not place or not all(isinstance(place.get(name), int | float) for name in ("latitude", "longitude")):
        raise ValueError("location: needed for type location, an object with the numbers latitude and longitude")
    return {"type": "location", "location": place}, plain_text("location", place)


def contacts_content(action: UserAction, user: User, scene: Scene) -> Content:
    """Cards of other people."""
    if not action.contacts:
        raise ValueError("contacts: needed for type contacts, a list of cards as in the reference")
    return {"type": "contacts", "contacts": action.contacts}, plain_text("contacts", action.contacts)


def own_contact(action: UserAction, user: User, scene: Scene) -> Content:
    """The user's own number, as the answer to a request for it."""
    if not user.wa_id:
        raise ValueError("this user has no phone number to share")
    phone = {"phone": "+" + user.wa_id, "wa_id": user.wa_id, "type": "CELL"}
    card = {"name": {"formatted_name": user.name, "first_name": user.name}, "phones": [phone]}
    cards = [card | {"origin": "contact_request"}]
    return {"type": "contacts", "contacts": cards}, f"{user.name}, +{user.wa_id}"


def reaction_content(action: UserAction, user: User, scene: Scene) -> Content:
    """A reaction, or its removal."""
    reaction = {"message_id": _target(action, user, scene)}
    if action.emoji is not None:
        reaction["emoji"] = action.emoji
    return {"type": "reaction", "reaction": reaction}, action.emoji or ""


def order_content(action: UserAction, user: User, scene: Scene) -> Content:
    """An order of the catalogue."""
    if not action.order or not action.order.get("product_items"):
        raise ValueError("order: needed for type order, an object with catalog_id and product_items")
    order = action.order | ({"text": action.text} if action.text else {})
    return {"type": "order", "order": order}, action.text or f"Order of {len(order['product_items'])} items"


def unsupported_content(action: UserAction, user: User, scene: Scene) -> Content:
    """Something the API cannot tell."""
    content: dict[str, Any] = {"type": "unsupported", "errors": [_error(action.error or UNSUPPORTED)]}
    if action.unsupported_type:
        content["unsupported"] = {"type": action.unsupported_type}
    return content, action.unsupported_type or "unsupported"


def edit_content(action: UserAction, user: User, scene: Scene) -> Content:
    """New words for a text written before."""
    if not action.text:
        raise ValueError("text: needed for type edit, the new words")
    target = _target(action, user, scene)
    message = {"type": "text", "text": {"body": action.text}}
    return {"type": "edit", "edit": {"original_message_id": target, "message": message}}, action.text


def revoke_content(action: UserAction, user: User, scene: Scene) -> Content:
    """A message deleted for everyone."""
    return {"type": "revoke", "revoke": {"original_message_id": _target(action, user, scene)}}, ""


def _target(action: UserAction, user: User, scene: Scene) -> str:
    if not action.message_id:
        raise ValueError(f"message_id: needed for type {action.type}, the message it is about")
    if action.title is None and not scene.find_target(action.message_id, user):
        raise ValueError("message_id: no such message on this phone; to force it give a title as well")
    return action.message_id


def _error(code: int) -> dict[str, Any]:
    return status_error(code, REASONS.get(code, "The message could not be told"))


CONTENTS: dict[str, Callable[[UserAction, User, Scene], Content]] = {
    "text": text_content,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), media_content),
    "location": location_content,
    "contacts": contacts_content,
    "share_contact": own_contact,
    "reaction": reaction_content,
    "order": order_content,
    "unsupported": unsupported_content,
    "edit": edit_content,
    "revoke": revoke_content,
}
