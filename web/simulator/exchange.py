"""What happens inside WhatsApp: a send reaches a phone or fails, a user's message leaves for the webhook.

Checked sends, read marks and user actions come in; out go transcript lines, statuses and webhook items.
Here live the rules that need memory: injected errors, rates, the 24 h window, unknown users.
"""

from typing import Any

from web.simulator.errors import GraphError, title_of
from web.simulator.inbound import UserAction, build_item
from web.simulator.outgoing import describe
from web.simulator.parts import Parts
from web.simulator.statuses import Sent
from web.simulator.users import User
from web.simulator.validation import Send
from web.simulator.webhooks import Item
from web.simulator.world import Message

TYPING_SECONDS = 25


def accept_send(parts: Parts, payload: dict[str, Any], send: Send) -> tuple[dict[str, Any], str]:
    """Take a checked send and return the answer's body and the wamid; raises GraphError if refused now."""
    world, now = parts.world, parts.config.clock()
    user = world.find_user(send.digits or send.user_id or "")
    failure = _injected(parts, send, user)
    _check_rates(parts, send, user, now)
    if send.digits == parts.config.display_phone_number.lstrip("+"):
        raise GraphError(131021, "to: is the business number itself")
    if send.type == "reaction" and world.find_message(payload["reaction"]["message_id"]) is None:
        raise GraphError(131009, "reaction.message_id: no such message")
    wamid = parts.config.new_wamid(send.digits or send.user_id or "")
    message = None
    if user is None:
        failure = failure or (131026, "Message undeliverable: nobody has this number or id on WhatsApp")
    else:
        if send.template is None and not user.window_open(now):
            details = "Message failed to send because more than 24 hours have passed since the customer last replied"
            failure = failure or (131047, details)
        text, choices = describe(payload, send)
        message = world.add_message(user, "in", wamid=wamid, type=send.type, text=text, raw=payload, choices=choices)
        world.tell({"type": "typing", "user": user.id, "seconds": 0})
    parts.statuses.play(Sent(send=send, wamid=wamid, user=user, message=message), failure)
    return _answer(send, wamid), wamid


def mark_read(parts: Parts, message_id: str, *, typing: bool) -> None:
    """Give a user's message its blue ticks and show typing; raises GraphError for an unknown message."""
    found = parts.world.find_message(message_id)
    if found is None or found[1].direction != "out":
        raise GraphError(131009, "message_id: no such message from a user")
    user, message = found
    parts.world.mark_read(user, message)
    if typing:
        parts.world.tell({"type": "typing", "user": user.id, "seconds": TYPING_SECONDS})


def user_acts(parts: Parts, user: User, action: UserAction, settled: Any = None) -> Message:
    """Let a user send what they did; raises ValueError if this phone cannot. `settled` as in `Item`."""
    world = parts.world
    timestamp = action.timestamp if action.timestamp is not None else int(parts.config.clock())
    wamid = action.wamid or parts.config.new_wamid(user.names[0])
    item, text = build_item(action, user, world, wamid, timestamp)
    message = world.add_message(user, "out", wamid=str(item["id"]), type=action.type, text=text, raw=item)
    if item["type"] != "reaction":
        # a reaction is not known to open the window, so it does not here
        user.last_message_at = max(user.last_message_at or 0.0, float(timestamp))
    if parts.faults.switches.throughput_per_second:
        parts.limits.take_number(parts.faults.switches.throughput_per_second, parts.config.clock())

    def on_settled(accepted: bool) -> None:
        world.set_status(message, "accepted" if accepted else "dropped")
        if settled is not None:
            settled(accepted)

    contact = user.contact() if item["type"] != "system" else None
    parts.delivery.post(Item(lane=user.id, kind="messages", content=item, contact=contact, settled=on_settled))
    return message


def _injected(parts: Parts, send: Send, user: User | None) -> tuple[int, str] | None:
    names = user.names if user else tuple(name for name in (send.digits, send.user_id) if name)
    error = parts.faults.pick_error(names)
    if error is None:
        return None
    details = f"injected by the switches: {title_of(error.code)}"
    if error.as_status:
        return error.code, details
    raise GraphError(error.code, details, http_status=error.http_status)


def _check_rates(parts: Parts, send: Send, user: User | None, now: float) -> None:
    switches = parts.faults.switches
    if switches.throughput_per_second and not parts.limits.take_number(switches.throughput_per_second, now):
        raise GraphError(130429, f"more than {switches.throughput_per_second} messages a second")
    name = user.id if user else send.digits or send.user_id or ""
    if switches.pair_rate and not parts.limits.take_pair(name, now):
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
