"""The forms of the admin page that register, change and deactivate an agent.

In: requests of browsers that passed the door. Out: the form with the API's own messages at its fields, or the way back.
Must never store what the API would refuse.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from app.core.agent_rules import Refused
from app.core.agent_texts import LENGTHS
from app.core.hours import WEEKDAYS
from app.core.rules import Texts
from web.admin.door import PAGE
from web.admin.envelopes import KINDS
from web.admin.forms import Written, as_json, by_field, has_own_words, of_agent, of_form, zones
from web.admin.gate import ACTOR
from web.admin.office import Office
from web.admin.rendering import back, page

AGENT = PAGE + r"agent/{agent_id:\d{1,18}}"


class AgentForms:
    """Serves the forms."""

    def __init__(
        self, office: Office, texts: Texts, failed: Callable[[web.Request, Exception], Awaitable[web.Response]]
    ) -> None:
        """`texts` are what is said where an agent has no words of its own; `failed` shows the first page with what went
        wrong where no form can be shown.
        """
        self._office = office
        self._texts = texts
        self._failed = failed

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PAGE + "agent/new", self.new)
        router.add_post(PAGE + "agent/new", self.create)
        router.add_get(AGENT, self.edit)
        router.add_post(AGENT, self.change)
        router.add_post(AGENT + "/deactivate", self.deactivate)

    async def new(self, request: web.Request) -> web.Response:
        """An empty form."""
        return self._form(of_agent(None))

    async def edit(self, request: web.Request) -> web.Response:
        """The form of an agent."""
        agent_id = request.match_info["agent_id"]
        try:
            return self._form(of_agent(await self._office.find(agent_id)), agent_id)
        except tuple(KINDS) as error:
            return await self._failed(request, error)

    async def create(self, request: web.Request) -> web.Response:
        """Register an agent."""
        written = of_form((await request.post()).items())
        try:
            await self._office.create(as_json(written), request[ACTOR])
        except tuple(KINDS) as error:
            return self._form(written, error=error)
        raise back("created")

    async def change(self, request: web.Request) -> web.Response:
        """Change an agent."""
        written, agent_id = of_form((await request.post()).items()), request.match_info["agent_id"]
        try:
            await self._office.update({**as_json(written), "id": agent_id}, request[ACTOR])
        except tuple(KINDS) as error:
            return self._form(written, agent_id, error)
        raise back("changed")

    async def deactivate(self, request: web.Request) -> web.Response:
        """Take an agent out of the menu."""
        try:
            await self._office.delete(request.match_info["agent_id"], request[ACTOR])
        except tuple(KINDS) as error:
            return await self._failed(request, error)
        raise back("deactivated")

    def _form(self, written: Written, agent_id: str = "", error: Exception | None = None) -> web.Response:
        wrong = by_field(error.problems) if isinstance(error, Refused) else {}
        status = 200 if error is None else KINDS[type(error)][1]
        problem = "" if error is None else "Nothing was stored: see the fields below." if wrong else str(error)
        return page(
            "form.html",
            status,
            agent_id=agent_id,
            written=written,
            wrong=wrong,
            problem=problem,
            zones=zones(),
            weekdays=WEEKDAYS,
            has_own_words=has_own_words(written),
            said_else=self._texts,
            lengths=LENGTHS,
        )
