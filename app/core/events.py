"""What can happen, in the past tense: the input of `decide`.

Every event has an id that is the same when the event is read again, so that a repeat is recognised. Times are seconds
UTC. Nothing here does anything.
"""

from dataclasses import dataclass, field
from typing import Any

from app.core.identity import Identity, User
from app.core.state import Session, Window


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
    content: dict[str, Any] = field(default_factory=dict)
    """What the message holds, by kind, as JSON: the same names as in an agent's record."""
    context: dict[str, Any] | None = None
    """The message it answers (`id`), whether it was forwarded, the product it asks about."""
    referral: dict[str, Any] | None = None
    """The advert or post the user came from."""
    username: str | None = None
    """The name the user chose at WhatsApp; it may change, and is for showing only."""
    message_id: str = ""
    """Meta's message id where it is not the event's."""

    @property
    def choice(self) -> str | None:
        """The id of a tapped row or button."""
        return self.text if self.kind in ("list_reply", "button_reply") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChanged:
    """A user has another phone number or user id from now on.

    Meta tells it in two ways, a system message and the field `user_id_update`; both may come, in any order, also after
    the first message under the new identity. Each way may leave out what the other one says.
    """

    id: str
    """Meta's message id, or one made of the change itself."""
    user: User
    """The user as they were: the key is the one their session is kept under."""
    at: float
    change: str
    """`user_changed_number` or `user_changed_user_id`, whatever Meta's spelling."""
    before: Identity
    after: Identity
    text: str = ""
    """WhatsApp's sentence about it."""
    raw: bytes = b""
    message_id: str = ""
    """Meta's message id, when a system message told it."""


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
    """All of Meta's errors, each with `code`, `title`, `details` as far as Meta says them."""
    pricing: dict[str, Any] | None = None
    """What the message costs; with `sent` and one of `delivered` and `read`."""
    conversation: dict[str, Any] | None = None
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
    deadline: float | None = None
    """Seconds UTC after which the message is of no use any more; None: as the settings say."""
    raw: bytes = b""
    anywhere: bool = False
    """It names neither business number nor user: who is not with the agent at the default number may be at another."""
    asker: str = ""
    """The key at the default number which asks the agent's signpost for the user."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLinked:
    """A home says to one of its user's names: whoever comes here is with me."""

    id: str
    user: User
    """The name: its key, with the number or user id it is made of."""
    at: float
    home: str
    """The key the user's state is kept under."""
    since: float
    """Since when the home knows its user: of two homes the older one stays."""
    ids: tuple[str, ...] = ()
    """Every BSUID of the home's user: two people have none in common."""
    via: str = ""
    """The former home, which has handed its user over: its signposts turn to the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserJoined:
    """A younger home hands over what it knows of a user to the older one."""

    id: str
    """Made of what is handed over."""
    user: User
    at: float
    session: Session | None
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPlaced:
    """A home at another business number than the default says to an agent's signpost: the user is with the agent."""

    id: str
    user: User
    """The signpost's key, with the home's business number and one of the user's names."""
    at: float
    home: str
    """The key the user's state is kept under."""
    since: float
    """Since when they are with the agent, seconds UTC."""
    here: bool
    """False: they are with the agent no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrdered:
    """The admin API was told to connect a user with an agent."""

    id: str
    """Of the caller's request, or of the session it was about: an order may be repeated."""
    user: User
    at: float
    agent: int
    note: str | None = None
    """What the agent should know; the user never sees it."""
    actor: str = ""
    """Whose token ordered it, for the audit; routing never looks at it."""
    before: int | None = None
    """The agent the user was with when it was ordered, for the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrdered:
    """The admin API was told to end a user's conversation."""

    id: str
    """As that of `MoveOrdered`."""
    user: User
    at: float
    actor: str = ""
    """As those of `MoveOrdered`."""
    before: int | None = None


Event = UserWrote | IdentityChanged | StatusCame | AgentReplied | SendFinished | ClockStruck | MoveOrdered | EndOrdered
Routed = Event | UserLinked | UserJoined | UserPlaced
"""All that comes to the router."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """What could not be made an event, and why; it goes to the quarantine."""

    reason: str
    raw: bytes = field(repr=False)
