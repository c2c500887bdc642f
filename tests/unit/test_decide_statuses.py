"""Statuses in every order: ticks only climb, a failure is told once and beside them, unknown ones change nothing.

Of a user's last messages, that is: of how many, `Rules.ticks_kept` says.
"""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.decide import RANKS
from app.core.effects import TellAgent
from app.core.events import Event, Mark, StatusCame
from app.core.rules import Rules
from tests.unit.histories import ANA, NOW, SALES, SERVICE, Story, finished, wrote

ERROR = {"code": 131026, "title": "Message undeliverable", "details": "The phone number is not on WhatsApp."}
REASON = (
    "undeliverable: no WhatsApp at this number, an old client, or terms not accepted. "
    "Meta says: The phone number is not on WhatsApp. (Meta's error 131026)"
)
NAMES = ("sent", "delivered", "read", "played", "failed", "deleted", "admired")


def came(name: str, effect: str = "e1") -> StatusCame:
    """A status of a message of Sales."""
    return StatusCame(
        id=f"wamid.{effect}:{name}",
        user=ANA,
        at=NOW,
        message_id=f"wamid.{effect}",
        status=name,
        mark=Mark(key=ANA.key, effect=effect, agent=SALES.id, ref="r1"),
        errors=(ERROR,) if name == "failed" else (),
    )


def heard(events: list[Event]) -> list[TellAgent]:
    """What agents are told while these events happen to a user who is with Consumer Service by now."""
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("1", 2))
    assert story.state.session is not None
    assert story.state.session.agent == SERVICE.id
    effects = [effect for event in events for effect in story.then(event, now=NOW)]
    assert all(isinstance(effect, TellAgent) for effect in effects), "nothing is sent because of a status"
    return [effect for effect in effects if isinstance(effect, TellAgent)]


def check(events: list[Event]) -> None:
    """The laws of statuses, for one order."""
    effects = heard(events)
    assert {effect.agent for effect in effects} <= {SALES.id}, "told to the agent that sent"
    statuses = [event.status for event in events if isinstance(event, StatusCame)]
    ticks = [e.record["text"] for e in effects if e.record.get("type") == "status" and e.record["text"] in RANKS]
    climbed = [RANKS[name] for name in ticks]
    assert climbed == sorted(set(climbed)), "never backward, never twice"
    ranked = [RANKS[name] for name in statuses if name in RANKS]
    assert climbed[-1:] == sorted(ranked)[-1:], "the highest is always told"
    failures = [effect for effect in effects if effect.topic == SALES.error_topic]
    assert len(failures) == ("failed" in statuses), "a failure is told once, whatever the ticks are"
    for failure in failures:
        assert failure.record["code"] == "131026"
        assert failure.record["class"] == "user"
        assert failure.record["text"] == REASON
        assert failure.record["status"] == "failed"
        assert failure.record["errors"] == [ERROR]
        assert (failure.record["ref"], failure.record["effect"]) == ("r1", "e1")
    others = [e.record["text"] for e in effects if e.record.get("type") == "status" and e.record["text"] not in RANKS]
    assert sorted(others) == sorted({name for name in statuses if name not in (*RANKS, "failed")})


@pytest.mark.parametrize("first", NAMES)
def test_every_order_of_all_statuses_keeps_the_laws(first: str) -> None:
    rest = [name for name in NAMES if name != first]
    for order in itertools.permutations(rest):
        check([came(first), *map(came, order)])


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "failed", "accepted"])))
def test_every_order_with_the_result_of_the_send_keeps_the_laws(order: tuple[str, ...]) -> None:
    check([finished("e1", "accepted") if name == "accepted" else came(name) for name in order])


@settings(max_examples=300)
@given(st.lists(st.sampled_from(NAMES), max_size=20))
def test_any_history_with_repeats_keeps_the_laws(names: list[str]) -> None:
    check([came(name) for name in names])


def test_read_alone_is_told_as_it_is() -> None:
    assert [effect.record["text"] for effect in heard([came("read"), came("delivered")])] == ["read"]


def test_a_failure_does_not_hide_what_comes_after_it() -> None:
    effects = heard([came("failed"), came("delivered")])
    assert [(effect.topic, effect.record["text"]) for effect in effects][1] == (SALES.read_topic, "delivered")


def test_the_ticks_of_two_messages_do_not_mix() -> None:
    events: list[Event] = [came("read", "e1"), came("sent", "e2"), came("sent", "e1"), came("delivered", "e2")]
    told = [(effect.record["effect"], effect.record["text"]) for effect in heard(events)]
    assert told == [("e1", "read"), ("e2", "sent"), ("e2", "delivered")]


@pytest.mark.parametrize("others", [Rules().ticks_kept - 1, Rules().ticks_kept], ids=["compared", "forgotten"])
def test_a_late_status_is_told_only_once_so_many_other_messages_have_had_one(others: int) -> None:
    between: list[Event] = [came("read", f"other{number}") for number in range(others)]
    told = [effect.record["text"] for effect in heard([came("read"), *between, came("delivered")])]
    assert told.count("delivered") == (others == Rules().ticks_kept)


@pytest.mark.parametrize("page", ["agents.md", "guarantees.md"])
def test_the_pages_name_how_many_messages_are_compared(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    assert re.search(rf"\b{Rules().ticks_kept} other", text)
