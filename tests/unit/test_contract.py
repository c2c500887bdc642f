"""The contract for agents in its three forms: models, JSON Schema and AsyncAPI, and the examples people copy.

`python -m tests.unit.test_contract` writes docs/schema anew.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.contract import schemas
from app.contract_content import SHAPES, content_definitions
from app.core.agent_forms import FORMS
from app.core.agent_record import AgentRecord, read_agent_record
from app.core.decide import decide
from app.core.effects import Effect, TellAgent
from app.core.events import Event, NotUnderstood
from app.core.media import LARGEST
from app.core.state import Session, State, Window
from app.whatsapp.envelope import split
from app.whatsapp.inbound import read_item
from tests.unit.histories import DAY, NOW, REGISTER, RULES, SALES, Story, finished, replied, status, struck, wrote
from tests.unit.kinds import EVERY_KIND, MARKS, WAMID, Fields
from tests.unit.limits import AT_THE_LIMIT, SIZES
from tests.unit.test_agent_record import LIST, TEMPLATE, TEXT
from tests.unit.whatsapp.shapes import NAMES, TOLD, body, record

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schema"
AGENTS = (ROOT / "docs" / "agents.md").read_text()
SECTIONS = {"What you read": "agent-in", "What you write": "agent-out", "What goes wrong": "agent-error"}

SCHEMAS = schemas()
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
WHO = {"waID": "5511999990000"}
RECORDS: dict[str, Fields] = {
    **{name: fields for name, (fields, _) in (EVERY_KIND | MARKS).items()},
    **{f"at the limit: {name}": fields for name, fields in AT_THE_LIMIT.items()},
    "a quoted reply": {"message_type": "text", "text": "yes", "reply_to": WAMID},
    "a long text": {"message_type": "text", "text": "word " * 1500, "split": True},
    "the first generation's text": TEXT,
    "the first generation's list": LIST,
    "the first generation's list with every field": {**LIST, "text": "", "unknown": None},
    "the first template": TEMPLATE,
}


def written(schema: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def check(name: str, record: Any) -> None:
    """Raise ValidationError when a record is not as the schema says."""
    VALIDATORS[name].validate(record)


def examples(section: str) -> list[Any]:
    """Every JSON object in the code of a section of agents.md; `…` stands for members that were left out."""
    text = AGENTS.split(f"## {section}")[1].split("\n## ")[0]
    found, decoder = [], json.JSONDecoder()
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        rest = re.sub(r",\s*…\s*}", "}", block).strip()
        while rest:
            example, end = decoder.raw_decode(rest)
            found.append(example)
            rest = rest[end:].strip()
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_in_the_documents_are_those_of_the_models(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == written(SCHEMAS[name]), "run `make schema`"
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_there_is_no_other_schema() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in SCHEMAS}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_we_take_is_as_the_schema_says(name: str) -> None:
    record = {**WHO, **RECORDS[name]}
    assert isinstance(read_agent_record(json.dumps(record).encode(), "1029384756"), AgentRecord)
    check("agent-out", record)


@pytest.mark.parametrize("name", SIZES)
def test_the_schema_knows_every_limit_of_size(name: str) -> None:
    limit, record = SIZES[name]
    with pytest.raises(ValidationError):
        check("agent-out", {**WHO, **record(limit + 1)})


@pytest.mark.parametrize(
    "change",
    [
        {"waID": ""},
        {"waID": None},
        {"message_type": "fax"},
        {"ref": "x" * 65},
        {"phone_number_id": ""},
        {"ttl_seconds": 0},
        {"text": None},
    ],
    ids=str,
)
def test_the_schema_refuses_what_we_refuse(change: Fields) -> None:
    with pytest.raises(ValidationError):
        check("agent-out", {**TEXT, **change})


def _told(effects: tuple[Effect, ...]) -> list[TellAgent]:
    return [effect for effect in effects if isinstance(effect, TellAgent)]


def test_every_record_we_write_is_as_the_schema_says() -> None:
    story = Story()
    happened: list[Event] = [
        wrote("hi", 1),
        wrote("2", 2),
        wrote("how much?", 3),
        wrote("p1", 4, kind="list_reply"),
        wrote("", 5, kind="image"),
        status("e1", "read"),
        status("e2", "failed"),
        finished("e3", "in_doubt"),
        replied("still there?", 1, at=NOW + DAY - 1),
        struck(1, NOW + DAY),
        replied("hello?", 2, at=NOW + DAY),
    ]
    told = [effect for event in happened for effect in _told(story.then(event))]
    assert {effect.record.get("type") for effect in told} >= {
        "initial",
        "text",
        "list_reply",
        "image",
        "status",
        "closed",
    }
    assert sum(effect.topic == "sales-error" for effect in told) == 4
    for effect in told:
        check("agent-error" if effect.topic == "sales-error" else "agent-in", json.loads(json.dumps(effect.record)))


@pytest.mark.parametrize("name", TOLD)
def test_what_an_agent_reads_of_every_webhook_is_as_the_schema_says(name: str) -> None:
    told = record(name)
    schema = "agent-in" if "type" in told else "agent-error"
    check(schema, told)
    assert set(told) - set(SCHEMAS[schema]["properties"]) == set(), "the schema names every field"
    if told.get("type") in SHAPES:
        shape = content_definitions()[SHAPES[told["type"]].__name__]
        assert set(told["content"]) - set(shape["properties"]) == set(), "also of its content"


@pytest.mark.parametrize("name", NAMES)
def test_whatever_an_agent_reads_of_any_webhook_is_as_the_schema_says(name: str) -> None:
    for one in split(body(name)):
        happened = read_item(one.value)
        if one.kind == "account" or one.reason or isinstance(happened, NotUnderstood):
            continue
        state = State(session=Session(since=happened.at, agent=SALES.id), window=Window(user=happened.user))
        for effect in _told(decide(state, happened, happened.at, REGISTER, RULES).effects):
            told = json.loads(json.dumps(effect.record))
            check("agent-in" if "type" in told else "agent-error", told)


READ = {name: told for name in TOLD if "type" in (told := record(name))}
FREE = ("raw", "response")
"""Of a content: what came from elsewhere, in whatever form."""


def leaves(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a content stands that the broker itself gives a type."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found = [leaf for name, value in inner if name not in FREE for leaf in leaves(value, (*path, name))]
    return found if inner else [path]


def changed(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A record with another value somewhere in its content."""
    copied: Any = json.loads(json.dumps(record))
    part = copied["content"]
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return dict(copied)


@pytest.mark.parametrize("name", [name for name, told in READ.items() if any(leaves(told.get("content", {})))])
@pytest.mark.parametrize("wrong", [None, {"wrong": 1}, [7]], ids=str)
def test_a_field_of_a_content_with_another_type_breaks_the_schema(name: str, wrong: Any) -> None:
    for path in leaves(READ[name]["content"]):
        with pytest.raises(ValidationError):
            check("agent-in", changed(READ[name], path, wrong))


def test_there_is_a_content_of_every_type_whose_fields_were_tried() -> None:
    tried = {told["type"] for told in READ.values() if any(leaves(told.get("content", {})))}
    assert set(SHAPES) - tried <= {"interactive", "request_welcome"}


@pytest.mark.parametrize("kind", SHAPES)
def test_every_content_may_be_left_out_have_errors_and_get_more_fields(kind: str) -> None:
    told = {**READ["text"], "type": kind}
    for content in ({}, {"left_out": 1_048_577}, {"errors": [{"code": 131052}]}, {"to_come": [{"x": None}]}):
        check("agent-in", {**told, "content": content})
    with pytest.raises(ValidationError):
        check("agent-in", {**told, "content": "words"})


def test_a_type_to_come_may_have_any_content() -> None:
    told = {**READ["text"], "type": "hologram", "content": {"body": 7, "media_id": [None], "raw": "beam"}}
    check("agent-in", told)


@pytest.mark.parametrize("kind", LARGEST)
@pytest.mark.parametrize("field", ["media", "url"])
def test_a_file_has_our_id_and_address_as_texts(kind: str, field: str) -> None:
    told = {**READ["image"], "type": kind}
    check("agent-in", changed(told, (field,), "wab-1"))
    with pytest.raises(ValidationError):
        check("agent-in", changed(told, (field,), 1))


def test_an_edited_message_has_the_content_of_its_type() -> None:
    message = {"type": "location", "text": "", "content": {"latitude": -23.5}}
    told = {**READ["text"], "type": "edit", "content": {"original_message_id": WAMID, "message": message}}
    check("agent-in", told)
    with pytest.raises(ValidationError):
        check("agent-in", changed(told, ("message", "content", "latitude"), "north"))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_example_in_the_documents_is_as_the_schema_says(section: str) -> None:
    first, *others = examples(section)
    check(SECTIONS[section], first)
    # What we write may be shortened after the first example; what agents write must stand there whole.
    envelope = {} if section == "What you write" else first
    for example in others:
        check(SECTIONS[section], envelope | example)


def test_there_is_an_example_of_every_kind_and_each_can_be_sent() -> None:
    found = examples("What you write")
    assert {example["message_type"] for example in found} == set(FORMS)
    for example in found:
        assert isinstance(read_agent_record(json.dumps(example).encode(), "1029384756"), AgentRecord), example


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in SCHEMAS.items():
        (FOLDER / f"{file}.json").write_text(written(content))
