"""The admin API moves a user and ends a conversation (docs/register.md, moving and ending)."""

import pytest

from app.core.effects import TellAgent
from app.core.events import EndOrdered, MoveOrdered
from app.core.order_ids import REMEMBERED, OrderIds
from app.core.state import State
from tests.unit.histories import ANA, DAY, DESK, NOW, REGISTER, SALES, SERVICE, Story, agent, aside, said, told, wrote


def moved(story: Story, to: int = DESK.id, note: str | None = None, at: float = NOW) -> MoveOrdered:
    return MoveOrdered(id=OrderIds().move(story.state, ANA.key, to, None), user=ANA, at=at, agent=to, note=note)


def ended(story: Story, at: float = NOW) -> EndOrdered:
    return EndOrdered(id=OrderIds().end(story.state, ANA.key, None), user=ANA, at=at)


@pytest.fixture
def story() -> Story:
    """Ana is with Sales."""
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    return story


def test_a_move_tells_both_agents_and_the_user(story: Story) -> None:
    effects = story.then(moved(story, note="speaks Portuguese"))
    assert told(effects) == [
        ("sales-in", "closed", "The user is with Help Desk now."),
        ("help_desk-in", "initial", "Ana wants to talk"),
    ]
    assert said(effects) == ["Transferring to Help Desk"]
    closed, initial = (effect.record for effect in effects if isinstance(effect, TellAgent))
    assert closed["reason"] == "transferred"
    assert initial["note"] == "speaks Portuguese" and "from" not in initial
    assert told(story.then(wrote("thanks", 3))) == [("help_desk-in", "text", "thanks")]


def test_a_repeated_move_has_no_effect(story: Story) -> None:
    order = moved(story)
    story.then(order)
    assert story.then(order) == ()
    again = moved(story)  # the same order, given when the first was already carried out
    assert again.id != order.id
    assert story.then(again) == ()


def test_a_crash_between_the_two_writes_repeats_nothing(story: Story) -> None:
    order, before = moved(story), story.state
    story.then(order)
    story.state = State(session=story.state.session, window=before.window)
    assert story.then(order) == ()


def test_a_user_may_be_moved_there_and_back(story: Story) -> None:
    for to in (DESK, SALES, DESK):
        assert len(told(story.then(moved(story, to.id)))) == 2
        assert story.state.session is not None and story.state.session.agent == to.id


def test_what_waits_at_the_menu_goes_with_the_user() -> None:
    story = Story()
    story.then(wrote("where is my order?", 1))
    effects = story.then(moved(story, SERVICE.id))
    assert [told_one[1:] for told_one in told(effects)] == [
        ("initial", "Ana wants to talk"),
        ("text", "where is my order?"),
    ]
    assert said(effects) == ["Transferring to Consumer Service"]


def test_with_the_window_shut_agents_are_told_and_the_user_is_not(story: Story) -> None:
    assert said(story.then(moved(story, at=NOW + DAY - 1))) == []
    assert told(story.then(ended(story, at=NOW + DAY - 1))) == [
        ("help_desk-in", "closed", "An administrator ended the conversation.")
    ]


def test_a_move_to_an_agent_that_has_gone_meanwhile_changes_nothing(story: Story) -> None:
    story.register = story.register.of([*story.register.agents, agent(9, "Retired", active=False)])
    before = story.state.session
    effects = story.then(moved(story, 9))
    assert told(effects) == [] and "not active" in aside(effects)[0]
    assert story.state.session == before
    story.register = story.register.of([*REGISTER.agents, agent(9, "Retired")])
    assert told(story.then(moved(story, 9)))[1] == ("retired-in", "initial", "Ana wants to talk"), "it is back"


def test_an_end_leads_back_to_the_menu(story: Story) -> None:
    order = ended(story)
    effects = story.then(order)
    assert told(effects) == [("sales-in", "closed", "An administrator ended the conversation.")]
    (menu,) = said(effects)
    assert menu.startswith("Your conversation is over.")
    assert story.then(order) == ()
    assert story.then(ended(story)) == ()


def test_the_callers_own_name_of_a_request_decides_what_is_a_repeat(story: Story) -> None:
    ids = OrderIds()
    first = ids.move(story.state, ANA.key, DESK.id, "7f3a")
    story.then(moved(story))
    assert ids.move(story.state, ANA.key, DESK.id, "7f3a") == first == ids.end(story.state, ANA.key, "7f3a")


@pytest.mark.parametrize("lags", [False, True], ids=["each carried out", "the router is behind"])
def test_orders_there_and_back_and_there_again_are_all_carried_out(story: Story, lags: bool) -> None:
    ids, known, waiting = OrderIds(), story.state, []
    wishes = [DESK.id, SALES.id, DESK.id, DESK.id, None, DESK.id, None, SALES.id]
    for wish in wishes:
        known = known if lags else story.state
        new_id = ids.end(known, ANA.key, None) if wish is None else ids.move(known, ANA.key, wish, None)
        order = (
            EndOrdered(id=new_id, user=ANA, at=NOW)
            if wish is None
            else MoveOrdered(id=new_id, user=ANA, at=NOW, agent=wish)
        )
        waiting.append(order)
        if not lags:
            story.then(order)
    assert not lags or waiting[3].id == waiting[2].id, "a repeat"
    reached = []
    for order in waiting if lags else []:
        story.then(order)
        assert story.state.session is not None
        reached.append(story.state.session.agent)
    assert reached == (wishes if lags else [])
    assert story.state.session is not None and story.state.session.agent == SALES.id


def test_an_order_repeated_after_the_users_own_wish_is_not_carried_out_again(story: Story) -> None:
    ids, before = OrderIds(), story.state
    story.then(MoveOrdered(id=ids.move(before, ANA.key, DESK.id, None), user=ANA, at=NOW, agent=DESK.id))
    story.then(wrote("#exit", 3))
    late = MoveOrdered(id=ids.move(before, ANA.key, DESK.id, None), user=ANA, at=NOW, agent=DESK.id)
    assert story.then(late) == ()


def test_orders_about_many_users_are_not_remembered_without_bound(story: Story) -> None:
    ids = OrderIds()
    first = ids.move(story.state, "u", DESK.id, None)
    assert ids.end(story.state, "u", None).endswith(":1")
    for number in range(REMEMBERED):
        ids.end(story.state, f"u{number}", None)
    assert ids.move(story.state, "u", DESK.id, None) == first, "its last order is forgotten"


def test_a_user_whose_session_ended_may_be_moved_each_time(story: Story) -> None:
    for days in (2, 4, 6):
        story.state = State(window=story.state.window)
        assert told(story.then(moved(story, at=NOW + days * DAY))) == [("help_desk-in", "initial", "Ana wants to talk")]
