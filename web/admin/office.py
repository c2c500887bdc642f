"""What the admin API does, apart from HTTP.

In: JSON objects and ids. Out: agents, or one of the errors of envelopes.py. An agent's topics exist before its row
does, so that no user can choose an agent nobody can write to; whatever fails on the way, a repeat of the call heals it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from app.core.agent_rules import Draft, Problem, Refused, Reserved, read_draft, refuse_clashes
from app.core.register import Agent, Register
from app.core.rules import fold
from app.stores.register import UnknownAgent
from app.topics import TopicsError
from web.admin.envelopes import TopicsAway

LIMIT_MAX = 1000
"""Agents or changes of one answer."""

log = logging.getLogger("broker.admin")


class Store(Protocol):
    """What the office needs of the register's store (app/stores/register.py)."""

    async def snapshot(self) -> Register:
        """All agents."""

    async def add(self, draft: Draft, actor: str = "") -> Agent:
        """Store a new agent."""

    async def change(self, agent_id: int, draft: Draft, actor: str = "") -> Agent:
        """Replace an agent."""

    async def retire(self, agent_id: int, actor: str = "") -> bool:
        """Make an agent inactive."""

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """The newest changes."""

    async def orders(self, limit: int) -> list[dict[str, Any]]:
        """The newest orders about users."""


class Office:
    """Keeps the register."""

    def __init__(
        self,
        store: Store,
        create_topics: Callable[[Agent], Awaitable[None]],
        notify: Callable[[], None],
        reserved: Reserved,
        *,
        topics_seconds: float = 10.0,
    ) -> None:
        self._store = store
        self._create_topics = create_topics
        self._notify = notify
        self._reserved = reserved
        self._topics_seconds = topics_seconds

    async def create(self, data: Mapping[str, Any], actor: str) -> int:
        """Store a new agent and return its id; raises Refused, Clash, TopicsAway, RegisterAway."""
        draft = read_draft(data, self._reserved)
        refuse_clashes(draft, (await self._store.snapshot()).agents)
        await self._topics(draft.as_agent(0))
        agent = await self._store.add(draft, actor)
        self._changed("created", agent, actor)
        return agent.id

    async def update(self, data: Mapping[str, Any], actor: str) -> Agent:
        """Replace the agent whose `id` the object holds; raises what `create` raises, and UnknownAgent.

        With `active` also one that was deleted.
        """
        agent_id = _read_id(data.get("id"))
        register = await self._store.snapshot()
        current = register.agent(agent_id) if data.get("active") is not None else register.active_agent(agent_id)
        if current is None:
            raise UnknownAgent(agent_id)
        draft = read_draft(data, self._reserved, current)
        refuse_clashes(draft, register.agents, own_id=agent_id)
        await self._topics(draft.as_agent(agent_id))
        agent = await self._store.change(agent_id, draft, actor)
        self._changed("updated", agent, actor)
        return agent

    async def delete(self, agent_id: str, actor: str) -> None:
        """Take an agent out of the menu; again changes nothing. Raises UnknownAgent, RegisterAway."""
        number = _read_id(agent_id)
        if await self._store.retire(number, actor):
            log.info("agent %d was deleted by %s", number, actor)
            self._notify()

    async def find(self, agent_id: str) -> Agent:
        """The active agent with this id; raises UnknownAgent, RegisterAway."""
        return _active(await self._store.snapshot(), _read_id(agent_id))

    async def find_any(self, agent_id: str) -> Agent:
        """The agent with this id, also one that was deleted; raises UnknownAgent, RegisterAway."""
        number = _read_id(agent_id)
        agent = (await self._store.snapshot()).agent(number)
        if agent is None:
            raise UnknownAgent(number)
        return agent

    async def register(self) -> Register:
        """All agents, also deleted ones, in menu order; raises RegisterAway."""
        return await self._store.snapshot()

    async def find_all(self, name: str = "") -> list[Agent]:
        """The active agents whose name holds these words, in any case, in menu order; raises RegisterAway."""
        register = await self._store.snapshot()
        return [agent for agent in register.active if fold(name) in fold(agent.name)]

    async def audit(self, limit: str) -> list[dict[str, Any]]:
        """The newest changes of agents, the newest first; raises Refused, RegisterAway."""
        return await self._store.audit(read_number("limit", limit, 1, LIMIT_MAX))

    async def orders(self, limit: str) -> list[dict[str, Any]]:
        """The newest orders about users, the newest first; raises Refused, RegisterAway."""
        return await self._store.orders(read_number("limit", limit, 1, LIMIT_MAX))

    async def _topics(self, agent: Agent) -> None:
        try:
            async with asyncio.timeout(self._topics_seconds):
                await self._create_topics(agent)
        except (TopicsError, KafkaError, OSError) as error:
            # TimeoutError is an OSError.
            words = str(error) or f"no answer within {self._topics_seconds:g} s"
            raise TopicsAway(f"the agent's topics could not be created, nothing was stored: {words}") from error

    def _changed(self, what: str, agent: Agent, actor: str) -> None:
        log.info("agent %d (%s) was %s by %s", agent.id, agent.name, what, actor)
        self._notify()


def _active(register: Register, agent_id: int) -> Agent:
    agent = register.active_agent(agent_id)
    if agent is None:
        raise UnknownAgent(agent_id)
    return agent


def read_number(field: str, words: str, least: int, most: int) -> int:
    """The whole number of a query; raises Refused."""
    number = int(words) if words.isascii() and words.isdecimal() and len(words) <= 18 else -1
    if not least <= number <= most:
        raise Refused([Problem(field, f"must be a whole number from {least} to {most}")])
    return number


def _read_id(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise Refused([Problem("id", "is missing" if value is None else "must be the number of an agent")])
