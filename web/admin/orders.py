"""Orders from outside: move a user to an agent, end a conversation.

In: a name of a user, what is wanted. Out: an event in the topic `control`, acknowledged by Kafka before the answer; the
router decides. Must never change a session itself, nor answer 202 for what Kafka does not have.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app import wire
from app.core.acts import NOTE_MAX
from app.core.agent_rules import Problem, Refused
from app.core.events import EndOrdered, MoveOrdered
from app.core.identity import User
from app.core.lookup import agent_of
from app.core.order_ids import OrderIds
from app.core.register import Register
from app.core.state import State
from app.producing import ProduceError
from web.admin.envelopes import UnknownUser
from web.admin.passing import IDEMPOTENCY, Answer, Call, Passing

ORDER_SECONDS = 2.0
"""For Kafka's acknowledgement: the worker that passed the order on waits only a little longer."""
REQUEST_MAX = 255
"""Characters of a caller's own name for a request."""


class Produces(Protocol):
    """What orders need of app/producing.py."""

    async def produce(self, topic: str, value: bytes, key: bytes) -> None:
        """Write one record and wait for the acknowledgement; raises ProduceError."""


class Orders:
    """Writes what an administrator wants to the router."""

    def __init__(
        self,
        passing: Passing,
        load: Callable[[bytes], State],
        register: Callable[[], Register],
        producer: Produces,
        topic: str,
        *,
        clock: Callable[[], float] = time.time,
        seconds: float = ORDER_SECONDS,
    ) -> None:
        """`load` reads this worker's tables; `topic` is the router's `control`."""
        self._passing = passing
        self._load = load
        self._register = register
        self._producer = producer
        self._topic = topic
        self._ids = OrderIds()
        self._clock = clock
        self._seconds = seconds

    async def move(self, name: str, body: dict[str, Any], headers: Mapping[str, str], actor: str) -> Answer:
        """Order that a user be connected with `agent` (id or name), who reads `note`.

        `actor` is whom the audit names; a worker that is asked by this one takes it from the token.

        Raises Refused, UnknownUser, OwnerUnknown, ProduceError.
        """
        request = _request(headers)

        async def here(key: str) -> Answer:
            agent, note = _read_move(body, self._register())
            state, user = self._known(name, key)
            new_id = self._ids.move(state, key, agent, request)
            return await self._order(
                MoveOrdered(
                    id=new_id,
                    user=user,
                    at=self._clock(),
                    agent=agent,
                    note=note,
                    actor=actor,
                    before=_agent(state),
                )
            )

        return await self._passing.to_owner(name, Call("POST", headers, "/move", body, actor), here)

    async def end(self, name: str, headers: Mapping[str, str], actor: str) -> Answer:
        """Order that a user's conversation be ended; raises as `move` does."""
        request = _request(headers)

        async def here(key: str) -> Answer:
            state, user = self._known(name, key)
            new_id = self._ids.end(state, key, request)
            return await self._order(
                EndOrdered(id=new_id, user=user, at=self._clock(), actor=actor, before=_agent(state))
            )

        return await self._passing.to_owner(name, Call("DELETE", headers, actor=actor), here)

    def _known(self, name: str, key: str) -> tuple[State, User]:
        state = self._load(key.encode())
        if state.window is None:
            raise UnknownUser(f"nothing is known of a user {name!r}")
        return state, state.window.user

    async def _order(self, event: MoveOrdered | EndOrdered) -> Answer:
        try:
            async with asyncio.timeout(self._seconds):
                await self._producer.produce(self._topic, wire.write_event(event), event.user.key.encode())
        except TimeoutError as error:
            words = f"Kafka did not acknowledge within {self._seconds:g} s: it may still happen; repeat the call"
            raise ProduceError(words) from error
        return 202, {"status": "accepted", "data": {"user": event.user.key, "order": event.id}}


def _agent(state: State) -> int | None:
    return state.session.agent if state.session else None


def _read_move(body: dict[str, Any], register: Register) -> tuple[int, str | None]:
    problems: list[Problem] = []
    named = body.get("agent")
    agent = None
    if isinstance(named, str | int) and not isinstance(named, bool):
        agent = agent_of(str(named), register)
    if named is None:
        problems.append(Problem("agent", "is missing: the id or the name of an agent"))
    elif agent is None or not agent.active:
        problems.append(Problem("agent", "is no active agent's id or name"))
    note = body.get("note")
    if note is not None and not (isinstance(note, str) and note.strip() and len(note) <= NOTE_MAX):
        problems.append(Problem("note", f"must be a text of 1 to {NOTE_MAX} characters, or be left out"))
    if problems or agent is None:
        raise Refused(problems)
    return agent.id, note


def _request(headers: Mapping[str, str]) -> str | None:
    request = headers.get(IDEMPOTENCY)
    if request is None or (1 <= len(request) <= REQUEST_MAX and _is_text(request)):
        return request
    raise Refused([Problem(IDEMPOTENCY, f"must have 1 to {REQUEST_MAX} characters, in UTF-8")])


def _is_text(header: str) -> bool:
    """Whether the bytes of a header were UTF-8; what was not stands in it as halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for char in header)
