"""The admin page: agents with their live numbers, and a user to look up, move or lead to the menu.

In: requests of browsers that passed the door. Out: HTML. It asks the same office, look-ups and orders as
the API and shows their words; it decides nothing. Must never show what users write.
"""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from app.core.register import Agent, Register
from app.stores.mirror import MirrorAway
from app.stores.register import RegisterAway
from web.admin.agent_forms import AgentForms
from web.admin.cells import UNKNOWN, Cell, as_json, cells, live
from web.admin.counts import Counts
from web.admin.door import LOGIN, NUMBERS, PAGE, Door
from web.admin.envelopes import KINDS
from web.admin.lookups import Lookups
from web.admin.office import Office
from web.admin.orders import Orders
from web.admin.rendering import back, page
from web.chat.throttle import Throttle

HERE = Path(__file__).parent
SHARED = HERE.parent / "chat" / "static"
"""Colours, the login card and the icon are the chat's."""
SAID = {
    "created": "The agent is registered.",
    "changed": "The agent is changed.",
    "deactivated": "The agent is deactivated: its users are told and get the menu.",
    "moved": "The move is ordered; it happens in a moment. Search again to see it.",
    "ended": "The end is ordered; it happens in a moment. Search again to see it.",
}

log = logging.getLogger("broker.admin")


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
        clock: Callable[[], float],
    ) -> None:
        """`register` is the last known one, shown while PostgreSQL is away; `numbers` are the last measured."""
        self._door = door
        self._throttle = throttle
        self._office = office
        self._lookups = lookups
        self._counts = counts
        self._orders = orders
        self._register = register
        self._numbers = numbers
        self._clock = clock

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/admin", self.home)
        router.add_get(PAGE, self.show)
        router.add_get(LOGIN, self.ask)
        router.add_post(LOGIN, self.log_in)
        router.add_post(PAGE + "logout", self.log_out)
        router.add_get(NUMBERS, self.numbers)
        AgentForms(self._office, self._failed).add_to(router)
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
        return await self._show(request.query.get("user", "").strip(), said=request.query.get("said", ""))

    async def move(self, request: web.Request) -> web.Response:
        """Order that a user be moved."""
        form = await request.post()
        user, note = str(form.get("user", "")), str(form.get("note", "")).strip()
        body = {"agent": str(form.get("agent", "")), **({"note": note} if note else {})}
        return await self._ordered(user, self._orders.move(user, body, self._door.bearer), "moved")

    async def end(self, request: web.Request) -> web.Response:
        """Order that a conversation be ended."""
        user = str((await request.post()).get("user", ""))
        return await self._ordered(user, self._orders.end(user, self._door.bearer), "ended")

    async def _ordered(self, user: str, order: Any, said: str) -> web.Response:
        try:
            status, answer = await order
        except tuple(KINDS) as error:
            return await self._show(user, error=error)
        if status != 202:
            return await self._show(user, problem=answer["message"], status=status)
        raise back(said, user=user)

    async def _failed(self, error: Exception) -> web.Response:
        return await self._show("", error=error)

    async def _show(
        self, user: str, *, said: str = "", problem: str = "", error: Exception | None = None, status: int = 200
    ) -> web.Response:
        if error is not None:
            problem, status = str(error), KINDS[type(error)][1]
        problems = [problem] if problem else []
        agents = await self._agents(problems)
        found, line = await self._live()
        card, missing = await self._card(user) if user else (None, "")
        return page(
            "agents.html",
            status,
            agents=agents,
            cells=found,
            unknown=Cell(UNKNOWN, tone="dim"),
            live=line,
            user=user,
            card=card,
            missing=missing,
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

    async def _agents(self, problems: list[str]) -> list[Agent]:
        try:
            return await self._office.find_all()
        except RegisterAway:
            problems.append("PostgreSQL is away: agents are shown as last known, and cannot be changed now.")
            return list(self._register().active)

    async def _card(self, user: str) -> tuple[dict[str, Any] | None, str]:
        try:
            status, answer = await self._lookups.find(user, self._door.bearer)
        except tuple(KINDS) as error:
            return None, str(error)
        return (answer["data"], "") if status == 200 else (None, answer["message"])
