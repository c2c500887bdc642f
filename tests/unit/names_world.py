"""A router without Kafka, for users with several names: a queue for each key, delivered in any order between keys.

In: events as Meta shows them. Out: who was told what, and where each name leads.
"""

from collections import defaultdict, deque

from app.core.effects import Effect, Forward, Quarantine, Send, TellAgent
from app.core.events import AgentReplied, IdentityChanged, Routed, UserWrote
from app.core.identity import Identity, User
from app.core.rules import Rules
from app.core.signposts import HOPS_MAX, route
from app.core.state import State
from tests.unit.histories import NOW, RULES, SALES, VARIED

BUSINESS = "1029384756"
OLD, NEW = "5511999990000", "5511888880000"
FIRST, SECOND, STRANGE = "BR.7781", "BR.9920", "BR.5005"


def key(name: str) -> str:
    """The key of a name."""
    return f"{BUSINESS}:{name}"


def wrote(number: int, phone: str | None, user_id: str | None, *, text: str = "hi") -> UserWrote:
    """A text, with what Meta shows of its writer."""
    return UserWrote(
        id=f"wamid.{number}",
        user=User.at(BUSINESS, phone, user_id, "Ana"),
        at=NOW + number,
        kind="text",
        text=text,
        raw=b"{}",
    )


def by_system(number: int, user_id: str | None = SECOND) -> IdentityChanged:
    """The change of number, as a system message tells it."""
    return IdentityChanged(
        id=f"wamid.{number}",
        user=User.at(BUSINESS, OLD, None),
        at=NOW + number,
        change="user_changed_number",
        before=Identity(wa_id=OLD),
        after=Identity(wa_id=NEW, user_id=user_id),
    )


def by_update(number: int, phone: str | None = None) -> IdentityChanged:
    """The change of BSUID, as `user_id_update` tells it; Meta may show a number, the old or the new one."""
    return IdentityChanged(
        id=f"update:{phone}",
        user=User.at(BUSINESS, phone, FIRST),
        at=NOW + number,
        change="user_changed_user_id",
        before=Identity(wa_id=phone, user_id=FIRST),
        after=Identity(user_id=SECOND),
    )


def replied(number: int, name: str | None = None, user: str | None = None) -> AgentReplied:
    """Sales' answer, to a name or to a user key."""
    is_id = name is not None and "." in name
    to = (
        User(key=user, phone_number_id=BUSINESS)
        if user
        else User.at(BUSINESS, *((None, name) if is_id else (name, None)))
    )
    message = {"kind": "text", "text": "answer"}
    return AgentReplied(id=f"sales-out/0/{number}", user=to, at=NOW + number, agent=SALES.id, message=message)


class World:
    """States and queues by key, and every effect once."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.states: dict[str, State] = defaultdict(State)
        self.queues: dict[str, deque[tuple[Routed, int]]] = defaultdict(deque)
        self.effects: dict[str, Effect] = {}

    def put(self, event: Routed) -> None:
        """Let Meta or an agent write an event."""
        self.queues[event.user.key].append((event, 0))

    def waiting(self) -> list[str]:
        """The keys at which something waits."""
        return sorted(name for name, queue in self.queues.items() if queue)

    def step(self, at: str, *, crash: bool = False) -> None:
        """Handle the first event of a key; a crash comes after the effects and before the state, so it stays first."""
        event, hops = self.queues[at][0]
        assert event.user.key == at
        decision = route(self.states[at], event, hops, event.at, VARIED, self.rules)
        for effect in decision.effects:
            if isinstance(effect, Forward):
                assert effect.hops <= HOPS_MAX, "a circle"
                self.queues[effect.event.user.key].append((effect.event, effect.hops))
            else:
                self.effects.setdefault(effect.id, effect)
        if not crash:
            self.queues[at].popleft()
            self.states[at] = decision.state

    def settle(self) -> None:
        """Handle everything."""
        while waiting := self.waiting():
            self.step(waiting[0])

    def then(self, *events: Routed) -> list[Effect]:
        """Let events happen one after the other; returns their effects."""
        before = set(self.effects)
        for event in events:
            self.put(event)
            self.settle()
        return [effect for name, effect in self.effects.items() if name not in before]

    def home(self, name: str) -> str:
        """The key a name leads to at last."""
        at = key(name)
        for _ in range(HOPS_MAX):
            window = self.states[at].window
            if window is None or not window.home:
                return at
            at = window.home
        raise AssertionError(f"{name} leads round in a circle")

    def sessions(self) -> dict[str, int | None]:
        """Of each key with a session its agent."""
        return {name: state.session.agent for name, state in self.states.items() if state.session}

    def places(self, message_id: str) -> list[str]:
        """Where a message is: told to an agent, put aside, or kept for one."""
        records = [effect.record for effect in self.effects.values() if isinstance(effect, TellAgent | Quarantine)]
        kept = [record for state in self.states.values() if state.session for record in state.session.kept]
        return [record["user"] for record in (*records, *kept) if record.get("message_id") == message_id]


def sent_to(effects: list[Effect]) -> list[tuple[str | None, str | None]]:
    """Number and BSUID of each agent's message that is sent."""
    return [(effect.user.wa_id, effect.user.user_id) for effect in effects if isinstance(effect, Send) and effect.agent]
