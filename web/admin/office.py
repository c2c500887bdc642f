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

log = logging.getLogger("broker.admin")


class Store(Protocol):
    """What the office needs of the register's store (app/stores/register.py)."""

    async def snapshot(self) -> Register:
        """All agents."""

    async def add(self, draft: Draft) -> Agent:
        """Store a new agent."""

    async def change(self, agent_id: int, draft: Draft) -> Agent:
        """Replace an agent."""

    async def retire(self, agent_id: int) -> bool:
        """Make an agent inactive."""


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

    async def create(self, data: Mapping[str, Any]) -> int:
        """Store a new agent and return its id; raises Refused, Clash, TopicsAway, RegisterAway."""
        draft = read_draft(data, self._reserved)
        refuse_clashes(draft, (await self._store.snapshot()).agents)
        await self._topics(draft.as_agent(0))
        agent = await self._store.add(draft)
        self._changed("agent %d (%s) was created", agent)
        return agent.id

    async def update(self, data: Mapping[str, Any]) -> None:
        """Replace the agent whose `id` the object holds; raises what `create` raises, and UnknownAgent."""
        agent_id = _read_id(data.get("id"))
        register = await self._store.snapshot()
        current = _active(register, agent_id)
        draft = read_draft(data, self._reserved, current)
        refuse_clashes(draft, register.agents, own_id=agent_id)
        await self._topics(draft.as_agent(agent_id))
        self._changed("agent %d (%s) was updated", await self._store.change(agent_id, draft))

    async def delete(self, agent_id: str) -> None:
        """Take an agent out of the menu; again changes nothing. Raises UnknownAgent, RegisterAway."""
        number = _read_id(agent_id)
        if await self._store.retire(number):
            log.info("agent %d was deleted", number)
            self._notify()

    async def find(self, agent_id: str) -> Agent:
        """The active agent with this id; raises UnknownAgent, RegisterAway."""
        return _active(await self._store.snapshot(), _read_id(agent_id))

    async def find_all(self, name: str = "") -> list[Agent]:
        """The active agents whose name holds these words, in any case, in menu order; raises RegisterAway."""
        register = await self._store.snapshot()
        return [agent for agent in register.active if fold(name) in fold(agent.name)]

    async def _topics(self, agent: Agent) -> None:
        try:
            async with asyncio.timeout(self._topics_seconds):
                await self._create_topics(agent)
        except (TopicsError, KafkaError, OSError) as error:
            # TimeoutError is an OSError.
            words = str(error) or f"no answer within {self._topics_seconds:g} s"
            raise TopicsAway(f"the agent's topics could not be created, nothing was stored: {words}") from error

    def _changed(self, words: str, agent: Agent) -> None:
        log.info(words, agent.id, agent.name)
        self._notify()


def _active(register: Register, agent_id: int) -> Agent:
    agent = register.active_agent(agent_id)
    if agent is None:
        raise UnknownAgent(agent_id)
    return agent


def _read_id(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise Refused([Problem("id", "is missing" if value is None else "must be the number of an agent")])
