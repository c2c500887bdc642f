"""What the mirror shows of a session and a window.

In: the tables' values as their changelogs hold them. Out: an `Image`: a small JSON object, the time it ends, and the
names that lead to its user. Must never show what users wrote: of the messages kept for an agent, not even their number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core.identity import user_key
from app.core.naming import names
from app.core.state import Session, Window

Kind = Literal["session", "window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A session or window as outsiders may look it up; `value` None means there is none."""

    kind: Kind
    user: str
    """The user key."""
    offset: int
    """Where in the changelog it stood: of two images of a user, the higher one is newer."""
    value: dict[str, Any] | None = None
    ends: float = 0.0
    """Seconds since 1970 after which it no longer holds."""
    session_seconds: int
    """How long a session lasts after the user's last message: only the two images together know when it ends."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of a window: each name this home has a say in, as a user key → the key of the user it means now."""


def session_image(user: str, data: dict[str, Any] | None, offset: int, session_seconds: int) -> Image:
    """The image of a session; it ends `session_seconds` after it began, or later when the user wrote since.

    Raises KeyError or TypeError when the object is no session.
    """
    if data is None:
        return Image(kind="session", user=user, offset=offset, session_seconds=session_seconds)
    session = Session.from_dict(data)
    value = {
        "user": user,
        "state": "menu" if session.agent is None else "agent",
        "agent": session.agent,
        "since": session.since,
    }
    ends = session.since + session_seconds
    return Image(kind="session", user=user, offset=offset, value=value, ends=ends, session_seconds=session_seconds)


def window_image(
    user: str, data: dict[str, Any] | None, offset: int, window_seconds: int, session_seconds: int
) -> Image:
    """The image of a window, which also prolongs the session; none where the user has never written.

    Raises KeyError or TypeError when the object is no window.
    """
    window = None if data is None else Window.from_dict(data)
    if window is None or window.last_seen <= 0:
        return Image(kind="window", user=user, offset=offset, session_seconds=session_seconds)
    ends = window.last_seen + window_seconds
    shown = {
        "user": user,
        "phone_number_id": window.user.phone_number_id,
        "waID": window.user.address,
        "user_id": window.user.user_id,
        "last_seen": window.last_seen,
        "expires_at": ends,
    }
    value = {name: content for name, content in shown.items() if content is not None}
    return Image(
        kind="window",
        user=user,
        offset=offset,
        value=value,
        ends=ends,
        session_seconds=session_seconds,
        names=_leads(user, window),
    )


def _leads(home: str, window: Window) -> dict[str, str]:
    """Where the names of a home's user lead: to the home, and a number that another person has now to that person."""
    number = window.user.phone_number_id
    own = dict.fromkeys((home, *(name.key for name in names(window))), home)
    return {**own, **{user_key(number, wa_id, None): holder for wa_id, (holder, _) in window.passed.items()}}
