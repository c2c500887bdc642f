"""What is remembered of a user: the session and the window.

In and out: plain JSON objects (the tables' values). The ids of what was handled live inside the window, so that the
mark and the result can never part. Bounded: a user's state stays far below Kafka's record limit.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.identity import User


def digest(event_id: str) -> str:
    """A short stand-in for an event id in the lists of recent ones: 12 hexadecimal digits."""
    return hashlib.blake2b(event_id.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """With whom a user is; changes only on a transition."""

    since: float
    agent: int | None = None
    """None: the user is at the menu."""
    menu: str = ""
    """The id of the menu whose rows may be tapped now."""
    shown: str = ""
    """What the latest menu sent to the user showed, see `app.core.menu.shown_by`; empty in rows of a version before."""
    kept: tuple[dict[str, Any], ...] = ()
    """Records for the agent to come, oldest first."""
    told_of: float = 0.0
    """The opening of a closed agent that the user was told of, in seconds UTC; 0 when of none."""
    dropped: int = 0
    """How many records the bound of `kept` has cost."""
    by: str = ""
    """Digest of the event that made this session what it is: a crash between the writes of session and window leaves
    a session that already shows an event its window does not know."""
    refers: bool = False
    """Whether that event is a message of the conversation, to be found among the window's `references`."""

    def to_dict(self) -> dict[str, Any]:
        """The session as JSON; the opposite of `from_dict`."""
        return {
            "agent": self.agent,
            "since": self.since,
            "menu": self.menu,
            "shown": self.shown,
            "kept": list(self.kept),
            "dropped": self.dropped,
            "told_of": self.told_of,
            "by": self.by,
            "refers": self.refers,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Session":
        """The session of a JSON object; raises KeyError when `since` is missing."""
        return cls(
            since=data["since"],
            agent=data.get("agent"),
            menu=data.get("menu", ""),
            shown=data.get("shown", ""),
            kept=tuple(data.get("kept", ())),
            dropped=data.get("dropped", 0),
            told_of=data.get("told_of", 0.0),
            by=data.get("by", ""),
            refers=data.get("refers", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When the user last wrote, and what was handled lately; changes with almost every event."""

    user: User
    last_seen: float = 0.0
    """Meta's timestamp of the user's latest message; 0 when there was none."""
    touched: float = 0.0
    """The latest time of any event about this user; after a long silence the window is forgotten."""
    recent: tuple[str, ...] = ()
    """Digests of the user's messages handled last, oldest first."""
    others: tuple[str, ...] = ()
    """Digests of all other events handled last: a talkative agent must not push out what the user wrote."""
    ticks: dict[str, int] = field(default_factory=dict)
    """Effect id → highest rank of status seen, oldest first."""
    since: float = 0.0
    """When the user was first seen here."""
    home: str = ""
    """The key under which the user is kept, when this one is only a signpost to it."""
    ids: tuple[str, ...] = ()
    """Every BSUID the user is known by, newest last."""
    numbers: tuple[str, ...] = ()
    """Every phone number the user is known by, as digits, newest last."""
    named: float = 0.0
    """Since when the newest names hold, by Meta's clock: what is older never moves them back."""
    linked: float = 0.0
    """When the names were last told where their home is."""
    passed: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Number of the user's that another person has now → that person's key, and since when (seconds UTC)."""
    places: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Of an agent's signpost: business number → the home at which the user is with the agent, and since when."""
    references: tuple[str, ...] = ()
    """The conversation's last messages, oldest first: Meta's ids of the user's, effect ids of the agents'."""
    joined: tuple[str, ...] = ()
    """Other keys this user was kept under until it was known that they are one, newest last."""

    def knows(self, event_id: str) -> bool:
        """Whether an event was handled lately."""
        name = digest(event_id)
        return name in self.recent or name in self.others

    def remembering(self, event_id: str, bound: int, *, of_user: bool) -> "Window":
        """The window with one more handled id, and never more than `bound` of either kind."""
        if of_user:
            return replace(self, recent=(*self.recent, digest(event_id))[-bound:])
        return replace(self, others=(*self.others, digest(event_id))[-bound:])

    def ticked(self, effect: str, rank: int, bound: int) -> "Window":
        """The window with a status rank noted for a message of ours."""
        ticks = {name: value for name, value in self.ticks.items() if name != effect}
        ticks[effect] = rank
        return replace(self, ticks=dict(list(ticks.items())[-bound:]))

    def referring(self, message: str, bound: int) -> "Window":
        """The window with one more message of the conversation, and never more than `bound`."""
        return replace(self, references=(*self.references, message)[-bound:])

    def to_dict(self) -> dict[str, Any]:
        """The window as JSON; the opposite of `from_dict`."""
        return {
            "user": self.user.to_dict(),
            "last_seen": self.last_seen,
            "touched": self.touched,
            "recent": list(self.recent),
            "others": list(self.others),
            "ticks": self.ticks,
            "since": self.since,
            "home": self.home,
            "ids": list(self.ids),
            "numbers": list(self.numbers),
            "named": self.named,
            "linked": self.linked,
            "passed": self.passed,
            "places": self.places,
            "references": list(self.references),
            "joined": list(self.joined),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Window":
        """The window of a JSON object; raises KeyError when the user is missing."""
        user = User.from_dict(data["user"])
        return cls(
            user=user,
            last_seen=data.get("last_seen", 0.0),
            touched=data.get("touched", 0.0),
            recent=tuple(data.get("recent", ())),
            others=tuple(data.get("others", ())),
            ticks=dict(data.get("ticks", {})),
            since=data.get("since", 0.0),
            home=data.get("home", ""),
            # A window from before names were kept has those its user shows.
            ids=tuple(data.get("ids", (user.user_id,) if user.user_id else ())),
            numbers=tuple(data.get("numbers", (user.wa_id,) if user.wa_id else ())),
            named=data.get("named", 0.0),
            linked=data.get("linked", 0.0),
            passed={number: (key, at) for number, (key, at) in data.get("passed", {}).items()},
            places={number: (key, at) for number, (key, at) in data.get("places", {}).items()},
            references=tuple(data.get("references", ())),
            joined=tuple(data.get("joined", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything the router knows of one user."""

    session: Session | None = None
    window: Window | None = None
