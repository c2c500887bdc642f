"""Everything an agent can send: each kind is read, each limit holds to the character, a refusal says what to mend."""

from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, BadRecord, read_agent_record
from app.core.messages import MODELS, read_message
from tests.unit.kinds import EVERY_KIND, MARKS, WAMID, Fields
from tests.unit.limits import AT_THE_LIMIT, SIZES, WRONG

ENVELOPE = {"waID": "5511999990000", "ref": "order-7"}
ALL = {name: fields for name, (fields, _) in (EVERY_KIND | MARKS).items()}


def read(fields: Fields) -> AgentRecord | BadRecord:
    """What becomes of an agent's record."""
    return read_agent_record(orjson.dumps({**ENVELOPE, **fields}), "1029384756")


def reason(fields: Fields) -> str:
    """Why a record is refused."""
    found = read(fields)
    assert isinstance(found, BadRecord), found
    assert (found.code, found.ref) == ("invalid", "order-7")
    return found.reason


def test_the_table_has_every_kind() -> None:
    assert {fields["message_type"] for fields in ALL.values()} == set(MODELS)


@pytest.mark.parametrize("name", ALL)
def test_every_kind_an_agent_may_write_is_read(name: str) -> None:
    found = read(ALL[name])
    assert isinstance(found, AgentRecord), found
    assert found.message.kind == ALL[name]["message_type"]


@pytest.mark.parametrize("name", ALL)
def test_every_message_survives_the_way_through_kafka(name: str) -> None:
    found = read(ALL[name])
    assert isinstance(found, AgentRecord), found
    data = orjson.loads(orjson.dumps(found.message.model_dump(mode="json")))
    assert read_message(data) == found.message


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_what_is_exactly_at_a_limit_passes(name: str) -> None:
    assert isinstance(read(AT_THE_LIMIT[name]), AgentRecord), read(AT_THE_LIMIT[name])


@pytest.mark.parametrize("name", WRONG)
def test_what_breaks_a_rule_is_refused_and_the_field_is_named(name: str) -> None:
    fields, said = WRONG[name]
    assert said in reason(fields)


@pytest.mark.parametrize("name", SIZES)
def test_a_refusal_for_size_names_field_limit_and_value(name: str) -> None:
    limit, record = SIZES[name]
    field = name.partition(" of ")[0]
    unit = "items" if name in ("contacts", "buttons", "list_items") else "characters"
    said = reason(record(limit + 1))
    assert said.startswith(f"{field} may have at most {limit} {unit}, not {limit + 1}: ")
    assert len(said) < 300


QUOTING = sorted({kind for kind, model in MODELS.items() if "reply_to" in model.model_fields})


def test_every_kind_but_reactions_and_marks_may_quote() -> None:
    assert sorted(set(MODELS) - set(QUOTING)) == ["mark_read", "reaction", "typing"]


@pytest.mark.parametrize("name", [name for name, fields in ALL.items() if fields["message_type"] in QUOTING])
def test_a_quoted_message_is_kept(name: str) -> None:
    found = read({**ALL[name], "reply_to": WAMID})
    assert isinstance(found, AgentRecord), found
    assert found.message.model_dump()["reply_to"] == WAMID


@pytest.mark.parametrize("switch", ["split", "preview_url"])
@pytest.mark.parametrize("value", ["perhaps", 7, [], {}])
def test_a_switch_is_on_or_off(switch: str, value: Any) -> None:
    assert f"{switch}: Input should be a valid boolean" in reason({"message_type": "text", "text": "hi", switch: value})


def test_a_record_with_many_faults_names_the_first_ones() -> None:
    nameless: Fields = {"name": {}}
    assert reason({"message_type": "contacts", "contacts": [nameless] * 20}).endswith("; and 15 more")
