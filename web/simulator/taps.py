"""Taps on what the business sent: list rows, reply buttons, template buttons and finished Flows.

An action comes in; out goes the part of the message item that tells it (reference, chapter 2.2). Only what the tapped
message shows can be tapped, unless a title forces it.
"""

import json
from typing import Any

from web.simulator.actions import UserAction
from web.simulator.contents import Scene
from web.simulator.users import User
from web.simulator.world import World

CHOICE_KINDS = {"list_reply": "row", "button_reply": "button", "template_button": "template_button"}
TAPS = (*CHOICE_KINDS, "flow_reply")
MEMBERS = {"list_reply": "row_id", "button_reply": "button_id", "template_button": "payload"}


def build_tap(action: UserAction, scene: Scene, user: User, world: World) -> tuple[dict[str, Any], str]:
    """Return type and content of a tap, and its text; raises ValueError if it cannot be tapped."""
    if action.type == "flow_reply":
        return _flow_reply(action), action.body
    choice = _find_choice(action, scene, user, world)
    if action.type == "template_button":
        return {"type": "button", "button": {"payload": choice["id"], "text": choice["title"]}}, choice["title"]
    reply = {key: choice[key] for key in ("id", "title", "description") if key in choice}
    return {"type": "interactive", "interactive": {"type": action.type, action.type: reply}}, choice["title"]


def _flow_reply(action: UserAction) -> dict[str, Any]:
    if action.response is None:
        raise ValueError("response: needed for type flow_reply, an object or JSON text")
    response = action.response if isinstance(action.response, str) else json.dumps(action.response)
    reply = {"name": action.name, "body": action.body, "response_json": response}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def _find_choice(action: UserAction, scene: Scene, user: User, world: World) -> dict[str, str]:
    member = MEMBERS[action.type]
    identifier = getattr(action, member)
    if identifier is None:
        raise ValueError(f"{member}: needed for type {action.type}")
    if action.title is not None:
        return {"id": identifier, "title": action.title}
    found = world.find_message(action.message_id or "")
    if found is None or not scene.find_target(found[1].wamid, user):
        raise ValueError("message_id: no such message on this phone; to force the tap give a title as well")
    for choice in found[1].choices:
        if choice["kind"] == CHOICE_KINDS[action.type] and choice["id"] == identifier:
            return choice
    raise ValueError(f"{identifier!r} cannot be tapped in that message; to force the tap give a title as well")
