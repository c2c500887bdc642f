"""What happens to users, templates and the account besides messages: orders of the control API that become webhooks.

Changes of number, marketing choices, played voice notes, template states, and any field or value-level error come in;
signed webhooks go out by the same road as messages, retried until taken.
"""

import secrets
from dataclasses import replace
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from web.simulator.errors import status_error
from web.simulator.identity import Announcement, IdentityChange, announce, change_identity, change_phone
from web.simulator.orders import find_user, read_json
from web.simulator.parts import PARTS, Parts
from web.simulator.templates import Status, Template
from web.simulator.webhooks import Item, metadata

ACCOUNT = "account"
_adapter = TypeAdapter(Template)
OF_THE_NUMBER = (
    "messages",
    "user_preferences",
    "user_id_update",
    "smb_message_echoes",
    "calls",
    "group_lifecycle_update",
)
"""Fields whose value carries `metadata`; the others are about the account."""


class Event(BaseModel):
    """Body of POST /sim/events: a field with its value, or value-level errors by code."""

    model_config = ConfigDict(extra="forbid")

    field: str = "messages"
    value: dict[str, Any] = Field(default_factory=dict)
    """Members of the value; `messaging_product` and `metadata` are added where the field has them."""
    phone_number_id: str | None = None
    """The business number it is about, where the field has one; else the first."""
    errors: list[int] = Field(default_factory=list)
    """Meta's codes: a value with these errors and neither messages nor statuses."""


class Marketing(BaseModel):
    """Body of POST /sim/users/{id}/marketing."""

    model_config = ConfigDict(extra="forbid")

    value: Literal["stop", "resume", "signup"]
    phone_number_id: str | None = None
    """The business number whose chat it is said in; it holds for the whole account."""


class Played(BaseModel):
    """Body of POST /sim/users/{id}/played: the voice note that was played."""

    model_config = ConfigDict(extra="forbid")

    message_id: str


class TemplateChange(BaseModel):
    """Body of PATCH /sim/templates/{name}; without a language every translation changes."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    language: str | None = None
    reason: str = "NONE"


async def post_event(request: web.Request) -> web.Response:
    """Post a webhook of any field, or value-level errors."""
    event = Event.model_validate(await read_json(request))
    parts = request.app[PARTS]
    value = dict(event.value)
    number = parts.config.number(event.phone_number_id)
    if event.field in OF_THE_NUMBER:
        value = {"messaging_product": "whatsapp", "metadata": metadata(parts.config, number)} | value
    if event.errors:
        value["errors"] = [status_error(code, "something went wrong with the account") for code in event.errors]
    _post(parts, event.field, value)
    return web.json_response({"field": event.field, "value": value}, status=202)


async def post_identity(request: web.Request) -> web.Response:
    """Give a user another number, another BSUID, or both."""
    user = find_user(request)
    change_identity(request.app[PARTS], user, IdentityChange.model_validate(await read_json(request)))
    return web.json_response(user.public())


async def post_announcement(request: web.Request) -> web.Response:
    """Tell the last change of number or BSUID, late or again."""
    user = find_user(request)
    announce(request.app[PARTS], user, Announcement.model_validate(await read_json(request)))
    return web.json_response(user.public())


async def post_new_phone(request: web.Request) -> web.Response:
    """Give a user another phone under the same number: the identity key changes."""
    user = find_user(request)
    change_phone(request.app[PARTS], user)
    return web.json_response(user.public())


async def post_marketing(request: web.Request) -> web.Response:
    """Let a user stop or take up marketing messages again."""
    user = find_user(request)
    choice = Marketing.model_validate(await read_json(request))
    parts = request.app[PARTS]
    number = parts.config.number(choice.phone_number_id)
    user.stopped_marketing = choice.value == "stop"
    names = {"wa_id": user.shown_wa_id, "user_id": user.user_id}
    preference: dict[str, Any] = {name: value for name, value in names.items() if value}
    preference |= {
        "detail": f"User requested to {choice.value} marketing messages",
        "category": "marketing_messages",
        "value": choice.value,
        "timestamp": int(parts.config.clock()),
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata(parts.config, number),
        "contacts": [user.contact()],
        "user_preferences": [preference],
    }
    _post(parts, "user_preferences", value, lane=user.id)
    parts.world.tell({"type": "user", "user": user.public()})
    return web.json_response(user.public())


async def post_template(request: web.Request) -> web.Response:
    """Add a template, approved at once; the same name and language replaces it."""
    template = _adapter.validate_python(await read_json(request))
    world = request.app[PARTS].world
    name = (template.name, template.language)
    world.templates = [one for one in world.templates if (one.name, one.language) != name] + [template]
    return web.json_response(_public(template), status=201)


async def post_played(request: web.Request) -> web.Response:
    """Let a user play a voice note; only the first time is told."""
    find_user(request)
    order = Played.model_validate(await read_json(request))
    return web.json_response({"played": request.app[PARTS].statuses.played(order.message_id)})


async def get_templates(request: web.Request) -> web.Response:
    """List the templates."""
    return web.json_response({"templates": [_public(one) for one in request.app[PARTS].world.templates]})


async def patch_template(request: web.Request) -> web.Response:
    """Approve, pause or disable a template, and tell it."""
    change = TemplateChange.model_validate(await read_json(request))
    parts = request.app[PARTS]
    changed: list[Template] = []
    for index, template in enumerate(parts.world.templates):
        if template.name == request.match_info["name"] and change.language in (None, template.language):
            parts.world.templates[index] = replace(template, status=change.status)
            changed.append(parts.world.templates[index])
    if not changed:
        return web.json_response({"error": "no such template; GET /sim/templates lists them"}, status=404)
    for template in changed:
        value = {
            "event": template.status,
            "message_template_id": secrets.randbelow(10**15),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "reason": change.reason,
        }
        _post(parts, "message_template_status_update", value)
    return web.json_response({"templates": [_public(one) for one in changed]})


def _post(parts: Parts, field: str, value: dict[str, Any], lane: str = ACCOUNT) -> None:
    parts.delivery.post(Item(lane=lane, kind="field", field=field, content=value, contact=None))


def _public(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "status": template.status,
        "header": template.header,
        "body": template.body,
        "footer": template.footer,
        "buttons": [{"kind": one.kind, "label": one.label} for one in template.made_buttons],
    }
