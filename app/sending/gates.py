"""The gates every message passes before a POST: the user's pace, the account's circuit, the business number's rate.

In: messages on their way, Meta's verdicts and statuses. Out: permission to post, in the order messages asked for it, or
word that it came too late. Waiting is done in slices: a worker that has to leave lets go of every message within
seconds. A message that waits holds nothing that others need: neither a place among the requests, nor a circuit's probe.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import TracebackType

from app.core.circuits import Circuits, circuits_of
from app.core.codes import NUMBER_PACED, USER_PACED, ErrorClass, Meaning
from app.core.rates import ROUNDING, NumberRate, Pairs, share
from app.core.verdicts import Verdict
from app.lease import NotOurs
from app.settings import Settings

SLICE_SECONDS = 1.0
"""A waiting message looks this often whether its worker leaves."""
BLAMED_TIMES = 2
"""An account may be at fault again and again; that others went through in between says little the first time."""
RECENT_SECONDS = 60.0
"""What came in longer ago counts no more against the rate: a webhook may come hours late."""

log = logging.getLogger("broker.sender")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passenger:
    """What the gates must know of a message."""

    id: str
    key: str
    """The user."""
    number: str
    """The business number's id."""
    ends: float
    """Seconds UTC after which it must not be posted."""
    is_template: bool = False
    is_note: bool = False
    """A read mark or typing indicator: no message, so no pace towards the user."""


class Gates:
    """One worker's gates; `counts` are the sender's counters."""

    def __init__(
        self,
        settings: Settings,
        counts: Counter[str],
        *,
        mine: Callable[[], int] | None = None,
        leaving: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`mine` counts this worker's partitions of the outbox (default: all); `leaving` tells that it must let go."""
        self._settings = settings
        self._mine = mine or (lambda: settings.partitions)
        self._leaving = leaving
        self.sleep = sleep
        self.clock = clock
        self.counts = counts
        self.circuits = Circuits(settings.circuit_probe_seconds)
        self.pairs = Pairs(settings.pair_seconds)
        self.requests = asyncio.Semaphore(settings.sends_in_flight)
        self.held = 0
        """Messages that wait because of an open circuit."""
        self.slices = 0
        """Slices of waiting that have passed, ever: while it grows, messages wait by design and nothing is stuck."""
        self._numbers: dict[str, tuple[NumberRate, asyncio.Lock]] = {}

    @property
    def full_rate(self) -> float:
        """Messages per second this worker may send from a business number when Meta does not complain."""
        return share(self._settings.number_rate, self._mine(), self._settings.partitions)

    def rate_of(self, number: str) -> tuple[NumberRate, asyncio.Lock]:
        """The rate of a business number, and the queue of those who wait for it."""
        found = self._numbers.get(number)
        if found is None:
            found = self._numbers[number] = NumberRate(self.full_rate, self.clock()), asyncio.Lock()
        return found

    def stay(self, message: str) -> None:
        """Raise NotOurs when this worker is leaving: nothing more is to be begun."""
        if self._leaving():
            raise NotOurs(f"message {message} is not sent by this worker, which is stopping or being rebalanced")

    def received(self, number: str, at: float) -> None:
        """A user's message came in: it uses the business number's rate as well (whatsapp-cloud-api, 7.1)."""
        now = self.clock()
        if now - at < RECENT_SECONDS and number in self._numbers:
            self._numbers[number][0].received(self.full_rate, now)

    def status(self, number: str, message: str, at: float, failure: Verdict | None) -> None:
        """A status of a message of ours came; `failure` when it says that the message failed."""
        now = self.clock()
        if failure is None:
            for name in circuits_of(number, is_template=True):
                if self.circuits.status(name, message):
                    self.closed(name)
        elif failure.meaning.holds and now - at < RECENT_SECONDS:
            name = _circuit(number, failure)
            if self.circuits.failed(name, message, now, failure.code, failure.reason):
                self.alert(name, failure)

    def alert(self, name: str, verdict: Verdict) -> None:
        """Say once that a circuit opened."""
        self.counts["circuit_opened"] += 1
        log.error(
            "ALERT: messages of business number %s are held: %s. One at a time is tried until one goes through; what"
            " waits too long is reported to its agent as late",
            name,
            verdict.reason,
        )

    def closed(self, name: str) -> None:
        """Say that a circuit closed."""
        self.counts["circuit_closed"] += 1
        log.warning("messages of business number %s are sent again", name)

    async def problem(self) -> str | None:
        """What `/ready` notes: which business numbers are held, and why."""
        return "; ".join(f"{name} is held: {one.reason}" for name, one in sorted(self.circuits.open.items())) or None

    def learn(self, passenger: Passenger, verdict: Verdict, begun: float) -> None:
        """Take what an answer says about rates and account; `begun` is when the request was made."""
        now = self.clock()
        if verdict.meaning.slows == "number" and self.rate_of(passenger.number)[0].complained(now):
            self.counts["slowed"] += 1
        if verdict.meaning.slows == "pair":
            self.pairs.of(passenger.key, now).complained(now)
        if verdict.outcome == "accepted" and not passenger.is_note:
            self.pairs.of(passenger.key, now).accepted()
        if verdict.meaning.holds:
            name = _circuit(passenger.number, verdict)
            if self.circuits.refused(name, passenger.id, now, verdict.code, verdict.reason):
                self.alert(name, verdict)
        elif verdict.outcome == "accepted" or verdict.kind in (
            ErrorClass.PERMANENT,
            ErrorClass.USER,
            ErrorClass.PAYLOAD,
        ):
            tells = verdict.outcome == "accepted" and not passenger.is_note
            for name in circuits_of(passenger.number, is_template=passenger.is_template):
                if self.circuits.went_through(name, passenger.id, begun, now, will_tell=tells):
                    self.closed(name)

    def visit(self, passenger: Passenger) -> "Visit":
        """Begin a message's way through the gates."""
        return Visit(self, passenger)


class Visit:
    """One message's way through the gates, perhaps several times; its end gives back whatever it holds."""

    def __init__(self, gates: Gates, passenger: Passenger) -> None:
        self._gates = gates
        self._who = passenger
        self._circuits = circuits_of(passenger.number, is_template=passenger.is_template)
        self._holds_place = False
        self._has_token = passenger.is_note
        """The user's pace is asked once per message: what Meta refuses was not sent."""
        self._blamed: dict[str, tuple[int, int]] = {}
        self.obstacle: Meaning | None = None
        """What made it too late, where a gate did."""

    def __enter__(self) -> "Visit":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()
        self._gates.circuits.forget(self._who.id, *self._circuits)

    async def enter(self) -> bool:
        """Wait until the message may be posted; False when it would be too late. Raises NotOurs.

        What only this user waits for comes first, and the probe is claimed last, when nothing is left to wait for.
        """
        while await self._pass_pair() and await self._pass_circuits():
            passed = await self._pass_number()
            if passed is not None:
                return passed
        return False

    async def rest(self, seconds: float) -> bool:
        """Wait; False at once when it would be too late by then. Raises NotOurs."""
        gates, until = self._gates, self._gates.clock() + seconds
        if until >= self._who.ends:
            return False
        while (left := until - gates.clock()) > ROUNDING:
            gates.stay(self._who.id)
            await gates.sleep(min(left, SLICE_SECONDS))
            gates.slices += 1
        gates.stay(self._who.id)
        return True

    def learn(self, verdict: Verdict, begun: float) -> Verdict:
        """Take the answer to a request begun at a time; returns the verdict on the message itself."""
        if verdict.outcome == "hold" and self._is_to_blame(_circuit(self._who.number, verdict)):
            self._leave()
            return replace(verdict, outcome="refused")
        self._gates.learn(self._who, verdict, begun)
        self._leave()
        return verdict

    def _is_to_blame(self, circuit: str) -> bool:
        """Whether others went through between this message's tries so often that the account cannot be at fault."""
        if circuit not in self._circuits:
            return True
        closings = self._gates.circuits.closings(circuit)
        before, times = self._blamed.get(circuit, (closings, 0))
        times += closings > before
        self._blamed[circuit] = closings, times
        return times >= BLAMED_TIMES

    def _leave(self) -> None:
        gates = self._gates
        if self._holds_place:
            self._holds_place = False
            gates.requests.release()
        for name in self._circuits:
            gates.circuits.gave_up(name, self._who.id, gates.clock())

    def _held_for(self) -> float:
        """Seconds until it is worth asking the circuits again; 0 when the message may pass them all."""
        gates, now = self._gates, self._gates.clock()
        for name in self._circuits:
            if gates.circuits.lapsed(name, now):
                gates.closed(name)
        return max(gates.circuits.wait(name, self._who.id, now) for name in self._circuits)

    async def _pass_circuits(self) -> bool:
        gates = self._gates
        gates.stay(self._who.id)
        if not self._held_for():
            return gates.clock() < self._who.ends
        gates.held += 1
        try:
            while wait := self._held_for():
                if not await self.rest(wait):
                    return False
            return True
        finally:
            gates.held -= 1

    async def _pass_pair(self) -> bool:
        gates = self._gates
        pair = gates.pairs.of(self._who.key, gates.clock())
        while wait := (pair.wait_again if self._has_token else pair.wait)(gates.clock()):
            if not await self.rest(wait):
                self.obstacle = USER_PACED
                return False
        if not self._has_token:
            pair.take(gates.clock())
            self._has_token = True
        return True

    async def _pass_number(self) -> bool | None:
        """Pass the queue of the business number; None when at its head a circuit turns out to be open."""
        gates, who = self._gates, self._who
        rate, turn = gates.rate_of(who.number)
        async with turn:
            while True:
                gates.stay(who.id)
                if gates.clock() >= who.ends:
                    break
                # Who is held goes back: behind it may be others whom the circuit does not concern.
                if self._held_for():
                    self._leave()
                    return None
                if wait := rate.wait(gates.full_rate, gates.clock()):
                    self._leave()
                    if not await self.rest(wait):
                        break
                elif not self._holds_place:
                    # While waiting for a place anything may have changed: all of it is looked at once more.
                    await gates.requests.acquire()
                    self._holds_place = True
                else:
                    rate.take(gates.clock())
                    for name in self._circuits:
                        gates.circuits.claim(name, who.id)
                    return True
        self._leave()
        self.obstacle = NUMBER_PACED
        return False


def _circuit(number: str, verdict: Verdict) -> str:
    return circuits_of(number, is_template=True)[1 if verdict.meaning.holds == "templates" else 0]
