"""The shapes of the demo agent's documents: conversations and messages, as MongoDB keeps and as pages see them.

In: what arrived, or what an operator writes. Out: plain dictionaries. The first generation's fields of a message
(created_at, id, waID, type, body, isRead) keep their names. Nothing here talks to a store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]

RANKS = {"": 0, "queued": 1, "sent": 2, "delivered": 3, "read": 4, "played": 5}
"""Ticks of an operator's message, in the order they climb; `queued` means that Kafka has it."""

ARRIVED = RANKS["delivered"]
"""From this rank on the user has the message, whatever was reported before."""

COUNTED_SYSTEM = ("initial",)
"""System lines an operator should notice like a message."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message did not go out."""

    reason: str
    code: str
    verdict: str = "refused"

    def to_dict(self) -> Document:
        """The failure as a message keeps it."""
        return {"reason": self.reason, "code": self.code, "verdict": self.verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One record an agent read, understood."""

    agent: int
    source: str
    """The record's id: the same when it is read again."""
    user: str
    address: str
    kind: str
    text: str
    at: float
    phone_number_id: str = ""
    phone: str = ""
    name: str = ""
    ref: str = ""
    message_id: str = ""
    reply_to: str = ""
    reason: str = ""
    dropped: int = 0
    joined: tuple[str, ...] = ()
    """Keys the user had before: what is under them belongs to this user."""
    wrote_at: float = 0.0
    """When the user last wrote, where that is not `at`: another agent handed them over."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def system(self) -> bool:
        """Whether it is a line about the conversation instead of a message of the user."""
        told_of_join = self.kind == "system" and bool(self.joined)
        return self.failure is not None or told_of_join or self.kind in ("initial", "closed")

    @property
    def counted(self) -> bool:
        """Whether it makes the conversation unread."""
        return not self.system or self.kind in COUNTED_SYSTEM


def conversation_id(agent: int, user: str) -> str:
    """The id of a conversation's document."""
    return f"{agent}|{user}"


def arrival_update(arrival: Arrival, window_seconds: int, *, moved: bool = False) -> Document:
    """What an arrival changes in its conversation, as one atomic update.

    `moved`: it names a key the user had before. It is older than what is there, and says nothing of how things are now.
    """
    changed: Document = {"waID": arrival.address}
    known = {"name": arrival.name, "phone": arrival.phone, "phone_number_id": arrival.phone_number_id}
    changed.update({name: value for name, value in known.items() if value})
    highest: Document = {}
    counted: Document = {"counter": 1, "incoming": int(arrival.counted), "unread": int(arrival.counted)}
    if arrival.failure is None:
        highest["last_at"] = arrival.at
        changed.update(last_text=arrival.text, last_type=arrival.kind, last_direction=_direction(arrival))
        if arrival.kind == "closed":
            changed.update(state="closed", closed_reason=arrival.reason)
        else:
            changed.update(state="open", closed_reason="")
            highest["window_ends"] = (arrival.wrote_at or arrival.at) + window_seconds
    update: Document = {"$inc": counted} if moved else {"$set": changed, "$inc": counted}
    if highest:
        update["$max"] = highest
    return update


def new_conversation(arrival: Arrival) -> Document:
    """A conversation before anything happened in it."""
    return {
        "agent": arrival.agent,
        "user": arrival.user,
        "waID": arrival.address,
        "name": "",
        "phone": "",
        "phone_number_id": "",
        "last_text": "",
        "last_type": "",
        "last_direction": "system",
        "last_at": arrival.at,
        "unread": 0,
        "incoming": 0,
        "counter": 0,
        "state": "open",
        "closed_reason": "",
        "window_ends": 0.0,
    }


def arrival_message(arrival: Arrival, conversation: Mapping[str, Any], message_id: str, now: float) -> Document:
    """The message an arrival becomes; `message_id` is our own id of it, `now` when we read it."""
    return {
        **_message(message_id, arrival.address, arrival.kind, arrival.text, now),
        "isRead": not arrival.counted,
        "agent": arrival.agent,
        "user": arrival.user,
        "seq": conversation["counter"],
        "changed": conversation["counter"],
        "number": conversation["incoming"] if arrival.counted else 0,
        "source": arrival.source,
        "direction": _direction(arrival),
        "at": arrival.at,
        "message_id": arrival.message_id,
        "reply_to": arrival.reply_to,
        "reason": arrival.reason,
        "dropped": arrival.dropped,
        "detail": dict(arrival.detail),
        "error": arrival.failure.to_dict() if arrival.failure else None,
    }


def outgoing_message(
    conversation: Mapping[str, Any], ref: str, message_id: str, content: Mapping[str, Any], now: float
) -> Document:
    """The message an operator wrote; `content` is what `read_message` of the core accepted, as JSON."""
    return {
        **_message(message_id, conversation["waID"], content["kind"], content["text"], now),
        "isRead": True,
        "agent": conversation["agent"],
        "user": conversation["user"],
        "seq": conversation["counter"],
        "changed": conversation["counter"],
        "number": 0,
        "source": f"ref:{ref}",
        "direction": "out",
        "at": now,
        "ref": ref,
        "message_id": "",
        "detail": {name: value for name, value in content.items() if name not in ("kind", "text")},
        "rank": 0,
        "tick": "",
        "error": None,
        "attempt_at": now,
    }


def _message(message_id: str, address: str, kind: str, text: str, now: float) -> Document:
    created = datetime.fromtimestamp(now, UTC)
    return {"created_at": created, "id": message_id, "waID": address, "type": kind, "body": text}


def _direction(arrival: Arrival) -> str:
    return "system" if arrival.system else "in"


MESSAGE_SEEN = (
    *("id", "waID", "type", "body", "isRead", "agent", "user", "seq", "changed", "direction", "at", "ref"),
    *("message_id", "reply_to", "reason", "dropped", "detail", "tick", "error", "attempt_at"),
)
CONVERSATION_SEEN = (
    *(
        "agent",
        "user",
        "waID",
        "name",
        "phone",
        "phone_number_id",
        "last_text",
        "last_type",
        "last_direction",
        "last_at",
        "unread",
    ),
    *("state", "closed_reason", "window_ends", "counter"),
)


def message_view(document: Mapping[str, Any]) -> Document:
    """A message as pages see it."""
    return {name: document[name] for name in MESSAGE_SEEN if document.get(name) not in (None, "", {})}


def conversation_view(document: Mapping[str, Any]) -> Document:
    """A conversation as pages see it."""
    return {name: document.get(name) for name in CONVERSATION_SEEN}


def first_generation_view(document: Mapping[str, Any]) -> Document:
    """A message as pages of the first generation read it."""
    created = document["created_at"]
    shown = created.isoformat() if isinstance(created, datetime) else str(created)
    return {"created_at": shown, **{name: document[name] for name in ("id", "waID", "type", "body", "isRead")}}
