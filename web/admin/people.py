"""Finds users by a part of their name, over all workers.

In: words. Out: who has them in their name, and with whom they are, as look-ups show it. Each worker looks through its
own users' tables and asks the others to do the same; names are nowhere else. Must never hide that a worker did not
answer, nor hold up the router: a look through many users leaves others their turns.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from app.core.agent_rules import Problem, Refused
from app.core.identity import User
from app.core.lookup import is_named, session_shown
from app.core.register import Register
from app.core.rules import Rules, fold
from app.core.state import State
from app.owners import OwnerUnknown
from web.admin.passing import FORWARDED, Call, Passing

LISTED, LISTED_MOST = 20, 100
"""Users of one answer, unless told otherwise and at most."""
NAME_MAX = 200
CHUNK = 200
"""Users looked at before others get a turn on the loop."""

log = logging.getLogger("broker.admin")


class Workers(Protocol):
    """What finding needs of app/owners.py."""

    def owner(self, key: bytes) -> str | None:
        """The address of the worker with this key, None when it is this one; raises OwnerUnknown."""

    def others(self) -> list[str]:
        """The addresses of all other workers with users; raises OwnerUnknown."""


class Tables(Protocol):
    """What finding needs of tables/users.py."""

    def people(self) -> Iterator[User]:
        """Every user this worker knows of."""

    def load(self, key: bytes) -> State:
        """What is known of a user."""


class People:
    """Looks through everybody's users."""

    def __init__(
        self,
        workers: Workers,
        tables: Tables,
        register: Callable[[], Register],
        rules: Rules,
        passing: Passing,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workers = workers
        self._tables = tables
        self._register = register
        self._rules = rules
        self._passing = passing
        self._clock = clock

    async def find(self, query: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """Users whose name holds all words of `name`, `limit` at most, by name; `headers` are the request's.

        `more` says whether there are more; `missing` how many workers did not answer. Raises Refused, and OwnerUnknown
        while the users are being handed out.
        """
        name, limit = _read(query)
        others = [] if FORWARDED in headers else self._workers.others()
        here, *there = await asyncio.gather(
            self._here(name, limit), *(self._ask(url, name, limit, headers) for url in others)
        )
        answers = [here, *(answer for answer in there if answer is not None)]
        found = sorted((one for answer in answers for one in answer["data"]), key=_by_name)
        return {
            "status": "success",
            "data": found[:limit],
            "more": len(found) > limit or any(answer["more"] for answer in answers),
            "missing": there.count(None),
        }

    async def _here(self, name: str, limit: int) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        for number, user in enumerate(self._tables.people()):
            if number % CHUNK == CHUNK - 1:
                await asyncio.sleep(0)
            # A table in memory may still hold users who are another worker's by now.
            if not is_named(user, name) or self._workers.owner(user.key.encode()) is not None:
                continue
            state = self._tables.load(user.key.encode())
            shown = session_shown(user.key, state, self._register(), self._rules, self._clock())
            if shown is not None:
                found.append(shown)
            if len(found) > limit:
                break
        return {"data": found[:limit], "more": len(found) > limit}

    async def _ask(self, url: str, name: str, limit: int, headers: Mapping[str, str]) -> dict[str, Any] | None:
        query = urlencode({"name": name, "limit": limit})
        try:
            status, answer = await self._passing.ask(f"{url.rstrip('/')}/api/v1/users?{query}", Call("GET", headers), 1)
        except OwnerUnknown as error:
            log.info("the worker at %s did not look for a name: %s", url, error)
            return None
        if status != 200:
            log.info("the worker at %s did not look for a name: it answered %d", url, status)
        return answer if status == 200 else None


def _by_name(shown: dict[str, Any]) -> tuple[str, str]:
    return fold(shown["user"].get("name", "")), shown["user"]["key"]


def _read(query: Mapping[str, str]) -> tuple[str, int]:
    problems = []
    name, limit = query.get("name", ""), query.get("limit", str(LISTED))
    if not fold(name) or len(name) > NAME_MAX:
        problems.append(Problem("name", f"must be a part of a name, of 1 to {NAME_MAX} characters"))
    is_number = limit.isascii() and limit.isdecimal() and len(limit) <= 4
    if not is_number or not 1 <= int(limit) <= LISTED_MOST:
        problems.append(Problem("limit", f"must be a number from 1 to {LISTED_MOST}"))
    if problems:
        raise Refused(problems)
    return name, int(limit)
