"""The routes of the admin API as Faust views.

In: HTTP requests that passed the gate. Out: envelopes. A view reads the request, asks the office and shapes the answer;
it decides nothing.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson
from aiohttp import web
from faust.web.exceptions import WebError
from faust.web.views import View

from app.core.agent_rules import Problem, Refused
from app.core.register import Agent
from web.admin.counts import Counts
from web.admin.document import openapi
from web.admin.envelopes import KINDS, BadRequest, error_json, found, found_one, of_exception, page_of
from web.admin.gate import ACTOR
from web.admin.lookups import Lookups
from web.admin.office import LIMIT_MAX, Office, read_number
from web.admin.orders import Orders
from web.admin.passing import Answer, acting
from web.admin.people import People

LIMIT = 100
"""Agents or changes of an answer to who names no number."""

RETRY = "3"
"""Seconds after which a caller may ask again: a rebalance of the group takes a few of them."""

log = logging.getLogger("broker.admin")


class AdminView(View):
    """A view that knows the office and answers every error with an envelope."""

    office: ClassVar[Office]
    call: ClassVar[str]
    """The first half of its error codes."""

    async def dispatch(self, request: Any) -> Any:
        """Answer a request; whatever goes wrong becomes an envelope."""
        try:
            return await super().dispatch(request)
        except web.HTTPException:
            raise
        except Exception as error:
            if type(error) not in KINDS:
                log.exception("%s %s failed", request.method, request.path)
            body, status = of_exception(self.call, error)
            return self.json(body, status=status, headers={"Retry-After": RETRY} if status == 503 else None)

    def passed(self, answered: Answer) -> Any:
        """Answer what this worker or another one said about a user."""
        status, answer = answered
        return self.json(answer, status=status, headers={"Retry-After": RETRY} if status == 503 else None)

    async def on_request_error(self, request: Any, exc: WebError) -> Any:
        """Answer what Faust itself refuses."""
        return self.json(error_json(f"http-{exc.code}", exc.detail), status=exc.code)


class CreateView(AdminView):
    """POST /api/v1/agent/create."""

    call = "create"

    async def post(self, request: Any) -> Any:
        """Store a new agent."""
        return self.json({"id": await self.office.create(await _body(request), request[ACTOR])})


class UpdateView(AdminView):
    """POST /api/v1/agent/update."""

    call = "update"

    async def post(self, request: Any) -> Any:
        """Replace an agent."""
        await self.office.update(await _body(request), request[ACTOR])
        return self.json({"status": "success"})


class DeleteView(AdminView):
    """DELETE /api/v1/agent/delete/{agent_id}."""

    call = "delete"

    async def delete(self, request: Any, agent_id: str) -> Any:
        """Take an agent out of the menu."""
        await self.office.delete(agent_id, request[ACTOR])
        return self.json({"status": "success"})


class ListView(AdminView):
    """GET /api/v1/agent."""

    call = "find"

    async def get(self, request: Any) -> Any:
        """All active agents, or a page of them."""
        return self.json(_listed(await self.office.find_all(), request.query))


class FindView(AdminView):
    """GET and PUT /api/v1/agent/{agent_id}."""

    call = "find"

    async def get(self, request: Any, agent_id: str) -> Any:
        """One active agent."""
        return self.json(found_one(await self.office.find(agent_id)))

    async def put(self, request: Any, agent_id: str) -> Any:
        """Replace an agent, and answer with what it is now."""
        body = await _body(request)
        if str(body.get("id", agent_id)) != agent_id:
            raise Refused([Problem("id", "is not the one of the path: leave it out")])
        return self.json(found_one(await self.office.update({**body, "id": agent_id}, request[ACTOR])))


class SearchView(AdminView):
    """GET /api/v1/agent/by-name/{name}."""

    call = "find"

    async def get(self, request: Any, name: str) -> Any:
        """The active agents whose name holds these words, or a page of them."""
        return self.json(_listed(await self.office.find_all(name), request.query))


class AuditView(AdminView):
    """GET /api/v1/audit."""

    call = "audit"

    async def get(self, request: Any) -> Any:
        """The newest changes of agents."""
        changes = await self.office.audit(request.query.get("limit", str(LIMIT)))
        return self.json({"status": "success", "data": changes})


class OrdersView(AdminView):
    """GET /api/v1/audit/orders."""

    call = "audit"

    async def get(self, request: Any) -> Any:
        """The newest orders about users."""
        orders = await self.office.orders(request.query.get("limit", str(LIMIT)))
        return self.json({"status": "success", "data": orders})


class DocumentView(AdminView):
    """GET /api/v1/openapi.json."""

    call = "document"

    async def get(self, request: Any) -> Any:
        """What this API answers to."""
        return self.json(openapi())


def _listed(agents: list[Agent], query: Mapping[str, str]) -> dict[str, Any]:
    """The first generation's envelope, and more only for who asks for a page."""
    if "limit" not in query and "offset" not in query:
        return found(agents)
    limit = read_number("limit", query.get("limit", str(LIMIT)), 1, LIMIT_MAX)
    return page_of(agents, limit, read_number("offset", query.get("offset", "0"), 0, 10**9))


class SessionView(AdminView):
    """GET and DELETE /api/v1/session/{user}."""

    call = "session"
    lookups: ClassVar[Lookups]
    orders: ClassVar[Orders]

    async def get(self, request: Any, user: str) -> Any:
        """With whom a user is, from the worker that knows."""
        return self.passed(await self.lookups.find(user, request.headers))

    async def delete(self, request: Any, user: str) -> Any:
        """End a user's conversation."""
        return self.passed(await self.orders.end(user, request.headers, _acting(request)))


class MoveView(AdminView):
    """POST /api/v1/session/{user}/move."""

    call = "session"
    orders: ClassVar[Orders]

    async def post(self, request: Any, user: str) -> Any:
        """Connect a user with another agent."""
        return self.passed(await self.orders.move(user, await _body(request), request.headers, _acting(request)))


class SessionsView(AdminView):
    """GET /api/v1/session."""

    call = "session"
    counts: ClassVar[Counts]

    async def get(self, request: Any) -> Any:
        """Sessions, of one agent or of all."""
        return self.json(await self.counts.listed(request.query))


class StatsView(AdminView):
    """GET /api/v1/stats."""

    call = "stats"
    counts: ClassVar[Counts]

    async def get(self, request: Any) -> Any:
        """Users per agent."""
        return self.json(await self.counts.stats())


class UsersView(AdminView):
    """GET /api/v1/users."""

    call = "users"
    people: ClassVar[People]

    async def get(self, request: Any) -> Any:
        """Users by a part of their name."""
        return self.json(await self.people.find(request.query, request.headers))


class NumbersView(AdminView):
    """GET /api/v1/agents/numbers."""

    call = "numbers"
    numbers: ClassVar[Callable[[], dict[str, Any]]]

    async def get(self, request: Any) -> Any:
        """What flows to and from every agent."""
        return self.json({"status": "success", "data": type(self).numbers()})


def _acting(request: Any) -> str:
    return acting(request[ACTOR], request.headers)


async def _body(request: Any) -> dict[str, Any]:
    try:
        data = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadRequest("the body must be a JSON object")
    return data
