"""Who may see what: the chat's agents, the browser's login, and whether a request comes from our own page.

In: requests, the register. Out: the agents a request may see; 503 while nobody can tell, for the register has not been
read. Every page and socket asks here, and nowhere else.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr

from app.core.register import Agent, Register
from app.settings import Settings
from web.chat.codes import Login, read_cookie, write_cookie

COOKIE = "broker_chat"
RETRY_SECONDS = "5"
NOT_YET = (
    "The chat knows no agents yet: it has just started, or none has been registered with the admin API.\n"
    "This page asks again by itself."
)


class Access:
    """The chat's door."""

    def __init__(
        self,
        settings: Settings,
        secret: SecretStr,
        register: Callable[[], Register],
        is_loaded: Callable[[], bool],
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._names = frozenset(name.casefold() for name in settings.chat_agents)
        self._seconds = settings.chat_session_seconds
        self._register = register
        self._is_loaded = is_loaded
        self._clock = clock
        self._new_id = new_id
        self.secret = secret

    def need_register(self) -> None:
        """Raise 503 while no register has been read: without agents every login would look like an ended one."""
        if not self._is_loaded():
            headers = {"Retry-After": RETRY_SECONDS, "Refresh": RETRY_SECONDS}
            raise web.HTTPServiceUnavailable(text=NOT_YET, headers=headers)

    @property
    def agents(self) -> tuple[Agent, ...]:
        """The active agents this chat serves, in menu order."""
        active = self._register().active
        return tuple(agent for agent in active if not self._names or agent.name.casefold() in self._names)

    @property
    def everybody(self) -> tuple[Agent, ...]:
        """All active agents, also those this chat does not serve: a user may be handed to any of them."""
        return self._register().active

    def agent(self, agent_id: int) -> Agent | None:
        """An agent this chat serves."""
        return next((agent for agent in self.agents if agent.id == agent_id), None)

    def agents_of(self, login: Login) -> tuple[Agent, ...]:
        """The agents a login opens now; none once it has expired."""
        if not login.valid(self._clock()):
            return ()
        return tuple(agent for agent in self.agents if agent.id in login.agents)

    def login(self, request: web.Request) -> Login:
        """The login of a request's cookie."""
        return read_cookie(self.secret, request.cookies.get(COOKIE, ""), self._clock())

    def let_in(self, request: web.Request, response: web.StreamResponse, agent: Agent) -> None:
        """Add an agent to the browser's login, for the time a login lasts."""
        held = self.login(request)
        login = Login(held.agents | {agent.id}, self._clock() + self._seconds, held.id or self._new_id())
        response.set_cookie(
            COOKIE,
            write_cookie(self.secret, login),
            max_age=self._seconds,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=is_https(request),
        )

    def let_out(self, request: web.Request, response: web.StreamResponse) -> None:
        """Forget the browser's login."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=is_https(request))


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks https, to us or to a proxy before us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


def same_origin(request: web.Request) -> bool:
    """Whether a browser says that the request comes from a page of this very host."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc.lower() == request.host.lower()


def foreign(request: web.Request) -> bool:
    """Whether a browser says that the request comes from another site; programs say nothing."""
    if "Origin" in request.headers:
        return not same_origin(request)
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
