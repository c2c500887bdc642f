"""The forms of the admin page that register, change and deactivate an agent.

In: requests of browsers that passed the door. Out: the form with the API's own messages at its fields, or the way back.
Must never store what the API would refuse.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from app.core.agent_rules import Refused
from app.core.agent_texts import LENGTHS
from app.core.hours import WEEKDAYS
from app.core.register import Agent
from app.core.rules import Texts
from web.admin.door import PAGE
from web.admin.envelopes import KINDS
from web.admin.forms import Written, as_json, by_field, has_own_words, mark, of_agent, of_form, zones
from web.admin.gate import ACTOR
from web.admin.office import Office
from web.admin.rendering import back, page

AGENT = PAGE + r"agent/{agent_id:\d{1,18}}"
OVERTAKEN = (
    "Nothing was stored: somebody else changed this agent since you opened it. "
    "Save again to put your words in the place of theirs, or cancel and open it anew to see them."
)


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
        """The form of an agent; of a deactivated one, to bring it back."""
        try:
            agent = await self._office.find_any(request.match_info["agent_id"])
            return self._form(of_agent(agent), agent)
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
        """Change an agent, or bring it back; not over what somebody else has changed meanwhile, unless told again."""
        written, agent_id = of_form((await request.post()).items()), request.match_info["agent_id"]
        try:
            agent = await self._office.find_any(agent_id)
        except tuple(KINDS) as error:
            return await self._failed(request, error)
        if written["seen"] != mark(agent):
            return self._form({**written, "seen": mark(agent)}, agent, overtaken=True)
        try:
            active = {} if agent.active else {"active": 1}
            await self._office.update({**as_json(written), **active, "id": agent_id}, request[ACTOR])
        except tuple(KINDS) as error:
            return self._form(written, agent, error)
        raise back("changed" if agent.active else "activated")

    async def deactivate(self, request: web.Request) -> web.Response:
        """Take an agent out of the menu."""
        try:
            await self._office.delete(request.match_info["agent_id"], request[ACTOR])
        except tuple(KINDS) as error:
            return await self._failed(request, error)
        raise back("deactivated")

    def _form(
        self, written: Written, agent: Agent | None = None, error: Exception | None = None, *, overtaken: bool = False
    ) -> web.Response:
        wrong = by_field(error.problems) if isinstance(error, Refused) else {}
        status = 409 if overtaken else 200 if error is None else KINDS[type(error)][1]
        problem = OVERTAKEN if overtaken else "" if error is None else str(error)
        if wrong:
            problem = "Nothing was stored: see the fields below."
        return page(
            "form.html",
            status,
            agent=agent,
            written=written,
            wrong=wrong,
            problem=problem,
            zones=zones(),
            weekdays=WEEKDAYS,
            has_own_words=has_own_words(written),
            said_else=self._texts,
            lengths=LENGTHS,
        )
