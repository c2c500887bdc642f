"""What can happen, in the past tense: the input of `decide`.

Every event has an id that is the same when the event is read again, so that a repeat is recognised. Times are seconds
UTC. Nothing here does anything.
"""

from dataclasses import dataclass, field
from typing import Any

from app.core.identity import User


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWrote:
    """A user's message, of any kind."""

    id: str
    """Meta's message id (`wamid.…`); of a replay, with the place it was replayed from."""
    user: User
    at: float
    """Meta's timestamp: the window is counted from it."""
    kind: str
    """`text`, `list_reply`, `button_reply`, `image` … or whatever Meta may invent."""
    text: str = ""
    """What a reader should see: body, caption, or the id of a tapped row."""
    raw: bytes = b""
    """The webhook JSON with this one item."""
    context: dict[str, Any] | None = None
    message_id: str = ""
    """Meta's message id where it is not the event's."""

    @property
    def choice(self) -> str | None:
        """The id of a tapped row or button."""
        return self.text if self.kind in ("list_reply", "button_reply") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What we wrote into `biz_opaque_callback_data` of a send: whose message it was."""

    key: str
    effect: str
    agent: int | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCame:
    """Meta's report about a message we sent."""

    id: str
    """Message id and status: each status of a message is one event."""
    user: User
    at: float
    message_id: str
    status: str
    mark: Mark | None = None
    errors: tuple[dict[str, Any], ...] = ()
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReplied:
    """A valid record of an agent's out topic."""

    id: str
    """Topic, partition and offset of the agent's record."""
    user: User
    at: float
    agent: int
    message: dict[str, Any]
    ref: str | None = None
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFinished:
    """The sender's report: how an attempt to send ended for good."""

    id: str
    user: User
    at: float
    effect: str
    verdict: str
    agent: int | None = None
    ref: str | None = None
    message_id: str | None = None
    code: str | None = None
    kind: str | None = None
    """The class of the error, as agents read it."""
    reason: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStruck:
    """Somebody looked at the clock for a user: time to see whether something has run out."""

    id: str
    user: User
    at: float


Event = UserWrote | StatusCame | AgentReplied | SendFinished | ClockStruck


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """What could not be made an event, and why; it goes to the quarantine."""

    reason: str
    raw: bytes = field(repr=False)
