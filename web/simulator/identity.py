"""A user gets another number or BSUID, and WhatsApp tells it: `user_id_update` and a system message.

A change of the control API comes in; webhook items go out, in the order asked for, since Meta promises none
(reference, chapter 3.4). What the user was before is kept, so that the news can come late or again.
"""

from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.simulator.config import Number
from web.simulator.parts import Parts
from web.simulator.users import Previous, User, made_up_user_id
from web.simulator.webhooks import Item, metadata

News = Literal["user_id_update", "system"]
SystemType = Literal[
    "user_changed_number", "customer_changed_number", "user_changed_user_id", "customer_identity_changed"
]


BOTH: tuple[News, ...] = ("user_id_update", "system")


class Announcement(BaseModel):
    """Body of POST /sim/users/{id}/identity/announce: which news come, in this order."""

    model_config = ConfigDict(extra="forbid")

    announce: tuple[News, ...] = BOTH
    system_type: SystemType | None = None
    """The spelling of the system message; else the one that fits what changed."""


class IdentityChange(Announcement):
    """Body of POST /sim/users/{id}/identity; without phone and user_id both are made up anew."""

    phone: Annotated[str, Field(pattern=r"^\+?\d{5,20}$")] | None = None
    user_id: Annotated[str, Field(pattern=r"^[A-Z]{2}\.[A-Za-z0-9]{1,128}$")] | None = None


def change_identity(parts: Parts, user: User, change: IdentityChange) -> None:
    """Give a user their new names and announce it; raises ValueError if a name is taken."""
    world = parts.world
    given = change.model_fields_set & {"phone", "user_id"}
    wa_id, user_id = user.wa_id, user.user_id
    if "phone" in given:
        wa_id = change.phone.lstrip("+") if change.phone else None
    elif not given and wa_id:
        wa_id = world.free_number()
    if "user_id" in given:
        user_id = change.user_id
    elif wa_id != user.wa_id or not given:
        # a new number gives a new BSUID
        user_id = made_up_user_id(wa_id or f"user {user.id} {user.user_id}") if user.user_id else None
    previous = Previous(
        wa_id=user.shown_wa_id, user_id=user.user_id, parent_user_id=user.parent_user_id, at=parts.config.clock()
    )
    world.rename(user, wa_id, user_id)
    user.previous = previous
    announce(parts, user, change)


def announce(parts: Parts, user: User, announcement: Announcement) -> None:
    """Post the news of the last change to each number the user has a chat with; raises ValueError if none changed."""
    if user.previous is None:
        raise ValueError("this user's number and user_id never changed; POST …/identity changes them")
    previous, timestamp = user.previous, str(int(user.previous.at))
    for number, news in product(parts.world.numbers_of(user), announcement.announce):
        if news == "system":
            _post_change(parts, number, user, previous, announcement.system_type, timestamp)
        elif user.user_id and previous.user_id and user.user_id != previous.user_id:
            content = _user_id_update(parts, number, user, previous, timestamp)
            parts.delivery.post(Item(lane=user.id, kind="field", field="user_id_update", content=content, contact=None))


def change_phone(parts: Parts, user: User) -> None:
    """Give the user another phone under the same number: another identity key, told by a system message.

    That message is of the time when everybody showed a number; of users who show none it does not come.
    """
    user.identity_changes += 1
    parts.world.tell({"type": "user", "user": user.public()})
    if not user.shown_wa_id:
        return
    timestamp = str(int(parts.config.clock()))
    system = {
        "type": "customer_identity_changed",
        "body": f"{user.name} may have changed phones",
        "customer": user.shown_wa_id,
    }
    identity = {"acknowledged": False, "created_timestamp": timestamp, "hash": user.identity_key_hash}
    for number in parts.world.numbers_of(user):
        _post_system(parts, number, user, user.shown_wa_id, system, timestamp, identity=identity)


def _post_change(
    parts: Parts, number: Number, user: User, previous: Previous, kind: SystemType | None, timestamp: str
) -> None:
    same = user.user_id == previous.user_id
    names = {"wa_id": user.shown_wa_id, "user_id": user.user_id, "parent_user_id": user.parent_user_id}
    system = {
        "type": kind or ("user_changed_number" if same else "user_changed_user_id"),
        "body": f"{user.name} changed their number",
        **{name: value for name, value in names.items() if value},
    }
    _post_system(parts, number, user, previous.wa_id, system, timestamp)


def _user_id_update(parts: Parts, number: Number, user: User, previous: Previous, timestamp: str) -> dict[str, Any]:
    shown = {"wa_id": user.shown_wa_id} if user.shown_wa_id else {}
    update: dict[str, Any] = {**shown, "user_id": {"previous": previous.user_id, "current": user.user_id}}
    if user.parent_user_id:
        update["parent_user_id"] = {"previous": previous.parent_user_id, "current": user.parent_user_id}
    update |= {"detail": "The user's id changed with the phone number", "timestamp": timestamp}
    return {
        "messaging_product": "whatsapp",
        "metadata": metadata(parts.config, number),
        "contacts": [{**shown, "user_id": user.user_id}],
        "user_id_update": [update],
    }


def _post_system(
    parts: Parts, number: Number, user: User, sender: str | None, system: dict[str, Any], timestamp: str, **more: Any
) -> None:
    wamid = parts.config.new_wamid(user.names[0])
    item: dict[str, Any] = {"from": sender} if sender else {}
    item |= {"id": wamid, "timestamp": timestamp, "type": "system", "system": system, **more}
    world = parts.world
    message = world.add_message(
        user, "out", phone_number_id=number.id, wamid=wamid, type="system", text=str(system["body"]), raw=item
    )

    def settled(accepted: bool) -> None:
        world.set_status(message, "accepted" if accepted else "dropped")

    parts.delivery.post(Item(lane=user.id, number=number, kind="messages", content=item, contact=None, settled=settled))
