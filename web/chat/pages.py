"""The chat's pages: login, logout, and the page itself.

In: requests of browsers. Out: HTML without any inline script or style, and the cookie. Everything that changes
something is a POST that must come from our own page. Must never show an agent's conversations without its login.
"""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.stores.pushes import Push, logout_push
from web.chat.access import Access, foreign
from web.chat.codes import code_matches
from web.chat.throttle import Throttle

HERE = Path(__file__).parent
FORM_MAX = 4096

log = logging.getLogger("broker.chat")


class Pages:
    """Serves the chat's HTML."""

    def __init__(self, access: Access, throttle: Throttle, publish: Callable[[Push], None]) -> None:
        self._access = access
        self._throttle = throttle
        self._publish = publish
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/chat", self.chat)
        router.add_get("/login", self.ask)
        router.add_post("/login", self.log_in)
        router.add_post("/logout", self.log_out)
        router.add_static("/chat/static", HERE / "static")

    async def chat(self, request: web.Request) -> web.Response:
        """The page, or the way to the login."""
        self._access.need_register()
        agents = self._access.agents_of(self._access.login(request))
        if not agents:
            raise web.HTTPSeeOther("/login")
        return self._page("chat.html", agents=agents, others=len(self._access.agents) > len(agents))

    async def ask(self, request: web.Request) -> web.Response:
        """The login page."""
        self._access.need_register()
        return self._login_page(request)

    async def log_in(self, request: web.Request) -> web.Response:
        """Check a code; a right one adds its agent to the browser's login."""
        if foreign(request):
            raise web.HTTPForbidden(text="the login takes forms of this host only")
        self._access.need_register()
        address = request.remote or ""
        wait = self._throttle.wait(address)
        if wait:
            minutes = math.ceil(wait / 60)
            return self._login_page(
                request,
                f"Too many wrong codes. Try again in {minutes} min.",
                429,
                {"Retry-After": str(math.ceil(wait))},
            )
        if (request.content_length or 0) > FORM_MAX:
            raise web.HTTPRequestEntityTooLarge(FORM_MAX, request.content_length or 0)
        form = await request.post()
        chosen, code = str(form.get("agent", "")), str(form.get("code", ""))
        agent = self._access.agent(int(chosen)) if chosen.isascii() and chosen.isdigit() else None
        if agent is None or not code_matches(self._access.secret, agent, code):
            self._throttle.wrong(address)
            log.warning("a wrong login code from %s", address)
            return self._login_page(request, "That code does not belong to this agent.", 401, chosen=chosen)
        response = web.HTTPSeeOther("/chat")
        self._access.let_in(request, response, agent)
        raise response

    async def log_out(self, request: web.Request) -> web.Response:
        """Forget the browser's login, and end its sockets."""
        if foreign(request):
            raise web.HTTPForbidden(text="the logout takes forms of this host only")
        response = web.HTTPSeeOther("/login")
        self._access.let_out(request, response)
        login = self._access.login(request)
        if login.id:
            self._publish(logout_push(login.id))
        raise response

    def _login_page(
        self,
        request: web.Request,
        problem: str = "",
        status: int = 200,
        headers: dict[str, str] | None = None,
        chosen: str = "",
    ) -> web.Response:
        held = {agent.id for agent in self._access.agents_of(self._access.login(request))}
        return self._page(
            "login.html", status, headers, agents=self._access.agents, held=held, problem=problem, chosen=chosen
        )

    def _page(self, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> web.Response:
        text = self._templates.get_template(name).render(**values)
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)
