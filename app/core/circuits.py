"""Circuits: when the account is at fault, its messages are held, and one at a time is sent as a probe.

In: what Meta said about messages of a business number, with times in seconds. Out: whether a message may leave, is the
probe, or must wait. A circuit is named by a business number, or by its templates. Nothing here waits or looks at a
clock.
"""

from dataclasses import dataclass, field

PROBE_SECONDS_MAX = 60.0
"""The longest wait between two probes; it doubles from the first one up to this."""
STATUS_SECONDS = 20.0
"""A probe that Meta accepted may still fail by status, where the account's fault was told by one."""
ASK_AGAIN_SECONDS = 1.0
"""How often a held message asks while a probe is on its way."""
SUSPICIONS = 2
"""Messages whose failed statuses blame the account, with no good one between them, before its messages are held."""
POSTED_KEPT = 1000
"""Messages remembered that left since a suspicion began: their statuses come within seconds, and one is enough."""


def circuits_of(phone_number_id: str, *, is_template: bool) -> tuple[str, ...]:
    """The circuits a message has to pass."""
    return (phone_number_id, f"{phone_number_id}/templates") if is_template else (phone_number_id,)


@dataclass(slots=True, kw_only=True)
class Circuit:
    """An open circuit; a closed one does not exist."""

    opened_at: float
    code: str
    reason: str
    probe_at: float
    failures: int = 1
    probe: str | None = None
    """The message that is on its way as a probe."""
    blamed: set[str] = field(default_factory=set)
    """Messages that met the error. One of them may be its only cause: others are to be the probe, if there are any."""
    by_status: bool = False
    awaited: str | None = None
    """The probe Meta accepted, whose status decides; the circuit closes at `probe_at` without one."""


@dataclass(slots=True)
class Suspicion:
    """What failed statuses say of an account whose circuit is closed."""

    blamed: set[str] = field(default_factory=set)
    """Messages that failed."""
    posted: dict[str, None] = field(default_factory=dict)
    """Messages that left since, the newest last: of others a good status tells how the account was before."""

    def left(self, message: str) -> None:
        """A message leaves."""
        self.posted[message] = None
        if len(self.posted) > POSTED_KEPT:
            del self.posted[next(iter(self.posted))]


class Circuits:
    """All open circuits of a worker."""

    def __init__(self, first_seconds: float) -> None:
        """`first_seconds` pass between an account's error and the first probe."""
        self._first = first_seconds
        self._closings: dict[str, int] = {}
        self._suspicions: dict[str, Suspicion] = {}
        self.open: dict[str, Circuit] = {}

    def closings(self, name: str) -> int:
        """How often a circuit has closed: messages have gone through since, if the number has grown."""
        return self._closings.get(name, 0)

    def wait(self, name: str, message: str, now: float) -> float:
        """Seconds to wait before asking again; 0 when the message may leave now. Claims nothing."""
        circuit = self.open.get(name)
        if circuit is None or circuit.probe == message:
            return 0.0
        turn = circuit.probe_at + (ASK_AGAIN_SECONDS if message in circuit.blamed else 0.0)
        if circuit.probe is None and now >= turn:
            return 0.0
        return max(min(ASK_AGAIN_SECONDS, turn - now), 0.05)

    def claim(self, name: str, message: str) -> None:
        """A message leaves that had not to wait: as the probe, when the circuit is open."""
        suspicion = self._suspicions.get(name)
        if suspicion is not None:
            suspicion.left(message)
        circuit = self.open.get(name)
        if circuit is not None and circuit.probe is None:
            circuit.probe = message

    def lapsed(self, name: str, now: float) -> bool:
        """Close a circuit whose accepted probe no status has contradicted in time; True when that closed it."""
        circuit = self.open.get(name)
        if circuit is None or circuit.awaited is None or now < circuit.probe_at:
            return False
        self._close(name)
        return True

    def refused(self, name: str, message: str, now: float, code: str, reason: str) -> bool:
        """Meta blames the account in its answer; True when that opened the circuit."""
        circuit = self.open.get(name)
        if circuit is None:
            self._suspicions.pop(name, None)
            probe_at = now + self._first
            self.open[name] = Circuit(opened_at=now, code=code, reason=reason, probe_at=probe_at, blamed={message})
            return True
        circuit.blamed.add(message)
        if message in (circuit.probe, circuit.awaited):
            circuit.failures += 1
            circuit.probe = circuit.awaited = None
            circuit.probe_at = now + self._pause(circuit.failures)
            circuit.code, circuit.reason = code, reason
        return False

    def failed(self, name: str, message: str, now: float, code: str, reason: str) -> bool:
        """Meta blames the account in a `failed` status of a message it had accepted; True when that opened the circuit.

        What an answer does not show a probe's answer cannot clear: its status is waited for as well.
        """
        if name not in self.open:
            suspicion = self._suspicions.setdefault(name, Suspicion())
            suspicion.blamed.add(message)
            if len(suspicion.blamed) < SUSPICIONS:
                return False
        opened = self.refused(name, message, now, code, reason)
        self.open[name].by_status = True
        return opened

    def went_through(self, name: str, message: str, begun: float, now: float, *, will_tell: bool = True) -> bool:
        """Meta did not blame the account for a request begun at a time; True when that closed the circuit.

        `will_tell`: a status of the message is to come. What has none proves nothing where statuses are the trouble.
        """
        circuit = self.open.get(name)
        if circuit is None or begun < circuit.opened_at:
            return False
        if circuit.by_status:
            if circuit.probe == message and will_tell:
                circuit.probe, circuit.awaited = None, message
                circuit.probe_at = now + STATUS_SECONDS
            return False
        self._close(name)
        return True

    def status(self, name: str, message: str) -> bool:
        """A status other than `failed` came; True when it closed the circuit.

        A suspicion it clears only when its message left since, through this circuit: one of another kind, or of before
        the trouble, says nothing of it.
        """
        suspicion = self._suspicions.get(name)
        if suspicion is not None and message in suspicion.posted:
            del self._suspicions[name]
        circuit = self.open.get(name)
        if circuit is None or message not in (circuit.awaited, circuit.probe):
            return False
        self._close(name)
        return True

    def gave_up(self, name: str, message: str, now: float) -> None:
        """A probe ended without an answer about the account: the next one may try a little later."""
        circuit = self.open.get(name)
        if circuit is not None and circuit.probe == message:
            circuit.probe = None
            circuit.probe_at = max(circuit.probe_at, now + ASK_AGAIN_SECONDS)

    def forget(self, message: str, *names: str) -> None:
        """A message has ended: what is remembered of it is of no use any more."""
        for name in names:
            circuit = self.open.get(name)
            if circuit is not None:
                circuit.blamed.discard(message)

    def _pause(self, failures: int) -> float:
        return min(PROBE_SECONDS_MAX, self._first * 2.0 ** min(failures - 1, 16))

    def _close(self, name: str) -> None:
        del self.open[name]
        self._closings[name] = self.closings(name) + 1
