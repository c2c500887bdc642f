"""Changes of a user's phone number or user id, in both ways Meta tells them.

In: a `system` message, or an entry of the field `user_id_update`. Out: one kind of event for both, `IdentityChanged`,
under the key the user had. Whether sessions move is not decided here.
"""

from typing import Any

from app.core.events import IdentityChanged, NotUnderstood
from app.core.identity import Identity
from app.whatsapp.people import bsuid, message_user, phone, text, update_user
from app.whatsapp.timestamps import seconds

CHANGES = {
    "user_changed_number": "user_changed_number",
    "customer_changed_number": "user_changed_number",
    "user_changed_user_id": "user_changed_user_id",
}
"""Spellings of `system.type` in circulation (whatsapp-cloud-api, 3.4), and the one agents read."""


def read_system_change(value: dict[str, Any], message: dict[str, Any], raw: bytes) -> IdentityChanged | None:
    """The change a system message tells; None when it tells none, or does not say to what.

    Raises KeyError without an id.
    """
    system = message.get("system")
    change = CHANGES.get(text(system, "type") or "")
    if message.get("type") != "system" or change is None:
        return None
    user, _ = message_user(value, message)
    at = seconds(message.get("timestamp"))
    new_number = text(system, "wa_id") or text(system, "new_wa_id")
    after = Identity(
        wa_id=phone(new_number),
        user_id=bsuid(text(system, "user_id"), new_number),
        parent_user_id=text(system, "parent_user_id"),
    )
    if user is None or at is None or not after:
        return None
    return IdentityChanged(
        id=str(message["id"]),
        user=user,
        at=at,
        change=change,
        before=Identity(
            wa_id=user.wa_id,
            # Shown beside the notice may be the new one already.
            user_id=None if user.user_id == after.user_id else user.user_id,
            parent_user_id=text(message, "from_parent_user_id"),
        ),
        after=after,
        text=text(system, "body") or "",
        raw=raw,
        message_id=str(message["id"]),
    )


def read_update(value: dict[str, Any], update: dict[str, Any], raw: bytes) -> IdentityChanged | NotUnderstood:
    """The change an entry of `user_id_update` tells."""
    user, _ = update_user(value, update)
    at = seconds(update.get("timestamp"))
    ids, parents = update.get("user_id"), update.get("parent_user_id")
    current = Identity(user_id=text(ids, "current"), parent_user_id=text(parents, "current"))
    if user is None or at is None:
        return NotUnderstood("a change of identity without a user or a timestamp", raw)
    if not current:
        return NotUnderstood("a change of identity that does not say to what", raw)
    previous, new = text(ids, "previous"), current.user_id
    if new is None:
        previous, new = text(parents, "previous"), current.parent_user_id
    return IdentityChanged(
        id=f"user_id_update:{user.key}:{previous}:{new}:{at:.0f}",
        user=user,
        at=at,
        change="user_changed_user_id",
        # Meta does not say whether the number it shows here is the old or the new one: it names the user, no more.
        before=Identity(wa_id=user.wa_id, user_id=text(ids, "previous"), parent_user_id=text(parents, "previous")),
        after=current,
        text=text(update, "detail") or "",
        raw=raw,
    )
