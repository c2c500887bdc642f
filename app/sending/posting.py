"""The tries of one message: through the gates, to Meta, and again while it can heal and is not too late.

In: a message, its JSON, and a place for notes. Out: one `Verdict`, never `retry` or `hold`. Before each POST `started`
is noted, after a try that failed for certain `waiting`; a request that may have been written is never written again.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from app.core.backoff import may_try_again, seconds_before
from app.core.circuits import circuits_of
from app.core.codes import HELD, SERVER_FAILED, Meaning
from app.core.effects import Send
from app.core.messages import WITHOUT_WINDOW
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


@dataclass(frozen=True, slots=True)
class Life:
    """Until when a message may be posted, in seconds UTC, and what ends it then."""

    ends: float
    code: Literal["window_closed", "expired"]

    def late(self, last: Verdict | None) -> Verdict:
        """The verdict when the time is up; `last` is what kept the message from leaving."""
        in_the_way = f"; what stood in its way: {last.reason}" if last else ""
        raw = last.raw if last else b""
        if self.code == "window_closed":
            reason = "the 24 hour window closed before the message could be sent (Meta's error 131047)"
            return Verdict(outcome="late", code=self.code, reason=reason + in_the_way, raw=raw)
        reason = "the message could not be sent in the time it was worth sending" + in_the_way
        if last is None:
            return Verdict(outcome="late", code=self.code, reason=reason)
        return Verdict(outcome="late", code=last.code, reason=reason, raw=raw, meaning=last.meaning)


def life_of(send: Send, settings: Settings) -> Life:
    """How long a message is worth sending: its own deadline, the settings' for an agent's message, and the window.

    The broker's own words have no life but the window's: the menu is what a user waits for, and nobody else sends it.
    """
    seconds = settings.send_life_seconds if send.agent is not None else settings.window_seconds
    deadline = send.deadline if send.deadline is not None else send.made_at + seconds
    if send.message.get("kind") in WITHOUT_WINDOW or deadline < send.window_ends:
        return Life(deadline, "expired")
    return Life(send.window_ends, "window_closed")


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
        life = life_of(send, self._settings)
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
                if verdict.outcome == "retry":
                    if not may_try_again(verdict.meaning, tries, self._settings.send_tries):
                        return replace(verdict, outcome="refused", reason=f"{verdict.reason}, after {tries} tries")
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
