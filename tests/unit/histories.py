"""Small makers of events and states for tests of the rules."""

from dataclasses import replace
from typing import Any

from app.core.decide import decide
from app.core.effects import Effect, Quarantine, Send, TellAgent
from app.core.events import AgentReplied, ClockStruck, Event, IdentityChanged, Mark, SendFinished, StatusCame, UserWrote
from app.core.hours import WEEKDAYS, read_hours
from app.core.identity import Identity, User
from app.core.register import Agent, Register
from app.core.rules import Rules
from app.core.state import State

NOW = 1_795_300_000.0
"""Seconds UTC at which the tests' histories begin."""
DAY = 86_400.0

ANA = User.at("1029384756", "5511999990000", "BR.7781", "Ana")


def agent(number: int, name: str, *, active: bool = True) -> Agent:
    """An agent whose topics are named after it."""
    slug = name.lower().replace(" ", "_")
    return Agent(
        id=number,
        name=name,
        read_topic=f"{slug}-in",
        write_topic=f"{slug}-out",
        error_topic=f"{slug}-error",
        active=active,
    )


SERVICE, SALES, DESK = agent(1, "Consumer Service"), agent(2, "Sales"), agent(3, "Help Desk")
REGISTER = Register.of([SERVICE, SALES, DESK], version=1)
VARIED = Register.of(
    [
        replace(SERVICE, welcome_message="Service: hello!", texts=(("farewell", "Service: bye."),)),
        replace(
            SALES,
            hours=read_hours({"zone": "UTC", "days": {day: ["20:00-23:00"] for day in WEEKDAYS}}),
            welcome_message="Sales: hello!",
            closed_message="Sales: come back later.",
            texts=(
                ("closed", "Sales: closed."),
                ("farewell", ""),
                ("gone", "Sales: we left."),
                ("offer_change", "Sales: you are with us, {user}."),
            ),
        ),
        replace(
            DESK,
            hours=read_hours({"zone": "America/Sao_Paulo", "days": {}}),
            texts=(("closed", "Desk: closed."), ("farewell", "Desk: bye."), ("opens", "Desk: {opens}")),
        ),
    ],
    version=1,
)
"""The same agents: one is always open, one in the evening (as at NOW), one never; each names itself in its words."""
RULES = Rules()


def wrote(text: str, number: int, at: float = NOW, kind: str = "text", user: User = ANA) -> UserWrote:
    """A user's message."""
    return UserWrote(id=f"wamid.{number}", user=user, at=at, kind=kind, text=text, raw=b"{}")


def changed(number: int, at: float = NOW) -> IdentityChanged:
    """A change of a user's number."""
    return IdentityChanged(
        id=f"wamid.change.{number}",
        user=ANA,
        at=at,
        change="user_changed_number",
        before=Identity(wa_id=ANA.wa_id, user_id=ANA.user_id),
        after=Identity(wa_id="5511888880000", user_id="BR.9920"),
        raw=b"{}",
    )


def replied(text: str, number: int, by: Agent = SALES, at: float = NOW, user: User = ANA) -> AgentReplied:
    """An agent's text."""
    message = {"kind": "text", "text": text}
    return AgentReplied(id=f"{by.write_topic}/0/{number}", user=user, at=at, agent=by.id, message=message, raw=b"{}")


def templated(number: int, by: Agent = SALES, at: float = NOW) -> AgentReplied:
    """An agent's template."""
    message = {"kind": "template", "name": "hello_world", "language": "en_US", "components": []}
    return AgentReplied(id=f"{by.write_topic}/0/{number}", user=ANA, at=at, agent=by.id, message=message)


def acted(number: int, by: Agent = SALES, at: float = NOW, **message: Any) -> AgentReplied:
    """What an agent does with a conversation: `kind` and its fields."""
    return AgentReplied(id=f"{by.write_topic}/0/{number}", user=ANA, at=at, agent=by.id, message=message, raw=b"{}")


def status(effect: str, name: str, by: Agent | None = SALES, at: float = NOW) -> StatusCame:
    """A status of a message we sent."""
    mark = Mark(key=ANA.key, effect=effect, agent=by.id if by else None, ref="r1")
    return StatusCame(
        id=f"wamid.{effect}:{name}", user=ANA, at=at, message_id=f"wamid.{effect}", status=name, mark=mark, raw=b"{}"
    )


def finished(effect: str, verdict: str, by: Agent | None = SALES) -> SendFinished:
    """The sender's report."""
    return SendFinished(
        id=f"{effect}:finished",
        user=ANA,
        at=NOW,
        effect=effect,
        verdict=verdict,
        agent=by.id if by else None,
        code="131026",
        reason="undeliverable",
    )


def struck(number: int, at: float) -> ClockStruck:
    """A strike of the clock."""
    return ClockStruck(id=f"clock:{number}", user=ANA, at=at)


class Story:
    """A user's history as it unfolds."""

    def __init__(self, register: Register = REGISTER, rules: Rules = RULES) -> None:
        self.register = register
        self.rules = rules
        self.state = State()

    def then(self, event: Event, now: float | None = None) -> tuple[Effect, ...]:
        """Let an event happen; returns its effects."""
        decision = decide(self.state, event, event.at if now is None else now, self.register, self.rules)
        self.state = decision.state
        return decision.effects


def told(effects: tuple[Effect, ...]) -> list[tuple[str, str, str]]:
    """What agents are told: topic, type, text."""
    return [
        (effect.topic, effect.record.get("type", "error"), effect.record["text"])
        for effect in effects
        if isinstance(effect, TellAgent)
    ]


def said(effects: tuple[Effect, ...]) -> list[str]:
    """What the user is sent: the texts."""
    return [effect.message.get("text", effect.message["kind"]) for effect in effects if isinstance(effect, Send)]


def aside(effects: tuple[Effect, ...]) -> list[str]:
    """The reasons of what is put aside."""
    return [effect.reason for effect in effects if isinstance(effect, Quarantine)]
