"""The router and the kinds of messages: what may leave with the window shut, and a long text as several sends."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.decide import NOT_OPENING
from app.core.effects import Effect, Send, TellAgent, effect_id
from app.core.events import AgentReplied, MoveOrdered
from app.core.messages import MODELS, WITHOUT_WINDOW
from app.core.rules import Rules
from tests.unit.histories import ANA, DAY, NOW, SALES, SERVICE, Story, aside, said, struck, told, wrote
from tests.unit.kinds import WAMID

LONG = " ".join(f"word{number}" for number in range(1500))
TEN_DAYS = Rules(session_seconds=10 * DAY)
SPLIT = {"kind": "text", "text": LONG, "split": True, "reply_to": WAMID}


def replied(message: dict[str, Any], at: float = NOW, by: int = SALES.id, number: int = 1) -> AgentReplied:
    """An agent's message of any kind."""
    return AgentReplied(
        id=f"sales-out/0/{number}", user=ANA, at=at, agent=by, message=message, ref="order-7", raw=b"{}"
    )


def with_sales(rules: Rules = TEN_DAYS) -> Story:
    """A user who talks with the sales agent, for ten days if need be."""
    story = Story(rules=rules)
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    return story


def sends(effects: tuple[Effect, ...]) -> list[Send]:
    """The messages among the effects."""
    return [effect for effect in effects if isinstance(effect, Send)]


def test_every_part_of_a_message_is_worth_sending_as_long_as_its_agent_says() -> None:
    story = with_sales()
    effects = sends(story.then(replace(replied(SPLIT), deadline=NOW + 90)))
    assert len(effects) > 1
    assert {effect.deadline for effect in effects} == {NOW + 90}


def test_only_templates_and_marks_may_leave_with_the_window_shut() -> None:
    assert sorted(WITHOUT_WINDOW) == ["mark_read", "template", "typing"]
    assert set(MODELS) >= WITHOUT_WINDOW


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_leaves_with_the_window_open_and_only_some_with_it_shut(kind: str) -> None:
    content = {"kind": kind, "text": "hello"}
    assert [send.message for send in sends(with_sales().then(replied(content)))] == [content]
    late = with_sales().then(replied(content, at=NOW + DAY))
    if kind in WITHOUT_WINDOW:
        assert [send.message for send in sends(late)] == [content]
        return
    (refused,) = late
    assert isinstance(refused, TellAgent)
    assert (refused.topic, refused.record["code"], refused.record["ref"]) == ("sales-error", "window_closed", "order-7")


@pytest.mark.parametrize("kind", sorted(WITHOUT_WINDOW))
def test_nothing_leaves_for_a_user_who_is_with_somebody_else(kind: str) -> None:
    effects = with_sales().then(replied({"kind": kind, "message_id": WAMID}, by=SERVICE.id))
    assert sends(effects) == []
    assert [topic for topic, _, _ in told(effects)] == ["consumer_service-error"]


@pytest.mark.parametrize("kind", ["text", "template"])
def test_with_the_default_settings_nobody_is_left_for_a_template_after_a_day_of_silence(kind: str) -> None:
    story = with_sales(Rules())
    refused = story.then(replied({"kind": kind, "text": "hello"}, at=NOW + DAY))
    assert sends(refused) == []
    records = [effect.record for effect in refused if isinstance(effect, TellAgent)]
    assert [(record.get("reason"), record.get("code")) for record in records] == [
        ("expired", None),
        (None, "not_connected"),
    ]


def test_in_a_session_longer_than_the_window_a_template_re_opens_the_conversation() -> None:
    story, later = with_sales(Rules(session_seconds=3 * DAY)), NOW + 2 * DAY
    text, template = {"kind": "text", "text": "your order is here"}, {"kind": "template", "name": "news"}
    assert story.then(struck(1, later)) == ()
    (refused,) = story.then(replied(text, at=later, number=1))
    assert isinstance(refused, TellAgent) and refused.record["code"] == "window_closed"
    assert [send.message for send in sends(story.then(replied(template, at=later, number=2)))] == [template]
    answer = story.then(wrote("wonderful", 3, at=later + 60))
    assert (told(answer), said(answer)) == ([("sales-in", "text", "wonderful")], [])
    assert [send.message for send in sends(story.then(replied(text, at=later + 61, number=3)))] == [text]


def test_a_template_prolongs_no_session() -> None:
    story = with_sales(Rules(session_seconds=3 * DAY))
    template = {"kind": "template", "name": "news"}
    assert len(sends(story.then(replied(template, at=NOW + 3 * DAY - 1, number=1)))) == 1
    refused = story.then(replied(template, at=NOW + 3 * DAY, number=2))
    assert sends(refused) == [] and [topic for topic, _, _ in told(refused)] == ["sales-in", "sales-error"]


def test_who_was_moved_to_an_agent_after_a_day_of_silence_is_reached_by_a_template() -> None:
    story, later = with_sales(Rules()), NOW + 2 * DAY
    story.then(struck(1, later))
    assert said(story.then(MoveOrdered(id="order", user=ANA, at=later, agent=SERVICE.id))) == []
    template = {"kind": "template", "name": "news"}
    for at, code in ((later + DAY - 1, None), (later + DAY, "not_connected")):
        effects = story.then(replied(template, at=at, by=SERVICE.id, number=int(at)))
        assert [send.message for send in sends(effects)] == ([] if code else [template])
        assert [one.record["code"] for one in effects if isinstance(one, TellAgent) and "code" in one.record] == (
            [code] if code else []
        )


def test_a_text_that_may_be_split_becomes_one_send_per_message_in_order() -> None:
    effects = sends(with_sales().then(replied(SPLIT)))
    assert len(effects) == 4
    assert " ".join(send.message["text"] for send in effects) == LONG
    assert [send.id for send in effects] == [effect_id("sales-out/0/1", number) for number in range(4)]
    assert {(send.agent, send.ref, send.user) for send in effects} == {(SALES.id, "order-7", ANA)}
    assert [send.message.get("reply_to") for send in effects] == [WAMID, None, None, None]


def test_a_split_text_read_again_gives_the_same_sends_or_none() -> None:
    first, again = with_sales(), with_sales()
    assert first.then(replied(SPLIT)) == again.then(replied(SPLIT))
    assert first.then(replied(SPLIT)) == ()


def test_a_split_text_with_the_window_shut_is_one_error() -> None:
    effects = with_sales().then(replied(SPLIT, at=NOW + DAY))
    assert said(effects) == []
    assert len(told(effects)) == 1


@pytest.mark.parametrize("kind", sorted(NOT_OPENING - {"system"}))
@pytest.mark.parametrize("before", [None, NOW - 2 * DAY], ids=["first", "after two days"])
def test_a_message_that_opens_no_window_is_kept_and_its_reason_says_so(kind: str, before: float | None) -> None:
    story = Story()
    if before:
        story.then(wrote("hi", 1, at=before))
        story.then(struck(1, NOW - 1))
    effects = story.then(wrote("", 2, kind=kind))
    assert (said(effects), told(effects)) == ([], [])
    assert aside(effects) == [
        f"of the kind {kind}, which does not open the window, and it was closed: the menu could not be sent,"
        " and until the user writes again only a template can reach them"
    ]
    assert [kind for _, kind, _ in told(story.then(MoveOrdered(id="m", user=ANA, at=NOW, agent=SALES.id)))] == [
        "initial",
        kind,
    ], "an operator may move the user to an agent that sends a template"


@pytest.mark.parametrize("kind", sorted(NOT_OPENING - {"system"}))
def test_a_message_that_opens_no_window_brings_the_menu_while_it_is_open(kind: str) -> None:
    story = Story()
    story.then(wrote("hi", 1))
    effects = story.then(wrote("", 2, kind=kind))
    assert (len(said(effects)), aside(effects)) == (1, [])
