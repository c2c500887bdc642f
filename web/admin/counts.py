"""Lists who is with an agent and counts users per agent, over all workers.

In: the sessions of the mirror, the register. Out: JSON objects. Must never guess: while Redis is away it has no answer.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from app.core.agent_rules import Problem, Refused
from app.core.lookup import agent_of
from app.core.register import Agent, Register

LISTED, LISTED_MOST = 100, 1000
"""Sessions of one answer, unless told otherwise and at most."""


class Sessions(Protocol):
    """What counting needs of the mirror's store (app/stores/mirror.py)."""

    def sessions(self) -> AsyncIterator[dict[str, Any]]:
        """Every session of the mirror once, in no order; raises MirrorAway."""


class Counts:
    """Reads the mirror."""

    def __init__(self, mirror: Sessions, register: Callable[[], Register]) -> None:
        self._mirror = mirror
        self._register = register

    async def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Sessions, of one agent where `agent` (id or name) is given, `limit` at most; raises Refused, MirrorAway."""
        limit = _limit(query.get("limit", str(LISTED)))
        agent = self._agent(query["agent"]) if "agent" in query else None
        data: list[dict[str, Any]] = []
        more = False
        async for session in self._mirror.sessions():
            if agent is not None and session["agent"] != agent.id:
                continue
            if len(data) == limit:
                more = True
                break
            data.append(session)
        return {"status": "success", "data": data, "more": more}

    async def stats(self) -> dict[str, Any]:
        """How many users are at the menu and with each agent; raises MirrorAway."""
        counts: Counter[int | None] = Counter()
        async for session in self._mirror.sessions():
            counts[session["agent"]] += 1
        register = self._register()
        shown = [
            {"id": agent.id, "name": agent.name, "active": int(agent.active), "users": counts[agent.id]}
            for agent in register.agents
            if agent.active or counts[agent.id]
        ]
        data = {"sessions": counts.total(), "menu": counts[None], "agents": shown}
        return {"status": "success", "data": data}

    def _agent(self, name: str) -> Agent:
        agent = agent_of(name, self._register())
        if agent is None:
            raise Refused([Problem("agent", "is no agent's id or name")])
        return agent


def _limit(value: str) -> int:
    if value.isascii() and value.isdecimal() and len(value) <= 4 and 1 <= int(value) <= LISTED_MOST:
        return int(value)
    raise Refused([Problem("limit", f"must be a number from 1 to {LISTED_MOST}")])
