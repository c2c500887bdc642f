"""The reference: what one user's messages, in Kafka's order, must lead to, by `decide` without any machine around it.

In: the records of the topic `webhook` about one user. Out: what agents must read, what the phone must get, and the
state that must remain. Only the user's own messages move a session, so their order alone determines all of it.
"""

from dataclasses import dataclass, field
from typing import Any

from app.core.decide import decide
from app.core.effects import Quarantine, Send, TellAgent
from app.core.events import StatusCame, UserWrote
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from app.whatsapp.inbound import read_item


@dataclass(slots=True)
class Expected:
    """The consequences of one user's messages."""

    told: list[tuple[str, str, str]] = field(default_factory=list)
    """Topic, record id, what it says: in this order."""
    sends: dict[str, str] = field(default_factory=dict)
    """Effect id → text, of the broker's own words to the user."""
    aside: dict[str, str] = field(default_factory=dict)
    """Effect id → reason, of what goes to the quarantine."""
    state: State = field(default_factory=State)
    shown: set[str] = field(default_factory=set)
    """Effect ids of which Meta has reported any status: they are not in doubt."""
    ranks: dict[str, int] = field(default_factory=dict)
    """Effect id → highest rank of status Meta has reported, for messages of agents."""


RANKS = {"sent": 1, "delivered": 2, "read": 3}


def replay(records: list[Any], register: Register, rules: Rules) -> Expected:
    """Let one user's messages happen once each, in the order Kafka has them."""
    expected = Expected()
    for record in records:
        event = read_item(record.value)
        if isinstance(event, StatusCame):
            if event.mark is not None:
                expected.shown.add(event.mark.effect)
            if event.mark is not None and event.mark.agent is not None:
                rank = RANKS.get(event.status, 0)
                expected.ranks[event.mark.effect] = max(rank, expected.ranks.get(event.mark.effect, 0))
            continue
        assert isinstance(event, UserWrote), event
        decision = decide(expected.state, event, record.timestamp / 1000, register, rules)
        expected.state = decision.state
        for effect in decision.effects:
            match effect:
                case TellAgent():
                    expected.told.append((effect.topic, effect.id, says(effect.record)))
                case Send():
                    expected.sends[effect.id] = str(effect.message.get("text", ""))
                case Quarantine():
                    expected.aside[effect.id] = effect.reason
    return expected


def says(record: dict[str, Any]) -> str:
    """A record of an agent's in topic in a word: its text, or its kind where the text is ours."""
    return f"<{record['type']}>" if record["type"] in ("initial", "closed") else str(record["text"])
