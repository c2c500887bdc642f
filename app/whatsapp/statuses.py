"""Reads a status: Meta's report about a message we sent.

In: a change's value with one status. Out: `StatusCame`, or `NotUnderstood` with the reason. Whose message it was is
said by our mark, never by the recipient, which failures leave out (whatsapp-cloud-api, chapter 4).
"""

from typing import Any

from app.core.events import NotUnderstood, StatusCame
from app.core.identity import User
from app.whatsapp.content_base import Part, Problem, Said, Whole, flat_errors
from app.whatsapp.mark import read_mark
from app.whatsapp.people import phone_number_id, status_user
from app.whatsapp.timestamps import seconds


class Pricing(Part):
    """What a message costs: decide on `type` and `category`, for `billable` is to be retired."""

    billable: bool | None = None
    pricing_model: Said = None
    type: Said = None
    category: Said = None


class Origin(Part):
    """What opened a conversation."""

    type: Said = None


class Conversation(Part):
    """Meta's conversation: from v24 only inside a free entry point. The 24 hours are not counted from it."""

    id: Said = None
    expiration_timestamp: Whole = None
    """Seconds UTC."""
    origin: Origin | None = None


def read_status(value: dict[str, Any], status: dict[str, Any], raw: bytes) -> StatusCame | NotUnderstood:
    """The event of a status; an unknown name is passed on as it is. Raises KeyError without an id."""
    mark = read_mark(status.get("biz_opaque_callback_data"))
    user = status_user(value, status)
    if mark is not None:
        user = User(
            key=mark.key,
            phone_number_id=phone_number_id(value),
            wa_id=user.wa_id if user else None,
            user_id=user.user_id if user else None,
        )
    at = seconds(status.get("timestamp"))
    if user is None or at is None:
        return NotUnderstood("a status without a user or a timestamp", raw)
    return StatusCame(
        id=f"{status['id']}:{status.get('status')}",
        user=user,
        at=at,
        message_id=str(status["id"]),
        status=str(status.get("status")),
        mark=mark,
        errors=tuple(Problem.read(error).to_dict() for error in flat_errors(status.get("errors"))),
        pricing=Pricing.read(status.get("pricing")).to_dict() or None,
        conversation=Conversation.read(status.get("conversation")).to_dict() or None,
        raw=raw,
    )
