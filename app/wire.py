"""The JSON of the broker's own keyed topics: `replies`, `sent`, `control`, `outbox`, `account`, `quarantine`.

In and out: events and effects, as bytes. Reading bytes that are none of ours gives `NotUnderstood`, never an
exception.
"""

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

import orjson

from app.core.effects import Quarantine, Send
from app.core.events import (
    AgentReplied,
    ClockStruck,
    EndOrdered,
    IdentityChanged,
    MoveOrdered,
    NotUnderstood,
    Routed,
    SendFinished,
    StatusCame,
    UserJoined,
    UserLinked,
    UserPlaced,
    UserWrote,
)
from app.core.identity import User
from app.core.state import Session, Window
from app.whatsapp.inbound import read_item
from app.whatsapp.people import phone_number_id

KINDS: dict[type[Routed], str] = {
    AgentReplied: "agent_replied",
    SendFinished: "send_finished",
    ClockStruck: "clock_struck",
    MoveOrdered: "move_ordered",
    EndOrdered: "end_ordered",
    UserLinked: "user_linked",
    UserJoined: "user_joined",
    UserPlaced: "user_placed",
    UserWrote: "item",
    IdentityChanged: "item",
    StatusCame: "item",
}
"""The `kind` of each event's record; an `item` of a webhook is here only when it is handed on to another key."""


def write_event(event: Routed) -> bytes:
    """The record of an event in `replies`, `sent` or `control`."""
    pairs: dict[str, Any] = {"kind": KINDS[type(event)], "id": event.id, "user": event.user.to_dict(), "at": event.at}
    if isinstance(event, AgentReplied):
        pairs |= {
            "agent": event.agent,
            "message": event.message,
            "ref": event.ref,
            "deadline": event.deadline,
            "raw": _text(event.raw),
            "anywhere": event.anywhere,
            "asker": event.asker,
        }
    elif isinstance(event, SendFinished):
        pairs |= {
            "effect": event.effect,
            "verdict": event.verdict,
            "agent": event.agent,
            "ref": event.ref,
            "message_id": event.message_id,
            "code": event.code,
            "class": event.kind,
            "reason": event.reason,
            "raw": _text(event.raw),
        }
    elif isinstance(event, UserLinked):
        pairs |= {"home": event.home, "since": event.since, "ids": event.ids, "via": event.via}
    elif isinstance(event, UserJoined):
        pairs |= {
            "session": event.session.to_dict() if event.session else None,
            "window": event.window.to_dict(),
        }
    elif isinstance(event, UserPlaced):
        pairs |= {"home": event.home, "since": event.since, "here": event.here}
    elif isinstance(event, UserWrote | IdentityChanged | StatusCame):
        message_id = None if isinstance(event, StatusCame) else event.message_id
        pairs |= {"message_id": message_id, "raw": _text(event.raw)}
    elif isinstance(event, MoveOrdered):
        pairs |= {"agent": event.agent, "note": event.note, "actor": event.actor, "before": event.before}
    elif isinstance(event, EndOrdered):
        pairs |= {"actor": event.actor, "before": event.before}
    return orjson.dumps({name: value for name, value in pairs.items() if value is not None})


def read_event(value: bytes) -> Routed | NotUnderstood:
    """The event of a record in `replies`, `sent` or `control`."""
    try:
        data = orjson.loads(value)
        common = {"id": data["id"], "user": User.from_dict(data["user"]), "at": float(data["at"])}
        match data["kind"]:
            case "agent_replied":
                return AgentReplied(
                    **common,
                    agent=data["agent"],
                    message=data["message"],
                    ref=data.get("ref"),
                    deadline=data.get("deadline"),
                    raw=b64decode(data.get("raw", "")),
                    anywhere=data.get("anywhere", False),
                    asker=data.get("asker", ""),
                )
            case "send_finished":
                return SendFinished(
                    **common,
                    effect=data["effect"],
                    verdict=data["verdict"],
                    agent=data.get("agent"),
                    ref=data.get("ref"),
                    message_id=data.get("message_id"),
                    code=data.get("code"),
                    kind=data.get("class"),
                    reason=data.get("reason", ""),
                    raw=b64decode(data.get("raw", "")),
                )
            case "clock_struck":
                return ClockStruck(**common)
            case "user_linked":
                return UserLinked(
                    **common, home=data["home"], since=data["since"], ids=tuple(data["ids"]), via=data["via"]
                )
            case "user_joined":
                session = data.get("session")
                return UserJoined(
                    **common,
                    session=Session.from_dict(session) if session else None,
                    window=Window.from_dict(data["window"]),
                )
            case "user_placed":
                return UserPlaced(**common, home=data["home"], since=data["since"], here=data["here"])
            case "item":
                return _read_handed_on(data, common["id"], common["user"])
            case "move_ordered":
                return MoveOrdered(**common, agent=data["agent"], note=data.get("note"), **_ordered_by(data))
            case "end_ordered":
                return EndOrdered(**common, **_ordered_by(data))
            case other:
                return NotUnderstood(f"an event of unknown kind {other!r}", value)
    except (ValueError, KeyError, TypeError) as error:
        return NotUnderstood(f"not an event of ours: {error!r}", value)


def read_order(value: bytes) -> MoveOrdered | EndOrdered | None:
    """The order of a record in `control`; None when it is anything else."""
    try:
        if orjson.loads(value)["kind"] not in (KINDS[MoveOrdered], KINDS[EndOrdered]):
            return None
    except (ValueError, KeyError, TypeError):
        return None
    event = read_event(value)
    return event if isinstance(event, MoveOrdered | EndOrdered) else None


def _ordered_by(data: dict[str, Any]) -> dict[str, Any]:
    # Orders from before the audit say neither.
    return {"actor": data.get("actor", ""), "before": data.get("before")}


def _read_handed_on(data: dict[str, Any], event_id: str, user: User) -> Routed | NotUnderstood:
    event = read_item(b64decode(data["raw"]))
    if isinstance(event, UserWrote | IdentityChanged):
        return replace(event, id=event_id, user=user, message_id=data["message_id"])
    return replace(event, id=event_id, user=user) if isinstance(event, StatusCame) else event


def read_send(value: bytes) -> Send | NotUnderstood:
    """The effect of a record in `outbox`."""
    try:
        return Send.from_dict(orjson.loads(value))
    except (ValueError, KeyError, TypeError) as error:
        return NotUnderstood(f"not a message to send: {error!r}", value)


def write_account(item: bytes, at: float) -> bytes:
    """The record of `account` for an item of a webhook: which field, when it came (seconds UTC), and the change."""
    entry = orjson.loads(item)["entry"][0]
    change = entry["changes"][0]
    pairs = {"account": entry.get("id"), "phone_number_id": phone_number_id(change["value"]), "change": change}
    shown = {name: value for name, value in pairs.items() if value}
    return orjson.dumps({"field": change["field"], "at": at, **shown})


def write_quarantine(reason: str, source: str, value: bytes, at: float, **more: Any) -> bytes:
    """The record of the quarantine: why, from where, when (seconds UTC), and the bytes themselves."""
    return orjson.dumps({"reason": reason, "source": source, "at": at, "value": _text(value), **more})


def write_set_aside(effect: Quarantine, at: float) -> bytes:
    """The record of the quarantine for an effect of `decide`."""
    content = orjson.dumps(effect.record)
    return write_quarantine(effect.reason, "router", content, at, id=effect.id, user=effect.user.to_dict())


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
