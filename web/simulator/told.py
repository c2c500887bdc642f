"""Statuses as the test bench wants them: late, repeated, contradictory, of the past; beside what really happens.

An order with a message's id comes in, one status item goes out to the webhook. The phone's own ticks stay as they are.
"""

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from web.simulator.errors import status_error
from web.simulator.orders import read_json
from web.simulator.parts import PARTS
from web.simulator.webhooks import Item
from web.simulator.world import Message


class ToldStatus(BaseModel):
    """Body of POST /sim/statuses."""

    model_config = ConfigDict(extra="forbid")

    message_id: str
    """A message of the business."""
    status: Literal["sent", "delivered", "read", "played", "failed", "deleted", "warning"]
    errors: list[int] = Field(default_factory=list)
    timestamp: int | None = None
    """Unix seconds, instead of now."""


async def post_status(request: web.Request) -> web.Response:
    """Tell a status of a message, whatever became of it."""
    told = ToldStatus.model_validate(await read_json(request))
    parts = request.app[PARTS]
    found = parts.world.find_message(told.message_id)
    if found is None or found[1].direction != "in":
        raise ValueError("message_id: no such message of the business")
    user, message = found
    timestamp = told.timestamp if told.timestamp is not None else int(parts.config.clock())
    item: dict[str, Any] = {"id": message.wamid, "status": told.status, "timestamp": str(timestamp)}
    by_number = bool(message.raw.get("to"))
    if user.wa_id and (by_number or user.shown_wa_id):
        item["recipient_id"] = user.wa_id
    if user.user_id and (told.status != "failed" or not by_number):
        item["recipient_user_id"] = user.user_id
    if _callback_data(message) is not None:
        item["biz_opaque_callback_data"] = _callback_data(message)
    if told.errors:
        item["errors"] = [status_error(code, "told by order of the control API") for code in told.errors]
    contact = None if told.status == "failed" else user.contact(with_username=told.status != "sent")
    number = parts.config.number(message.phone_number_id)
    parts.delivery.post(Item(lane=user.id, number=number, kind="statuses", content=item, contact=contact))
    return web.json_response(item, status=202)


def _callback_data(message: Message) -> str | None:
    data = message.raw.get("biz_opaque_callback_data")
    return data if isinstance(data, str) else None
