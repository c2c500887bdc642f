"""The router's table, row by row (DESIGN.md: the router is a pure function)."""

from dataclasses import replace

import pytest

from app.core.effects import Send, TellAgent
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from tests.unit.histories import (
    DAY,
    DESK,
    NOW,
    REGISTER,
    SALES,
    SERVICE,
    Story,
    aside,
    finished,
    replied,
    said,
    status,
    struck,
    templated,
    told,
    wrote,
)

MENU = "Choose an option:\n1. Consumer Service\n2. Sales\n3. Help Desk"


def with_sales() -> Story:
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    return story


def last_menu_row(effects: tuple[object, ...], title: str) -> str:
    rows = [row for effect in effects if isinstance(effect, Send) for row in effect.message["rows"]]
    return str(next(row["id"] for row in rows if row["title"] == title))


def test_a_first_message_is_kept_and_shows_the_menu() -> None:
    story = Story()
    effects = story.then(wrote("hi", 1))
    assert said(effects) == [MENU]
    assert told(effects) == []
    assert story.state.session is not None
    assert [record["text"] for record in story.state.session.kept] == ["hi"]


@pytest.mark.parametrize("words", ["2", "2.", " sales ", "SALES", "Sáles"])
def test_a_typed_number_or_name_chooses(words: str) -> None:
    story = Story()
    story.then(wrote("hi", 1))
    effects = story.then(wrote(words, 2))
    assert said(effects) == ["Transferring to Sales"]
    assert told(effects) == [("sales-in", "initial", "Ana wants to talk"), ("sales-in", "text", "hi")]


def test_only_what_was_kept_for_the_agent_says_so() -> None:
    story = Story()
    story.then(wrote("hi", 1))
    effects = (*story.then(wrote("2", 2)), *story.then(wrote("hello", 3)))
    records = [effect.record for effect in effects if isinstance(effect, TellAgent)]
    assert [(record["text"], record.get("kept")) for record in records] == [
        ("Ana wants to talk", None),
        ("hi", True),
        ("hello", None),
    ]


@pytest.mark.parametrize("words", ["0", "4", "99999999999", "sale", "-1"])
def test_other_words_are_kept_and_show_the_menu_again(words: str) -> None:
    story = Story()
    story.then(wrote("hi", 1))
    effects = story.then(wrote(words, 2))
    assert said(effects) == [MENU]
    assert story.state.session is not None
    assert [record["text"] for record in story.state.session.kept] == ["hi", words]


def test_a_number_as_the_very_first_message_chooses_nothing() -> None:
    assert said(Story().then(wrote("2", 1))) == [MENU]


def test_a_tap_chooses_and_the_menu_stays_valid_when_shown_again() -> None:
    story = Story()
    first = story.then(wrote("hi", 1))
    story.then(wrote("hello?", 2))
    row = last_menu_row(first, "Help Desk")
    effects = story.then(wrote(row, 3, kind="list_reply"))
    assert told(effects)[0] == ("help_desk-in", "initial", "Ana wants to talk")
    assert [text for _, _, text in told(effects)[1:]] == ["hi", "hello?"]


def test_a_tap_on_a_menu_of_the_first_generation_chooses() -> None:
    story = Story()
    effects = story.then(wrote("sales-in", 1, kind="list_reply"))
    assert told(effects)[0][:2] == ("sales-in", "initial")


def test_a_tap_on_an_old_menu_is_explained_with_a_fresh_one() -> None:
    story = Story()
    row = last_menu_row(story.then(wrote("hi", 1)), "Sales")
    story.then(wrote("1", 2))
    story.then(wrote("#exit", 3))
    assert said(story.then(wrote(row, 4, kind="list_reply"))) == [f"That menu is old.\n\n{MENU}"]


def test_a_tap_on_an_old_menu_while_with_an_agent_keeps_the_agent() -> None:
    story = Story()
    row = last_menu_row(story.then(wrote("hi", 1)), "Help Desk")
    story.then(wrote("2", 2))
    effects = story.then(wrote(row, 3, kind="list_reply"))
    assert said(effects) == ["You are talking with Sales. Send #exit to go back to the menu."]
    assert told(effects) == []


def test_a_tap_on_the_agents_own_list_goes_to_the_agent() -> None:
    assert told(with_sales().then(wrote("p1", 3, kind="list_reply"))) == [("sales-in", "list_reply", "p1")]


def test_a_message_goes_to_the_agent() -> None:
    assert told(with_sales().then(wrote("how much?", 3))) == [("sales-in", "text", "how much?")]


@pytest.mark.parametrize("words", ["#exit", "#EXIT", "  #Exit  "])
def test_an_exit_word_ends_the_conversation(words: str) -> None:
    effects = with_sales().then(wrote(words, 3))
    assert told(effects) == [("sales-in", "closed", "The user left the conversation.")]
    assert said(effects) == [f"Your conversation is over.\n\n{MENU}"]


def test_an_exit_word_at_the_menu_shows_it_without_farewell() -> None:
    story = Story()
    story.then(wrote("hi", 1))
    assert said(story.then(wrote("#exit", 2))) == [MENU]
    assert said(Story().then(wrote("#exit", 1))) == [MENU]


def test_a_reply_of_the_connected_agent_is_sent() -> None:
    effects = with_sales().then(replied("Ten euros.", 1))
    assert said(effects) == ["Ten euros."]
    send = effects[0]
    assert isinstance(send, Send)
    assert (send.agent, send.window_ends) == (SALES.id, NOW + DAY - 60)


def test_a_reply_of_another_agent_is_refused() -> None:
    effects = with_sales().then(replied("buy!", 1, by=SERVICE))
    assert said(effects) == []
    topic, _, reason = told(effects)[0]
    assert topic == "consumer_service-error"
    assert reason == "agent Consumer Service is not associated with waID: 5511999990000"


def test_a_reply_to_somebody_unknown_is_refused() -> None:
    effects = Story().then(replied("hello?", 1))
    assert [topic for topic, _, _ in told(effects)] == ["sales-error"]


def test_a_reply_after_the_window_is_refused_but_a_template_is_not() -> None:
    rules = Rules(session_seconds=10 * DAY)
    story = Story(rules=rules)
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    refused = story.then(replied("still there?", 1, at=NOW + DAY))
    assert said(refused) == []
    assert isinstance(refused[0], TellAgent)
    assert refused[0].record["code"] == "window_closed"
    assert said(story.then(templated(2, at=NOW + DAY))) == ["template"]


def test_a_day_of_silence_ends_the_session_and_tells_the_agent() -> None:
    story = with_sales()
    assert story.then(struck(1, NOW + DAY - 1)) == ()
    assert told(story.then(struck(2, NOW + DAY))) == [("sales-in", "closed", "The user was silent for too long.")]
    assert story.state.session is None


def test_who_comes_back_after_a_day_is_at_the_menu_and_the_agent_is_told_once() -> None:
    story = with_sales()
    effects = story.then(wrote("back", 3, at=NOW + DAY))
    assert told(effects) == [("sales-in", "closed", "The user was silent for too long.")]
    assert said(effects) == [MENU]
    assert story.then(struck(1, NOW + DAY + 1)) == ()


def test_an_answer_to_an_ended_session_is_refused_once() -> None:
    story = with_sales()
    effects = story.then(replied("hello?", 1, at=NOW + DAY))
    assert [topic for topic, _, _ in told(effects)] == ["sales-in", "sales-error"]
    assert said(story.then(wrote("2", 3, at=NOW + DAY + 1))) == [MENU], "no menu was shown: 2 is no choice"


def test_statuses_go_to_the_agent_who_sent_and_never_back() -> None:
    story = with_sales()
    story.then(wrote("#exit", 3))
    story.then(wrote("1", 4))
    assert told(story.then(status("e1", "read"))) == [("sales-in", "status", "read")]
    assert story.then(status("e1", "delivered")) == ()
    assert story.then(status("e1", "sent")) == ()
    assert told(story.then(status("e2", "sent"))) == [("sales-in", "status", "sent")]


def test_a_failed_status_is_an_error_of_its_own() -> None:
    story = with_sales()
    story.then(status("e1", "delivered"))
    failed = replace(status("e1", "failed"), errors=({"code": 131026, "title": "Undeliverable", "details": None},))
    ((topic, kind, text),) = told(story.then(failed))
    assert (topic, kind) == ("sales-error", "error")
    assert text.endswith(". Meta says: Undeliverable (Meta's error 131026)")
    assert story.then(failed) == ()
    assert told(story.then(status("e1", "read"))) == [("sales-in", "status", "read")]


def test_a_status_of_the_brokers_own_message_or_of_a_stranger_has_no_effect() -> None:
    story = with_sales()
    assert story.then(status("e1", "sent", by=None)) == ()
    assert story.then(replace(status("e1", "sent"), mark=None)) == ()


def test_a_status_never_makes_a_session() -> None:
    story = Story()
    assert told(story.then(status("e1", "sent"))) == [("sales-in", "status", "sent")]
    assert story.state.session is None


@pytest.mark.parametrize(("verdict", "count"), [("accepted", 0), ("refused", 1), ("in_doubt", 1), ("late", 1)])
def test_the_agent_is_told_of_a_send_that_failed(verdict: str, count: int) -> None:
    effects = with_sales().then(finished("e1", verdict))
    assert [topic for topic, _, _ in told(effects)] == ["sales-error"] * count


def test_users_of_a_removed_agent_get_the_menu() -> None:
    story = with_sales()
    story.register = Register.of([SERVICE, replace(SALES, active=False), DESK], version=2)
    fresh = "Sales is no longer available.\n\nChoose an option:\n1. Consumer Service\n2. Help Desk"
    assert said(story.then(struck(1, NOW + 5))) == [fresh]

    story = with_sales()
    story.register = Register.of([SERVICE, replace(SALES, active=False), DESK], version=2)
    assert said(story.then(wrote("hello?", 3))) == [fresh]
    assert story.state.session is not None
    assert [record["text"] for record in story.state.session.kept] == ["hello?"]


def test_without_agents_the_message_is_kept_for_the_first_to_come() -> None:
    story = Story(register=Register())
    assert said(story.then(wrote("hi", 1))) == ["Nobody is available at the moment."]
    story.register = REGISTER
    story.then(wrote("hello", 2))
    assert [text for _, _, text in told(story.then(wrote("1", 3)))][1:] == ["hi", "hello"]


def test_kept_messages_are_bounded_and_what_is_dropped_is_put_aside() -> None:
    story = Story(rules=Rules(kept_messages=2))
    story.then(wrote("a", 1))
    story.then(wrote("b", 2))
    assert aside(story.then(wrote("c", 3))) == ["more messages than can be kept came before an agent was chosen"]
    effects = story.then(wrote("1", 4))
    assert [text for _, _, text in told(effects)][1:] == ["b", "c"]
    first = effects[1]
    assert isinstance(first, TellAgent)
    assert first.record["dropped"] == 1


def test_a_message_three_days_late_is_kept_and_put_aside_without_a_menu() -> None:
    story = Story()
    effects = story.then(wrote("hi", 1, at=NOW - 3 * DAY), now=NOW)
    assert said(effects) == []
    assert aside(effects) == ["came so late that its window had closed: the menu could not be sent"]


def test_a_late_message_never_moves_the_window_back() -> None:
    story = with_sales()
    assert told(story.then(wrote("older", 3, at=NOW - 3600), now=NOW + 1)) == [("sales-in", "text", "older")]
    assert story.state.window is not None
    assert story.state.window.last_seen == NOW


def test_the_day_is_counted_by_metas_clock_not_by_the_webhooks_arrival() -> None:
    story = with_sales()
    effects = story.then(wrote("written in time", 3, at=NOW + 23 * 3600), now=NOW + 25 * 3600)
    assert told(effects) == [("sales-in", "text", "written in time")]


def test_a_timestamp_in_the_far_future_does_not_hold_the_window_open() -> None:
    story = with_sales()
    story.then(wrote("from the future", 3, at=NOW + 1000 * DAY), now=NOW)
    assert story.state.window is not None
    assert story.state.window.last_seen == NOW + 300


def test_a_repeat_is_recognised_after_many_replies() -> None:
    story = with_sales()
    story.then(wrote("a question", 3))
    for number in range(300):
        story.then(replied("answer", number))
    assert story.then(wrote("a question", 3)) == ()


def test_what_is_forgotten_leaves_nothing() -> None:
    story = with_sales()
    story.then(struck(1, NOW + DAY))
    assert story.state.session is None
    story.then(struck(2, NOW + 9 * DAY))
    assert story.state == State()


def test_a_crash_between_the_two_writes_is_healed_without_a_second_effect() -> None:
    before = Story()
    before.then(wrote("hi", 1))
    event = wrote("2", 2)
    after = Story()
    after.state = before.state
    assert after.then(event)
    half = Story()
    half.state = State(session=after.state.session, window=before.state.window)
    assert half.then(event) == ()
    assert half.state == after.state
