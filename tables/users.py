"""The router's tables: `sessions` (changes on a transition) and `windows` (changes with almost every event).

In: a user key. Out: that user's `State`, and its writing back, acknowledged by Kafka. Only the router writes here,
from the partition the event came from.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from app.core.identity import User
from app.core.naming import home_of
from app.core.state import Session, State, Window


class Users:
    """Both tables as one store of states."""

    def __init__(self, app: Any, partitions: int) -> None:
        options = {"key_type": bytes, "value_type": bytes, "partitions": partitions}
        self._sessions = app.Table("sessions", **options)
        self._windows = app.Table("windows", **options)

    def load(self, key: bytes) -> State:
        """What is known of a user; nothing known is an empty state."""
        session, window = self._sessions.get(key), self._windows.get(key)
        return State(
            session=Session.from_dict(orjson.loads(session)) if session else None,
            window=Window.from_dict(orjson.loads(window)) if window else None,
        )

    def home(self, key: bytes, number: str | None = None) -> str | None:
        """The key under which the user of this name is kept; None when it is this one, or nothing is known.

        With `number` it is looked for whoever has this phone number now, not for whom it was before.
        """
        window = self.load(key).window
        return home_of(window, number) if window else None

    async def store(self, key: bytes, old: State, new: State) -> None:
        """Write what changed and wait for Kafka; the session first, for the window marks the event as handled.

        After a crash between the two writes `decide` recognises its event in the session (`Session.by`).
        """
        if new.session != old.session:
            await self._sessions.write(key, orjson.dumps(new.session.to_dict()) if new.session else None)
        if new.window != old.window:
            await self._windows.write(key, orjson.dumps(new.window.to_dict()) if new.window else None)

    def people(self) -> Iterator[User]:
        """Every user this worker knows of, without the names that only lead to another; tables may change meanwhile."""
        for key in self.keys():
            window = self._windows.get(key)
            # Only what is needed: there may be very many.
            data = orjson.loads(window) if window else None
            if data is not None and not data.get("home"):
                yield User.from_dict(data["user"])

    def keys(self) -> Iterator[bytes]:
        """Every user this worker knows of; the tables may change between two steps."""
        yield from list(self._windows.keys())
