"""What an agent of the register must look like."""

from typing import Any

import pytest

from app.core.agent_rules import Clash, Draft, Refused, read_draft, refuse_clashes
from app.core.agent_texts import LENGTHS
from app.core.hours import read_hours
from app.core.register import Agent
from app.settings import Settings
from app.topics import Topics

GOOD: dict[str, Any] = {
    "name": "Sales",
    "read_topic": "sales-in",
    "write_topic": "sales-out",
    "error_topic": "sales-error",
}
RESERVED = Topics(Settings(app_id="house", topic_prefix="wa.")).reserved


def problems(changes: dict[str, Any], current: Agent | None = None) -> list[tuple[str, str]]:
    """Field and reason of everything wrong with a good agent after some changes."""
    with pytest.raises(Refused) as caught:
        read_draft({**GOOD, **changes}, RESERVED, current)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


def test_the_first_generations_fields_are_enough() -> None:
    assert read_draft(GOOD, RESERVED) == Draft(**GOOD)


def test_fields_we_do_not_know_are_passed_over() -> None:
    assert read_draft({**GOOD, "id": 5, "colour": "red"}, RESERVED) == Draft(**GOOD)


@pytest.mark.parametrize("name", ["A", "x" * 24, "Serviço ao Cliente 🙂", "24/7", "a-b"])
def test_good_names(name: str) -> None:
    assert read_draft({**GOOD, "name": name}, RESERVED).name == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "is missing"),
        ("", "must not be empty"),
        ("   ", "must not be empty"),
        (7, "must be a text"),
        ("x" * 25, "has 25 characters, 24 are allowed"),
        (" Sales", "begin or end with a space"),
        ("Sa\nles", "control characters"),
        ("Sa\x00les", "control characters"),
        ("12", "must not be a number"),
    ],
)
def test_bad_names(name: Any, words: str) -> None:
    ((field, reason),) = problems({"name": name})
    assert field == "name" and words in reason


@pytest.mark.parametrize("topic", ["a", "A.b_c-9", "x" * 249, "agent_A-in", "...", "houses-in"])
def test_good_topics(topic: str) -> None:
    assert read_draft({**GOOD, "read_topic": topic}, RESERVED).read_topic == topic


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (None, "is missing"),
        ("", "must not be empty"),
        (["a"], "must be a text"),
        ("a b", "no name Kafka allows"),
        ("ação", "no name Kafka allows"),
        ("a/b", "no name Kafka allows"),
        ("a\n", "no name Kafka allows"),
        (".", "must not be . or .."),
        ("..", "must not be . or .."),
        ("x" * 250, "has 250 characters, 249 are allowed"),
        ("__consumer_offsets", "Kafka's own"),
        ("wa.webhook", "belongs to the broker"),
        ("wa.agents", "belongs to the broker"),
        ("house-sessions-changelog", "belongs to the broker"),
    ],
)
@pytest.mark.parametrize("field", ["read_topic", "write_topic", "error_topic"])
def test_bad_topics(field: str, topic: Any, words: str) -> None:
    ((wrong, reason),) = problems({field: topic})
    assert wrong == field and words in reason


def test_the_same_topic_twice() -> None:
    assert problems({"error_topic": "sales-in"}) == [
        ("error_topic", "is the same topic as read_topic: each needs one of its own")
    ]
    assert problems({"read_topic": "a.b", "write_topic": "a_b"}) == [
        ("write_topic", "differs from read_topic only in . and _, which Kafka cannot tell apart")
    ]


@pytest.mark.parametrize("position", [-1, 1_000_001, 1.5, "1", True, None])
def test_bad_positions(position: Any) -> None:
    assert [field for field, _ in problems({"position": position})] == ["position"]


@pytest.mark.parametrize(
    ("description", "words"), [("x" * 73, "has 73 characters, 72 are allowed"), ("a\nb", "control"), (None, "a text")]
)
def test_bad_descriptions(description: Any, words: str) -> None:
    ((field, reason),) = problems({"description": description})
    assert field == "description" and words in reason


def test_hours_and_messages_are_read_and_kept_when_left_out() -> None:
    hours = {"zone": "Europe/Berlin", "days": {"monday": ["09:00-18:00"]}}
    draft = read_draft({**GOOD, "hours": hours, "closed_message": "Closed", "welcome_message": "Hello"}, RESERVED)
    assert draft.hours == read_hours(hours) and (draft.closed_message, draft.welcome_message) == ("Closed", "Hello")
    agent = draft.as_agent(1)
    assert Agent.from_dict(agent.to_dict()) == agent
    assert read_draft(GOOD, RESERVED, agent) == draft
    assert read_draft({**GOOD, "hours": None}, RESERVED, agent).hours is None


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"hours": {"zone": "Nowhere", "days": {}}}, "hours", "zone: must be the name"),
        ({"closed_message": None}, "closed_message", "must be a text"),
        ({"closed_message": "x" * 1025}, "closed_message", "has 1025 characters, 1024 are allowed"),
        ({"welcome_message": "a\x00b"}, "welcome_message", "NUL"),
    ],
)
def test_bad_hours_and_messages(changes: dict[str, Any], field: str, words: str) -> None:
    ((wrong, reason),) = problems(changes)
    assert wrong == field and words in reason


def test_texts_are_read_and_kept_when_left_out() -> None:
    draft = read_draft({**GOOD, "texts": {"gone": "", "farewell": "Tchau, {user}! {{exit}}"}}, RESERVED)
    assert draft.texts == (("farewell", "Tchau, {user}! {{exit}}"), ("gone", ""))
    agent = draft.as_agent(1)
    assert Agent.from_dict(agent.to_dict()) == agent
    assert read_draft(GOOD, RESERVED, agent) == draft
    assert read_draft({**GOOD, "texts": {"gone": "Gone."}}, RESERVED, agent).texts == (("gone", "Gone."),)
    assert read_draft({**GOOD, "texts": {}}, RESERVED, agent).texts == ()
    assert read_draft({**GOOD, "texts": {name: "x" * most for name, (_, most) in LENGTHS.items()}}, RESERVED).texts


def test_a_register_written_before_there_were_texts_is_read() -> None:
    old = OTHER.to_dict()
    del old["texts"]
    assert Agent.from_dict(old) == OTHER


@pytest.mark.parametrize(
    ("texts", "field", "words"),
    [
        (None, "texts", "must be an object"),
        (["farewell"], "texts", "must be an object"),
        ({"menu": "Choose"}, "texts.menu", "is no sentence of one agent: use closed, farewell"),
        ({"transferring": "Hello"}, "texts.transferring", "welcome_message"),
        ({"farewell": None}, "texts.farewell", "must be a text; leave it out"),
        ({"farewell": 7}, "texts.farewell", "must be a text"),
        ({"farewell": "x" * 1025}, "texts.farewell", "has 1025 characters, 1024 are allowed"),
        ({"gone": "x" * 257}, "texts.gone", "has 257 characters, 256 are allowed"),
        ({"opens": "x" * 61}, "texts.opens", "has 61 characters, 60 are allowed"),
        ({"opens": "At\n{opens}"}, "texts.opens", "line breaks"),
        ({"closed": " "}, "texts.closed", "must not be empty"),
        ({"farewell": "a\x00b"}, "texts.farewell", "NUL"),
        ({"farewell": "Bye, {name}"}, "texts.farewell", "cannot fill in ('name'); use {agent}, {exit}"),
        ({"farewell": "{}"}, "texts.farewell", "cannot fill in ('')"),
        ({"farewell": "Bye {"}, "texts.farewell", "cannot fill in"),
        ({"farewell": "{agent.__class__}"}, "texts.farewell", "cannot fill in ('agent.__class__')"),
        ({"farewell": "{agent:>999999999}"}, "texts.farewell", "cannot fill in ('agent:>999999999')"),
        ({"farewell": "{agent!r}"}, "texts.farewell", "cannot fill in ('agent!r')"),
    ],
)
def test_bad_texts(texts: Any, field: str, words: str) -> None:
    ((wrong, reason),) = problems({"texts": texts})
    assert wrong == field and words in reason


def test_every_wrong_text_is_named_at_once_among_the_other_fields() -> None:
    found = problems({"texts": {"opens": 1, "closed": "{x}"}, "active": 5, "welcome_message": 1})
    assert [field for field, _ in found] == ["welcome_message", "texts.closed", "texts.opens", "active"]


def test_every_problem_is_named_at_once_in_the_order_of_the_fields() -> None:
    found = problems({"name": "", "read_topic": "?", "error_topic": None, "description": 1, "position": -1})
    assert [field for field, _ in found] == ["name", "read_topic", "error_topic", "description", "position"]


def test_what_is_left_out_keeps_its_value() -> None:
    current = Draft(**GOOD, description="Buy here", position=3).as_agent(1)
    assert read_draft(GOOD, RESERVED, current) == Draft(**GOOD, description="Buy here", position=3)
    assert read_draft({**GOOD, "description": "", "position": 0}, RESERVED, current) == Draft(**GOOD)


OTHER = Agent(id=7, name="Help Désk", read_topic="help.in", write_topic="help-out", error_topic="help-error")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "help desk"}, ("name", "is taken by agent 7 (Help Désk)")),
        ({"write_topic": "help-error"}, ("write_topic", "is taken by agent 7 (Help Désk): its error_topic")),
        (
            {"read_topic": "help_in"},
            (
                "read_topic",
                "is taken by agent 7 (Help Désk): its read_topic as 'help.in', which Kafka cannot tell from 'help_in'",
            ),
        ),
    ],
)
def test_clashes_name_the_field_and_the_holder(changes: dict[str, str], expected: tuple[str, str]) -> None:
    with pytest.raises(Clash) as caught:
        refuse_clashes(Draft(**(GOOD | changes)), [OTHER])
    assert [(problem.field, problem.reason) for problem in caught.value.problems] == [expected]


def test_no_clash_with_itself_with_others_or_with_who_has_left() -> None:
    same = Draft(name="Help Désk", read_topic="help.in", write_topic="help-out", error_topic="help-error")
    refuse_clashes(same, [OTHER], own_id=7)
    refuse_clashes(same, [Agent.from_dict({**OTHER.to_dict(), "active": False})])
    refuse_clashes(Draft(**GOOD), [OTHER])
    with pytest.raises(Clash):
        refuse_clashes(same, [OTHER], own_id=8)
