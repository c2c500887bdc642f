"""The tries of one message: through the gates, to Meta, and again while it can heal and is not too late.

In: a message, its JSON, and a place for notes. Out: one `Verdict`, never `retry` or `hold`. Before each POST `started`
is noted, after a try that failed for certain `waiting`; a request that may have been written is never written again.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal, Protocol

from app.core.backoff import may_try_again, seconds_before
from app.core.circuits import circuits_of
from app.core.codes import HELD, SERVER_FAILED, Meaning
from app.core.effects import Send
from app.core.lives import life_of
from app.core.verdicts import Verdict
from app.sending.gates import Gates, Passenger
from app.settings import Settings
from app.whatsapp.outbound import is_note

Note = Callable[[Literal["started", "waiting"]], Awaitable[None]]

SETTLED = Verdict(outcome="accepted", code="settled", reason="a status settled it")

log = logging.getLogger("broker.sender")


class Graph(Protocol):
    """What posts."""

    async def send(self, phone_number_id: str, body: dict[str, Any]) -> Verdict:
        """Post one request from a business number."""


class Poster:
    """Posts one message as often as makes sense."""

    def __init__(self, settings: Settings, graph: Graph, gates: Gates, jitter: Callable[[], float]) -> None:
        self._settings = settings
        self._graph = graph
        self._gates = gates
        self._jitter = jitter

    async def post(
        self, send: Send, body: dict[str, Any], note: Note, settled: Callable[[], bool] = lambda: False
    ) -> Verdict:
        """Post a message and return how it ended; raises NotOurs when the worker leaves before it is over.

        `settled` tells that a status has said meanwhile that Meta has the message: then it is not posted again.
        """
        life = life_of(send, self._settings.send_life_seconds)
        passenger = Passenger(
            id=send.id,
            key=send.user.key,
            number=send.user.phone_number_id,
            ends=life.ends,
            is_template=body.get("type") == "template",
            is_note=is_note(body),
        )
        gates, tries, last = self._gates, 0, None
        with gates.visit(passenger) as visit:
            while await visit.enter():
                if settled():
                    return SETTLED
                await note("started")
                # The note is waited for, and a status may come with it.
                if settled():
                    return SETTLED
                tries += 1
                gates.counts["begun"] += 1
                begun = gates.clock()
                verdict = await self._graph.send(passenger.number, body)
                if passenger.is_note and verdict.outcome == "in_doubt":
                    verdict = replace(verdict, outcome="retry", meaning=SERVER_FAILED)
                verdict = visit.learn(verdict, begun)
                if verdict.is_new:
                    gates.counts["unknown_code"] += 1
                    log.error("Meta answered with an error that is in no table: %s", verdict.reason)
                if verdict.final:
                    return verdict
                await note("waiting")
                last = verdict
                if life.tries is not None and tries >= life.tries:
                    return replace(verdict, outcome="refused", reason=f"{verdict.reason}, after {_times(tries)}")
                if verdict.outcome == "retry":
                    if not may_try_again(verdict.meaning, tries, self._settings.send_tries):
                        return replace(verdict, outcome="refused", reason=f"{verdict.reason}, after {_times(tries)}")
                    gates.counts["retried"] += 1
                    wait = seconds_before(verdict.meaning, tries, self._jitter())
                    log.info("message %s: %s; try %d after %.1f s", send.id, verdict.reason, tries + 1, wait)
                    # How long a user is left alone is the pair gate's to say.
                    if verdict.meaning.slows != "pair" and not await visit.rest(wait):
                        break
                    if settled():
                        return SETTLED
            return life.late(last or self._standing_in_the_way(passenger, visit.obstacle))

    def _standing_in_the_way(self, passenger: Passenger, gate: Meaning | None) -> Verdict | None:
        """Why a message that was never tried had to wait: a gate's own reason, or an open circuit."""
        if gate is not None:
            return Verdict(outcome="hold", code="expired", reason=gate.text, meaning=gate)
        for name in circuits_of(passenger.number, is_template=passenger.is_template):
            circuit = self._gates.circuits.open.get(name)
            if circuit is not None:
                return Verdict(outcome="hold", code=circuit.code, reason=circuit.reason, meaning=HELD)
        return None


def _times(tries: int) -> str:
    return f"{tries} tries" if tries > 1 else "one try"
