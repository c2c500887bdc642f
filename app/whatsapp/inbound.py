"""Reads one item of a webhook into an event.

In: a webhook with exactly one message, status or change of identity, as `envelope.split` makes it. Out: `UserWrote`,
`IdentityChanged`, `StatusCame`, or `NotUnderstood` with the reason. Tolerant: an unknown type is passed on as such, a
missing part is not an error.
"""

from typing import Any

import orjson

from app.core.events import Event, NotUnderstood, UserWrote
from app.whatsapp.content import read_content
from app.whatsapp.context import read_context, read_referral
from app.whatsapp.identity_changes import read_system_change, read_update
from app.whatsapp.people import message_user, username
from app.whatsapp.statuses import read_status
from app.whatsapp.timestamps import seconds

CONTENT_BYTES_MAX = 1024 * 1024
"""Past it a message comes with its words and raw form alone: all three would not fit into one record of Kafka."""


def read_item(value: bytes) -> Event | NotUnderstood:
    """The event of an item."""
    try:
        webhook = orjson.loads(value)
        content = webhook["entry"][0]["changes"][0]["value"]
        if content.get("messages"):
            return _read_message(content, content["messages"][0], value)
        if content.get("statuses"):
            return read_status(content, content["statuses"][0], value)
        return read_update(content, content["user_id_update"][0], value)
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        return NotUnderstood(f"not an item of a webhook: {error!r}", value)


def _read_message(value: dict[str, Any], message: dict[str, Any], raw: bytes) -> Event | NotUnderstood:
    user, contacts = message_user(value, message)
    at = seconds(message.get("timestamp"))
    if user is None or at is None:
        return NotUnderstood("a message without a user or a timestamp", raw)
    changed = read_system_change(value, message, raw)
    if changed is not None:
        return changed
    kind, text, content = read_content(message, value.get("errors"))
    return UserWrote(
        id=str(message["id"]),
        user=user,
        at=at,
        kind=kind,
        text=text,
        raw=raw,
        content=content if len(raw) <= CONTENT_BYTES_MAX else {"left_out": len(raw)},
        context=read_context(message.get("context")),
        referral=read_referral(message.get("referral")),
        username=username(contacts),
    )
