"""Agents close a conversation and hand users over (docs/agents.md, closing and handing over)."""

from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, BadRecord, read_agent_record
from app.core.effects import TellAgent
from tests.unit.histories import DAY, DESK, NOW, SALES, Story, acted, agent, replied, said, told, wrote


def with_sales() -> Story:
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    return story


def test_close_says_farewell_and_shows_the_menu() -> None:
    story = with_sales()
    effects = story.then(acted(1, kind="close", text="Bye!", reason="solved"))
    assert told(effects) == [("sales-in", "closed", "solved")]
    assert said(effects)[0] == "Bye!" and said(effects)[1].startswith("Choose an option:")
    assert story.state.session is not None and story.state.session.agent is None
    assert story.then(acted(1, kind="close", text="Bye!", reason="solved")) == ()


def test_transfer_connects_the_other_agent_with_the_note() -> None:
    story = with_sales()
    effects = story.then(acted(1, kind="transfer", to=" help desk ", note="order 17"))
    assert told(effects) == [
        ("sales-in", "closed", "The user is with Help Desk now."),
        ("help_desk-in", "initial", "Ana wants to talk"),
    ]
    assert said(effects) == ["Transferring to Help Desk"]
    record = next(e.record for e in effects if isinstance(e, TellAgent) and e.agent == DESK.id)
    assert (record["from"], record["note"]) == ("Sales", "order 17")
    assert told(story.then(wrote("thanks", 3))) == [("help_desk-in", "text", "thanks")]


def test_a_transfer_names_the_other_agent_by_its_id_too() -> None:
    story = with_sales()
    assert told(story.then(acted(1, kind="transfer", to=DESK.id)))[1][:2] == ("help_desk-in", "initial")


def test_the_next_agent_gets_the_ids_of_the_conversations_last_messages() -> None:
    story = with_sales()
    (asked,) = story.then(replied("which order?", 1))
    story.then(acted(2, kind="typing", message_id="wamid.1"))
    story.then(wrote("17", 3))
    effects = story.then(acted(3, kind="transfer", to="Help Desk"))
    record = next(e.record for e in effects if isinstance(e, TellAgent) and e.agent == DESK.id)
    assert record["references"] == ["wamid.1", asked.id, "wamid.3"]
    for number in range(4, 24):
        story.then(wrote("more", number))
    again = story.then(acted(4, by=DESK, kind="transfer", to="Sales"))
    record = next(e.record for e in again if isinstance(e, TellAgent) and e.agent == SALES.id)
    assert record["references"] == [f"wamid.{number}" for number in range(14, 24)]


def test_a_new_conversation_begins_without_the_references_of_the_old_one() -> None:
    story = with_sales()
    story.then(wrote("a secret", 3))
    story.then(acted(1, kind="close"))
    story.then(wrote("2", 4))
    effects = story.then(acted(2, kind="transfer", to="Help Desk"))
    record = next(e.record for e in effects if isinstance(e, TellAgent) and e.agent == DESK.id)
    assert record["references"] == []


@pytest.mark.parametrize("to", ["Sales", "Nobody", "Retired", SALES.id, 9, 77])
def test_a_transfer_to_oneself_or_to_no_active_agent_is_refused(to: str | int) -> None:
    story = with_sales()
    story.register = story.register.of([*story.register.agents, agent(9, "Retired", active=False)])
    before = story.state.session
    (told_one,) = story.then(acted(1, kind="transfer", to=to))
    assert isinstance(told_one, TellAgent) and told_one.topic == "sales-error"
    assert told_one.record["code"] == "unknown_agent" and "the field to" in told_one.record["text"]
    assert story.state.session == before


@pytest.mark.parametrize("fields", [{"kind": "close"}, {"kind": "transfer", "to": "Sales"}])
def test_an_agent_without_the_user_cannot_act(fields: dict[str, Any]) -> None:
    (told_one,) = with_sales().then(acted(1, by=DESK, **fields))
    assert isinstance(told_one, TellAgent) and told_one.record["code"] == "not_connected"


def test_a_farewell_after_the_window_is_refused_and_the_conversation_goes_on() -> None:
    story = with_sales()
    (told_one,) = story.then(acted(1, at=NOW + DAY - 30, kind="close", text="Bye!"))
    assert isinstance(told_one, TellAgent) and told_one.record["code"] == "window_closed"
    assert story.state.session is not None and story.state.session.agent == SALES.id


@pytest.mark.parametrize(
    "fields",
    [
        {"message_type": "close"},
        {"message_type": "close", "text": "Bye!", "reason": "solved"},
        {"message_type": "transfer", "to": "Help Desk", "note": "order 17"},
        {"message_type": "transfer", "to": 3},
    ],
)
def test_an_act_is_read_and_keeps_its_fields(fields: dict[str, Any]) -> None:
    read = read_agent_record(orjson.dumps({"waID": "5511999990000", **fields}), "1029384756")
    assert isinstance(read, AgentRecord)
    expected = {"kind" if name == "message_type" else name: value for name, value in fields.items()}
    assert read.message.model_dump(mode="json") == expected


def test_a_transfer_to_nobody_is_refused() -> None:
    read = read_agent_record(b'{"waID": "5511999990000", "message_type": "transfer"}', "1029384756")
    assert isinstance(read, BadRecord) and read.reason == "to is missing or blank"


@pytest.mark.parametrize("to", ['""', '" "', "null", "true", "1.5", "[]"])
def test_a_transfer_to_what_is_no_name_and_no_id_is_refused(to: str) -> None:
    value = f'{{"waID": "5511999990000", "message_type": "transfer", "to": {to}}}'
    read = read_agent_record(value.encode(), "1029384756")
    assert isinstance(read, BadRecord) and read.reason.startswith("to")
    assert read.reason.startswith(("to: must be an agent's name or its id", "to is missing")), read.reason
