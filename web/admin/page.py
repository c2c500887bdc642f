"""The admin page: agents with their live numbers, and a user to look up, move or lead to the menu.

In: requests of browsers that passed the door. Out: HTML. It asks the same office, look-ups and orders as
the API and shows their words; it decides nothing. Must never show what users write.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from app.core.register import Register
from app.core.rules import Texts
from app.stores.mirror import MirrorAway
from app.stores.register import RegisterAway
from web.admin.agent_forms import AgentForms
from web.admin.cells import UNKNOWN, Cell, as_json, cells, live
from web.admin.changes import Line, lines
from web.admin.counts import Counts
from web.admin.door import BEARER, LOGIN, NUMBERS, PAGE, Door
from web.admin.envelopes import KINDS, UnknownUser
from web.admin.gate import ACTOR
from web.admin.lookups import Lookups
from web.admin.office import Office
from web.admin.orders import Orders
from web.admin.passing import Answer
from web.admin.people import People
from web.admin.rendering import back, page
from web.chat.throttle import Throttle

HERE = Path(__file__).parent
SHARED = HERE.parent / "chat" / "static"
"""Colours, the login card and the icon are the chat's."""
SAID = {
    "created": "The agent is registered.",
    "changed": "The agent is changed.",
    "activated": "The agent is back in the menu.",
    "deactivated": "The agent is deactivated: its users are told and get the menu.",
    "moved": "The user is moved.",
    "moving": "The move is ordered and on its way. Search again to see it.",
    "ended": "The conversation is ended.",
    "ending": "The end is ordered and on its way. Search again to see it.",
}

PATIENCE_SECONDS, ASK_AGAIN_SECONDS = 3.0, 0.1
"""How long the router is waited for after an order, and how often it is asked."""
CHANGES_SHOWN = 10

log = logging.getLogger("broker.admin")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: one user, or several to choose from; and what is to be said of it."""

    card: dict[str, Any] | None = None
    people: Sequence[dict[str, Any]] = ()
    missing: str = ""


class AdminPage:
    """Serves the page."""

    def __init__(
        self,
        door: Door,
        throttle: Throttle,
        office: Office,
        lookups: Lookups,
        counts: Counts,
        orders: Orders,
        register: Callable[[], Register],
        numbers: Callable[[], dict[str, Any]],
        people: People,
        texts: Texts,
        clock: Callable[[], float],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`register` is the last known one, shown while PostgreSQL is away; `numbers` are the last measured.

        `texts` are the installation's. After an order the router is waited for `patience` seconds.
        """
        self._door = door
        self._throttle = throttle
        self._office = office
        self._lookups = lookups
        self._counts = counts
        self._orders = orders
        self._register = register
        self._numbers = numbers
        self._people = people
        self._texts = texts
        self._clock = clock
        self._patience = patience

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/admin", self.home)
        router.add_get(PAGE, self.show)
        router.add_get(LOGIN, self.ask)
        router.add_post(LOGIN, self.log_in)
        router.add_post(PAGE + "logout", self.log_out)
        router.add_get(NUMBERS, self.numbers)
        AgentForms(self._office, self._texts, self._failed).add_to(router)
        router.add_post(PAGE + "user/move", self.move)
        router.add_post(PAGE + "user/end", self.end)
        router.add_static(PAGE + "static", HERE / "static")
        router.add_static(PAGE + "shared", SHARED)

    async def home(self, request: web.Request) -> web.Response:
        """The address as people type it."""
        raise web.HTTPSeeOther(PAGE)

    async def ask(self, request: web.Request) -> web.Response:
        """The login."""
        return page("login.html", problem="")

    async def log_in(self, request: web.Request) -> web.Response:
        """Check a token; a right one logs the browser in."""
        address = request.remote or ""
        wait = self._throttle.wait(address)
        if wait:
            problem = f"Too many wrong tokens. Try again in {math.ceil(wait / 60)} min."
            return page("login.html", 429, {"Retry-After": str(math.ceil(wait))}, problem=problem)
        written = str((await request.post()).get("token", ""))
        response = web.HTTPSeeOther(PAGE)
        if not self._door.let_in(request, response, written):
            self._throttle.wrong(address)
            log.warning("a wrong token at the admin page's login from %s", address)
            return page("login.html", 401, problem="That is no admin token.")
        raise response

    async def log_out(self, request: web.Request) -> web.Response:
        """Forget the browser's login."""
        response = web.HTTPSeeOther(LOGIN)
        self._door.let_out(request, response)
        raise response

    async def numbers(self, request: web.Request) -> web.Response:
        """The cells of the table, for the script that keeps them fresh."""
        return web.json_response(as_json(*await self._live()))

    async def show(self, request: web.Request) -> web.Response:
        """Agents, and the user who is searched for."""
        return await self._show(request, request.query.get("user", "").strip(), said=request.query.get("said", ""))

    async def move(self, request: web.Request) -> web.Response:
        """Order that a user be moved."""
        form = await request.post()
        user, note = str(form.get("user", "")), str(form.get("note", "")).strip()
        body = {"agent": str(form.get("agent", "")), **({"note": note} if note else {})}
        headers: dict[str, str] = request[BEARER]
        order = self._orders.move(user, body, headers, request[ACTOR])

        def there(card: dict[str, Any]) -> bool:
            return card["agent"] is not None and str(card["agent"]["id"]) == body["agent"]

        return await self._ordered(request, user, order, "mov", there)

    async def end(self, request: web.Request) -> web.Response:
        """Order that a conversation be ended."""
        user = str((await request.post()).get("user", ""))
        headers: dict[str, str] = request[BEARER]
        order = self._orders.end(user, headers, request[ACTOR])
        return await self._ordered(request, user, order, "end", lambda card: card["state"] != "agent")

    async def _ordered(
        self,
        request: web.Request,
        user: str,
        order: Awaitable[Answer],
        what: str,
        done: Callable[[dict[str, Any]], bool],
    ) -> web.Response:
        try:
            status, answer = await order
        except tuple(KINDS) as error:
            return await self._show(request, user, error=error)
        if status != 202:
            return await self._show(request, user, problem=answer["message"], status=status)
        raise back(what + ("ed" if await self._seen(user, request[BEARER], done) else "ing"), user=user)

    async def _seen(self, user: str, headers: dict[str, str], done: Callable[[dict[str, Any]], bool]) -> bool:
        """Wait until the router has carried an order out, for a while; it needs some milliseconds as a rule."""
        with suppress(TimeoutError, *KINDS):
            async with asyncio.timeout(self._patience):
                while True:
                    status, answer = await self._lookups.find(user, headers)
                    if status == 200 and done(answer["data"]):
                        return True
                    await asyncio.sleep(ASK_AGAIN_SECONDS)
        return False

    async def _failed(self, request: web.Request, error: Exception) -> web.Response:
        return await self._show(request, "", error=error)

    async def _show(
        self,
        request: web.Request,
        user: str,
        *,
        said: str = "",
        problem: str = "",
        error: Exception | None = None,
        status: int = 200,
    ) -> web.Response:
        if error is not None:
            problem, status = str(error), KINDS[type(error)][1]
        problems = [problem] if problem else []
        register = await self._agents(problems)
        shown, line = await self._live()
        found = await self._found(user, request[BEARER]) if user else Found()
        return page(
            "agents.html",
            status,
            agents=register.active,
            inactive=[agent for agent in register.agents if not agent.active],
            cells=shown,
            unknown=Cell(UNKNOWN, tone="dim"),
            live=line,
            user=user,
            card=found.card,
            people=found.people,
            missing=found.missing,
            changes=await self._changes(),
            said=SAID.get(said, ""),
            problems=problems,
        )

    async def _live(self) -> tuple[dict[str, Cell], Cell]:
        try:
            stats = (await self._counts.stats())["data"]
        except MirrorAway:
            stats = None
        measured = self._numbers()
        return cells(stats, measured), live(stats, measured, self._clock())

    async def _agents(self, problems: list[str]) -> Register:
        try:
            return await self._office.register()
        except RegisterAway:
            problems.append("PostgreSQL is away: agents are shown as last known, and cannot be changed now.")
            return self._register()

    async def _changes(self) -> list[Line] | None:
        """The last changes; None while PostgreSQL is away, which has them."""
        most = str(CHANGES_SHOWN)
        try:
            changes, orders = await self._office.audit(most), await self._office.orders(most)
        except RegisterAway:
            return None
        names = {agent.id: agent.name for agent in self._register().agents}
        return lines(changes, orders, names, CHANGES_SHOWN)

    async def _found(self, user: str, headers: dict[str, str]) -> Found:
        """Who goes by this name: first as number, id or key, then by a part of what they call themselves."""
        try:
            status, answer = await self._lookups.find(user, headers)
            unknown = answer["message"] if status == 404 else ""
        except UnknownUser as error:
            unknown = str(error)
        except tuple(KINDS) as error:
            return Found(missing=str(error))
        if not unknown:
            return Found(card=answer["data"]) if status == 200 else Found(missing=answer["message"])
        if not any(char.isalpha() for char in user):
            return Found(missing=unknown)
        try:
            found = await self._people.find({"name": user}, headers)
        except tuple(KINDS) as error:
            return Found(missing=str(error))
        others = "A worker did not answer: there may be others." if found["missing"] else ""
        match found["data"]:
            case []:
                return Found(missing=f"{unknown}, and nobody has that in their name. {others}".strip())
            case [only] if not others:
                return Found(card=only)
            case several:
                more = "There are more: write more of the name." if found["more"] else ""
                return Found(people=several, missing=f"{more} {others}".strip())
