"""What happens inside WhatsApp: a send reaches a phone or fails, a user's message leaves for the webhook.

Checked sends, read marks and user actions come in; out go transcript lines, statuses and webhook items.
Here live the rules that need memory: injected errors, rates, the 24 h window, unknown users.
"""

from typing import Any

from web.simulator.actions import UserAction
from web.simulator.attached import attached_media
from web.simulator.config import Number
from web.simulator.contents import Scene
from web.simulator.errors import GraphError, injected_error, status_error
from web.simulator.inbound import EDITS, build_item, number_of
from web.simulator.links import LinkedMedium
from web.simulator.media import USER_SECONDS, Medium
from web.simulator.media_rules import refusal
from web.simulator.outgoing import describe, drawn
from web.simulator.parts import Parts
from web.simulator.pricing import came_from_ad
from web.simulator.statuses import Sent
from web.simulator.users import User
from web.simulator.validation import Send
from web.simulator.webhooks import Item
from web.simulator.world import Message

TYPING_SECONDS = 25
NO_WINDOW = ("reaction", "edit", "revoke", "unsupported", "system")
"""Not known to open the window, so they do not here (reference, chapter 6)."""
REACTION_SECONDS = 30 * 24 * 3600
READ_MARK_SECONDS = 30 * 24 * 3600


def accept_send(parts: Parts, number: Number, payload: dict[str, Any], send: Send) -> tuple[dict[str, Any], str]:
    """Take a checked send and return the answer's body and the wamid; raises GraphError if refused now."""
    world, now = parts.world, parts.config.clock()
    user = world.find_user(send.digits or send.user_id or "")
    failure = _injected(parts, number, send, user)
    _check_rates(parts, number, send, user, now)
    if send.digits == number.display:
        raise GraphError(131021, "to: is the business number itself")
    _check_identity(send, user)
    if send.type == "reaction":
        _check_reaction(parts, number, payload["reaction"]["message_id"], now)
    shown, links, broken = _media_of(parts, number, payload, now)
    wamid = parts.config.new_wamid(send.digits or send.user_id or "")
    message = None
    if user is None:
        failure = failure or (131026, "Message undeliverable: nobody has this number or id on WhatsApp")
    else:
        if send.template is None and not user.window_open(number.id, now):
            details = "Message failed to send because more than 24 hours have passed since the customer last replied"
            failure = failure or (131047, details)
        if user.stopped_marketing and send.template is not None and send.template.category == "marketing":
            failure = failure or (131050, "The user stopped marketing messages of this business")
        failure = failure or broken
        text, choices = describe(payload, send)
        message = world.add_message(
            user,
            "in",
            phone_number_id=number.id,
            wamid=wamid,
            type=send.type,
            text=text,
            raw=payload,
            choices=choices,
            shown=drawn(send) | ({"media": shown} if shown else {}),
        )
        world.tell({"type": "typing", "user": user.id, "phone_number_id": number.id, "seconds": 0})
    sent = Sent(send=send, number=number, wamid=wamid, user=user, message=message, media=links)
    parts.statuses.play(sent, failure)
    return _answer(send, wamid), wamid


def mark_read(parts: Parts, number: Number, message_id: str, *, typing: bool) -> None:
    """Give a user's message its blue ticks and show typing; raises GraphError for an unknown message."""
    found = parts.world.find_message(message_id)
    if found is None or found[1].direction != "out" or found[1].phone_number_id != number.id:
        raise GraphError(131009, "message_id: no such message from a user to this number")
    user, message = found
    if parts.config.clock() - message.at > READ_MARK_SECONDS:
        raise GraphError(131009, "message_id: older than 30 days")
    parts.world.mark_read(user, message)
    if typing:
        event = {"type": "typing", "user": user.id, "phone_number_id": number.id, "seconds": TYPING_SECONDS}
        parts.world.tell(event)


def user_acts(parts: Parts, user: User, action: UserAction, settled: Any = None, origin: str = "") -> Message:
    """Let a user send what they did; raises ValueError if this phone cannot. `settled` as in `Item`.

    `origin` is where this simulator is reached, for the addresses of media in webhooks.
    """
    world = parts.world
    number = number_of(action, user, world)
    timestamp = action.timestamp if action.timestamp is not None else int(parts.config.clock())
    wamid = action.wamid or parts.config.new_wamid(user.names[0])
    item, text = build_item(action, user, number, world, wamid, timestamp, _scene(parts, number, origin))
    medium = world.media.find(action.media_id or "", parts.config.clock())
    shown: dict[str, Any] = {"media": {medium.id: medium.public()}} if medium else {}
    if action.type in EDITS:
        shown |= {"target": action.message_id, "text": action.text}
    # an item of the caller's own keeps the name `raw`, as the transcript always had it
    kind = action.type if action.type != "share_contact" else "contacts"
    wamid = str(item["id"])
    message = world.add_message(
        user, "out", phone_number_id=number.id, wamid=wamid, type=kind, text=text, raw=item, shown=shown
    )
    if "referral" in item:
        came_from_ad(user.entry_point(number.id), float(timestamp))
    if item["type"] not in NO_WINDOW and "group_id" not in item:
        user.wrote(number.id, float(timestamp))
    if parts.faults.switches.throughput_per_second:
        parts.limits.take_number(number.id, parts.faults.switches.throughput_per_second, parts.config.clock())

    def on_settled(accepted: bool) -> None:
        world.set_status(message, "accepted" if accepted else "dropped")
        if settled is not None:
            settled(accepted)

    contact = user.contact(with_identity=parts.faults.switches.identity_check) if item["type"] != "system" else None
    errors = tuple(status_error(code, "The content of the message could not be told") for code in action.value_errors)
    parts.delivery.post(
        Item(
            lane=user.id,
            number=number,
            kind="messages",
            content=item,
            contact=contact,
            settled=on_settled,
            value_errors=errors,
        )
    )
    return message


def _injected(parts: Parts, number: Number, send: Send, user: User | None) -> tuple[int, str] | None:
    names = user.names if user else tuple(name for name in (send.digits, send.user_id) if name)
    error = parts.faults.pick_error(number.id, names)
    if error is None:
        return None
    refusal_now = injected_error(error.code, error.http_status, error.form)
    if error.as_status:
        return error.code, refusal_now.details
    raise refusal_now


def _check_identity(send: Send, user: User | None) -> None:
    if send.identity_key_hash and user is not None and send.identity_key_hash != user.identity_key_hash:
        raise GraphError(137000, "recipient_identity_key_hash: not the hash of this user's phone, or not any more")


def _check_reaction(parts: Parts, number: Number, message_id: str, now: float) -> None:
    found = parts.world.find_message(message_id)
    if found is None or found[1].phone_number_id != number.id:
        raise GraphError(131009, "reaction.message_id: no such message in the chats of this number")
    if found[1].type == "reaction":
        raise GraphError(131009, "reaction.message_id: is a reaction itself")
    if now - found[1].at > REACTION_SECONDS:
        raise GraphError(131009, "reaction.message_id: older than 30 days")


def _media_of(
    parts: Parts, number: Number, payload: dict[str, Any], now: float
) -> tuple[dict[str, Any], tuple[LinkedMedium, ...], tuple[int, str] | None]:
    """Return stored media as the page draws them, links to fetch, and the failure of a file of the wrong kind."""
    shown: dict[str, Any] = {}
    links: list[LinkedMedium] = []
    failure: tuple[int, str] | None = None
    for path, kind, content in attached_media(payload):
        if not content.get("id"):
            if parts.faults.switches.fetch_links:
                links.append(LinkedMedium(link=content["link"], kind=kind))
            continue
        medium = parts.world.media.find(content["id"], now)
        if medium is None or not medium.belongs_to(number.id):
            raise GraphError(131009, f"{path}.id: no such medium of this number, or its time is over")
        shown[medium.id] = medium.public()
        reason = refusal(kind, medium.mime_type, medium.data)
        failure = failure or ((131053, f"{path}: {reason}") if reason else None)
    return shown, tuple(links), failure


def _scene(parts: Parts, number: Number, origin: str) -> Scene:
    world, switches = parts.world, parts.faults.switches
    origin = world.graph_origin or origin

    def find_medium(media_id: str) -> Medium | None:
        medium = world.media.find(media_id, parts.config.clock())
        if medium is not None:
            medium.expires = max(medium.expires, parts.config.clock() + USER_SECONDS)
            medium.numbers.add(number.id)
        return medium

    def address_of(medium: Medium) -> str | None:
        if not switches.media_urls or not origin:
            return None
        return world.media.address(medium, origin, int(parts.config.clock() + switches.media_url_seconds))

    def find_target(message_id: str, user: User) -> bool:
        found = world.find_message(message_id)
        return found is not None and found[0] is user and found[1].phone_number_id == number.id

    return Scene(
        find_medium=find_medium,
        address_of=address_of,
        find_target=find_target,
        edits_as_unsupported=switches.edits_as_unsupported,
    )


def _check_rates(parts: Parts, number: Number, send: Send, user: User | None, now: float) -> None:
    switches = parts.faults.switches
    if switches.throughput_per_second and not parts.limits.take_number(number.id, switches.throughput_per_second, now):
        raise GraphError(130429, f"more than {switches.throughput_per_second} messages a second")
    name = user.id if user else send.digits or send.user_id or ""
    if switches.pair_rate and not parts.limits.take_pair(number.id, name, now):
        raise GraphError(131056, "too many messages to this user in a short time; wait before the next one")


def _answer(send: Send, wamid: str) -> dict[str, Any]:
    contact = {"input": send.input}
    if send.digits:
        contact["wa_id"] = send.digits
    else:
        contact["user_id"] = send.user_id or ""
    message = {"id": wamid}
    if send.template is not None:
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}
