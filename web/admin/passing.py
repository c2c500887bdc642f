"""Brings a request about a user to the worker that has this user.

In: a name of a user and a request. Out: what the worker with the user's home answers: this one, or another that is
asked. Must never ask on what was already passed on, but for another name of the user, and that only so often; nor quote
a token.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from app.core.identity import split_address
from app.core.lookup import key_of
from app.owners import OwnerUnknown
from web.admin.tokens import LEGAL_NAME, UNNAMED, bare_token

FORWARDED = "X-Broker-Forwarded"
"""Marks a request that another worker passed on, with how often it was."""
ON_BEHALF = "X-Broker-On-Behalf-Of"
"""Names whose token a request was made with, where it is passed on with another one."""
PASSES_MAX = 3
"""From the worker asked to that of a name, from there to that of the home, and once more while homes are joined."""
SOUGHT = "X-Broker-Sought"
"""The phone number a request was made for, on its way over keys: at each of them it may have gone to another person."""
IDEMPOTENCY = "Idempotency-Key"
FORWARD_SECONDS = 3.0

Answer = tuple[int, dict[str, Any]]
"""Status and JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it is passed on: below a user's own path."""

    method: str
    headers: Mapping[str, str]
    path: str = ""
    body: dict[str, Any] | None = None
    actor: str = ""
    """Whom the audit is to name."""


class Ownership(Protocol):
    """What passing on needs of app/owners.py."""

    def owner(self, key: bytes) -> str | None:
        """The address of the worker with this key, None when it is this one; raises OwnerUnknown."""


class Passing:
    """Knows who has a user."""

    def __init__(
        self,
        owners: Ownership,
        home_of: Callable[[bytes, str | None], str | None],
        phone_number_id: str,
        http: Callable[[], aiohttp.ClientSession],
        tokens: Iterable[SecretStr] = (),
    ) -> None:
        """`home_of` says where a key of this worker leads to, None when nowhere else; asked by phone number it is
        whoever has that number now. Names without a business number mean `phone_number_id`. `tokens` are the entries of
        this worker's setting: while one replaces another, the worker asked may know only one of them.
        """
        self._owners = owners
        self._home_of = home_of
        self._phone_number_id = phone_number_id
        self._http = http
        bare = (bare_token(entry.get_secret_value()) for entry in tokens)
        self._bearers = [f"Bearer {token}" for token in bare if token]

    async def to_owner(self, name: str, call: Call, here: Callable[[str], Awaitable[Answer]]) -> Answer:
        """The answer of the worker with a user; `here` gives this worker's for a user key.

        Raises OwnerUnknown when no worker can say now, and whatever `here` raises.
        """
        key, passes = key_of(name, self._phone_number_id), _passes(call.headers)
        number = call.headers.get(SOUGHT) if passes else split_address(name)[0]
        may_pass = passes == 0
        for _ in range(PASSES_MAX):
            owner = self._owners.owner(key.encode())
            if owner is not None:
                if not may_pass or passes >= PASSES_MAX:
                    raise OwnerUnknown("the workers do not agree yet on who has this user")
                return await self._ask(owner, name, call, passes + 1, number)
            home = self._home_of(key.encode(), number)
            if home is None:
                return await here(key)
            name = key = home
            may_pass = True
        raise OwnerUnknown("this user's names are just being brought together")

    async def _ask(self, owner: str, name: str, call: Call, passes: int, number: str | None) -> Answer:
        url = f"{owner.rstrip('/')}/api/v1/session/{quote(name, safe='')}{call.path}"
        return await self.ask(url, call, passes, number)

    async def ask(self, url: str, call: Call, passes: int, number: str | None = None) -> Answer:
        """What the worker at an address answers, asked with a token that both know; `number` is the one sought.

        That of the call comes first, so that whoever acts is known there by their own. Raises OwnerUnknown.
        """
        passed = {FORWARDED: str(passes)} | ({SOUGHT: number} if number else {})
        if IDEMPOTENCY in call.headers:
            passed[IDEMPOTENCY] = call.headers[IDEMPOTENCY]
        shown = call.headers.get("Authorization", "")
        heard = call.headers.get(ON_BEHALF, "") if FORWARDED in call.headers else ""
        told = {ON_BEHALF: heard or call.actor}
        try:
            async with asyncio.timeout(FORWARD_SECONDS):
                for bearer in (shown, *(one for one in self._bearers if one != shown)):
                    named = told if heard or bearer != shown else {}
                    status, answer = await self._request(url, call, {**passed, **named, "Authorization": bearer})
                    if status != 401:
                        break
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OwnerUnknown("the worker with this user does not answer") from error
        # A worker of an older version has no such page at all.
        is_old = status == 404 and answer.get("internal_code") == "http-404"
        if status in (200, 202, 404, 422, 503) and not is_old:
            return status, answer
        raise OwnerUnknown(f"the worker with this user answered {status}: have all a token in common?")

    async def _request(self, url: str, call: Call, headers: dict[str, str]) -> Answer:
        request = self._http().request(call.method, url, headers=headers, json=call.body, allow_redirects=False)
        async with request as response:
            return response.status, await response.json()


def acting(actor: str, headers: Mapping[str, str]) -> str:
    """Whom the audit names for a request with the token of `actor`: with whoever a worker says it came from.

    Anybody with a token can say so, so what was said never stands alone.
    """
    told = headers.get(ON_BEHALF, "")
    is_told = FORWARDED in headers and (told == UNNAMED or LEGAL_NAME.fullmatch(told))
    return f"{told} (passed on with the token of {actor})" if is_told else actor


def _passes(headers: Mapping[str, str]) -> int:
    """How often a request was passed on; whatever else the mark holds, it is passed on no more."""
    mark = headers.get(FORWARDED, "0")
    return int(mark) if mark in map(str, range(PASSES_MAX)) else PASSES_MAX
