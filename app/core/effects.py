"""What is to be done, in the imperative: the output of `decide`.

Every effect has an id derived from its event, so that a repeat after a crash carries the same id and is recognised.
Nothing here does anything.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from app.core.events import Routed
from app.core.identity import User


def effect_id(event_id: str, number: int) -> str:
    """The id of an event's effect with this number: 20 hexadecimal digits, the same at every repeat."""
    return hashlib.blake2b(f"{event_id}\n{number}".encode(), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAgent:
    """Write a record to one of an agent's topics."""

    id: str
    agent: int
    topic: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a message to the user on WhatsApp."""

    id: str
    user: User
    message: dict[str, Any]
    made_at: float
    window_ends: float
    """Seconds UTC; free text must not be posted after it."""
    agent: int | None = None
    """The agent who speaks; None when it is the broker itself."""
    ref: str | None = None
    """The agent's own name for the message, returned in everything about it."""
    deadline: float | None = None
    """Seconds UTC after which the message is of no use any more; None: as the settings say."""

    def to_dict(self) -> dict[str, Any]:
        """The effect as JSON: the record of the topic `outbox`."""
        pairs = {
            "id": self.id,
            "user": self.user.to_dict(),
            "message": self.message,
            "made_at": self.made_at,
            "window_ends": self.window_ends,
            "agent": self.agent,
            "ref": self.ref,
            "deadline": self.deadline,
        }
        return {name: value for name, value in pairs.items() if value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Send":
        """The opposite of `to_dict`; raises KeyError when something is missing."""
        return cls(
            id=data["id"],
            user=User.from_dict(data["user"]),
            message=data["message"],
            made_at=data["made_at"],
            window_ends=data["window_ends"],
            agent=data.get("agent"),
            ref=data.get("ref"),
            deadline=data.get("deadline"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Put aside, with the reason, what cannot be handled now."""

    id: str
    reason: str
    user: User
    record: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Hand an event to another key of the router's; the event keeps its id, so a repeat has no effect."""

    event: Routed
    """With the other key as its user's."""
    hops: int
    """How many keys it has been handed on from."""

    @property
    def id(self) -> str:
        """The event's own."""
        return self.event.id


Effect = TellAgent | Send | Quarantine | Forward
