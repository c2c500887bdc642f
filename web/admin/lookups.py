"""Looks up a user's session, whichever worker is asked.

In: a name of a user. Out: what the worker that has this user says. Must never answer from a table that may be behind.
"""

import time
from collections.abc import Callable, Mapping

from app.core.lookup import session_shown
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from web.admin.envelopes import UnknownUser
from web.admin.passing import Answer, Call, Passing


class Lookups:
    """Answers who a user is with."""

    def __init__(
        self,
        passing: Passing,
        load: Callable[[bytes], State],
        register: Callable[[], Register],
        rules: Rules,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`load` reads this worker's tables."""
        self._passing = passing
        self._load = load
        self._register = register
        self._rules = rules
        self._clock = clock

    async def find(self, name: str, headers: Mapping[str, str]) -> Answer:
        """Status and answer for a user's name; `headers` are the request's.

        Raises UnknownUser, and OwnerUnknown when no worker can say now.
        """

        async def here(key: str) -> Answer:
            shown = session_shown(key, self._load(key.encode()), self._register(), self._rules, self._clock())
            if shown is None:
                raise UnknownUser(f"nothing is known of a user {name!r}")
            return 200, {"status": "success", "data": shown}

        return await self._passing.to_owner(name, Call("GET", headers), here)
