"""Looks up a user's session, whichever worker is asked.

In: a name of a user. Out: what the worker that has this user says: this one, or another that is asked once. Must never
ask on what was already passed on, and never answer from a table that may be behind.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp

from app.core.lookup import key_of, session_shown
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from app.owners import OwnerUnknown
from web.admin.envelopes import UnknownUser

FORWARDED = "X-Broker-Forwarded"
"""Marks a request that another worker passed on."""
FORWARD_SECONDS = 3.0


class Ownership(Protocol):
    """What look-ups need of app/owners.py."""

    def owner(self, key: bytes) -> str | None:
        """The address of the worker with this key, None when it is this one; raises OwnerUnknown."""


class Lookups:
    """Answers who a user is with."""

    def __init__(
        self,
        owners: Ownership,
        load: Callable[[bytes], State],
        register: Callable[[], Register],
        rules: Rules,
        phone_number_id: str,
        http: Callable[[], aiohttp.ClientSession],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`load` reads this worker's tables; names without a business number mean `phone_number_id`."""
        self._owners = owners
        self._load = load
        self._register = register
        self._rules = rules
        self._phone_number_id = phone_number_id
        self._http = http
        self._clock = clock

    async def find(self, name: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and answer for a user's name; `headers` are the request's.

        Raises UnknownUser, and OwnerUnknown when no worker can say now.
        """
        key = key_of(name, self._phone_number_id)
        owner = self._owners.owner(key.encode())
        if owner is None:
            shown = session_shown(key, self._load(key.encode()), self._register(), self._rules, self._clock())
            if shown is None:
                raise UnknownUser(f"nothing is known of a user {name!r}")
            return 200, {"status": "success", "data": shown}
        if FORWARDED in headers:
            raise OwnerUnknown("the workers do not agree yet on who has this user")
        return await self._ask(owner, key, headers)

    async def _ask(self, owner: str, key: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        url = f"{owner.rstrip('/')}/api/v1/session/{quote(key, safe='')}"
        passed = {"Authorization": headers.get("Authorization", ""), FORWARDED: "1"}
        try:
            async with (
                asyncio.timeout(FORWARD_SECONDS),
                self._http().get(url, headers=passed, allow_redirects=False) as response,
            ):
                if response.status in (200, 404, 503):
                    return response.status, await response.json()
                raise OwnerUnknown(f"the worker with this user answered {response.status}: have all the same tokens?")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OwnerUnknown("the worker with this user does not answer") from error
