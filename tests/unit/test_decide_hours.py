"""Agents outside their hours: the menu says when they open, and users may leave a message or choose again."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.effects import Effect, Send, TellAgent
from app.core.hours import read_hours
from app.core.opening import NEVER, opening, opening_shown
from app.core.register import Register
from app.core.rules import Rules
from tests.unit.histories import DAY, DESK, NOW, SALES, Story, acted, said, told, wrote

HOUR = 3600.0
CLOSED = "Sales is closed now. Leave a message, or send #exit to choose again."
# NOW is a Saturday, 22:26:40 in UTC and 19:26:40 in São Paulo.
HOURS = read_hours({"zone": "America/Sao_Paulo", "days": {"saturday": ["21:00-23:00"], "monday": ["09:00-12:00"]}})
OPENS = NOW + 1 * HOUR + 33 * 60 + 20
SHUT = replace(SALES, hours=HOURS)


def closed_story(**more: Any) -> Story:
    """A user before a menu with a closed agent."""
    story = Story(register=Register.of([replace(SHUT, **more), DESK]), rules=Rules(session_seconds=10 * DAY))
    story.then(wrote("hi", 1))
    return story


def flags(effects: tuple[Effect, ...]) -> list[tuple[str, bool]]:
    """What agents are told: its type, and whether it came outside their hours."""
    return [(one.record["type"], one.record.get("closed", False)) for one in effects if isinstance(one, TellAgent)]


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOW, "21:00"),
        (OPENS - 1, "21:00"),
        (OPENS, ""),
        (OPENS + 2 * HOUR, "2026-11-23 09:00"),
        (OPENS + 6 * HOUR, "2026-11-23 09:00"),
    ],
)
def test_when_an_agent_opens_is_said_by_its_own_clock(at: float, shown: str) -> None:
    assert opening_shown(SHUT, at) == shown


def test_an_agent_without_hours_is_always_open() -> None:
    assert opening(SALES, NOW) is None


def test_an_agent_that_never_opens_is_closed_without_a_time() -> None:
    story = Story(register=Register.of([replace(SALES, hours=read_hours({"zone": "UTC", "days": {}}))]))
    assert opening(story.register.agents[0], NOW) == NEVER
    story.then(wrote("hi", 1))
    assert said(story.then(wrote("sales", 2))) == [CLOSED]
    assert said(story.then(wrote("hello?", 3))) == []


def test_the_menu_shows_when_closed_agents_open() -> None:
    story = Story(register=Register.of([replace(SHUT, description="Orders"), DESK]))
    (menu,) = story.then(wrote("hi", 1))
    assert isinstance(menu, Send)
    assert [row["description"] for row in menu.message["rows"]] == ["Opens 21:00. Orders", ""]


def test_who_chooses_a_closed_agent_may_leave_a_message() -> None:
    story = closed_story()
    effects = story.then(wrote("sales", 2))
    assert said(effects) == [f"{CLOSED} Opens 21:00."]
    assert flags(effects) == [("initial", True), ("text", False)], "what was kept came before the choice"
    effects = story.then(wrote("please call me", 3))
    assert told(effects) == [("sales-in", "text", "please call me")]
    assert flags(effects) == [("text", True)]
    assert said(effects) == [], "it is said once"


def test_who_chose_a_closed_agent_may_choose_again() -> None:
    story = closed_story()
    story.then(wrote("sales", 2))
    story.then(wrote("#exit", 3))
    assert told(story.then(wrote("help desk", 4)))[0][:2] == ("help_desk-in", "initial")


def test_the_agents_own_words_come_first() -> None:
    story = closed_story(closed_message="We are at the fair.")
    assert said(story.then(wrote("sales", 2))) == [f"We are at the fair.\n\n{CLOSED} Opens 21:00."]


def test_the_welcome_message_stands_for_the_broker_s_words_while_it_is_open() -> None:
    story = closed_story(welcome_message="Welcome to Sales!")
    assert said(story.then(wrote("sales", 2), OPENS)) == ["Welcome to Sales!"]


def test_who_is_connected_when_it_closes_is_told_once_for_each_closing() -> None:
    story = closed_story()
    story.then(wrote("sales", 2, at=OPENS))
    assert said(story.then(wrote("one", 3, at=OPENS + HOUR))) == []
    effects = story.then(wrote("two", 4, at=OPENS + 3 * HOUR))
    assert said(effects) == [f"{CLOSED} Opens 2026-11-23 09:00."]
    assert flags(effects) == [("text", True)]
    assert said(story.then(wrote("three", 5, at=OPENS + 4 * HOUR))) == []
    monday = OPENS + 1.5 * DAY + HOUR / 2
    assert said(story.then(wrote("four", 6, at=monday), monday)) == [], "it is open"
    assert said(story.then(wrote("five", 7, at=monday + 4 * HOUR))) == [f"{CLOSED} Opens 2026-11-28 21:00."]


def test_a_transfer_to_a_closed_agent_tells_the_user() -> None:
    story = closed_story()
    story.then(wrote("help desk", 2))
    effects = story.then(acted(1, by=DESK, kind="transfer", to="Sales"))
    assert said(effects) == [f"{CLOSED} Opens 21:00."]
    assert flags(effects) == [("closed", False), ("initial", True)]


def test_who_was_handed_over_with_the_window_shut_is_told_on_writing() -> None:
    story = closed_story()
    story.then(wrote("help desk", 2))
    monday = OPENS + 2 * DAY
    effects = story.then(acted(1, by=DESK, at=monday, kind="transfer", to="Sales"))
    assert said(effects) == [] and flags(effects) == [("closed", False), ("initial", True)]
    assert said(story.then(wrote("hello?", 3, at=monday + 60))) == [f"{CLOSED} Opens 2026-11-28 21:00."]
    assert said(story.then(wrote("hello?", 4, at=monday + 61))) == []


def test_a_repeat_says_nothing_and_a_crash_between_the_two_writes_neither() -> None:
    story = closed_story()
    story.then(wrote("sales", 2))
    later = wrote("hello?", 3, at=OPENS + 3 * HOUR)
    before = story.state
    assert said(story.then(later)) == [f"{CLOSED} Opens 2026-11-23 09:00."]
    after = story.state
    assert story.then(later) == ()
    story.state = replace(after, window=before.window)
    assert story.then(later) == ()
    assert story.state == after, "the message is among the conversation's references"
