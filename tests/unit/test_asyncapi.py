"""docs/asyncapi.yaml is a sound AsyncAPI 3 document about the topics agents have, and its references lead somewhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator

from app.contract import DIALECT, schemas

FILE = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
TOPICS = {"in": "agent-in", "out": "agent-out", "error": "agent-error"}
ACTIONS = {"in": "send", "out": "receive", "error": "send"}

TEXT = {"type": "string", "pattern": r"\S"}
REFERENCE = {"type": "object", "properties": {"$ref": TEXT}, "required": ["$ref"], "maxProperties": 1}


def a(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """The schema of an object with these fields and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def map_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with free names."""
    return {"type": "object", "minProperties": 1, "additionalProperties": schema}


SAYING = {"title": TEXT, "description": TEXT}
PARAMETER = a({"description": TEXT, "examples": {"type": "array", "items": TEXT}})
CHANNEL = a({**SAYING, "address": TEXT, "parameters": map_of(PARAMETER), "messages": map_of(REFERENCE)}, "address")
OPERATION = a(
    {
        **SAYING,
        "action": {"enum": ["send", "receive"]},
        "channel": REFERENCE,
        "messages": {"type": "array", "items": REFERENCE},
    },
    "action",
    "channel",
)
MESSAGE = a(
    {
        **SAYING,
        "name": TEXT,
        "contentType": TEXT,
        "bindings": map_of({"type": "object"}),
        "payload": a({"schemaFormat": TEXT, "schema": REFERENCE}, "schemaFormat", "schema"),
        "examples": {"type": "array", "items": a({"name": TEXT, "payload": {"type": "object"}}, "payload")},
    },
    "payload",
)
ASYNCAPI_3 = a(
    {
        "asyncapi": {"const": "3.0.0"},
        "info": a({**SAYING, "version": TEXT}, "title", "version"),
        "defaultContentType": TEXT,
        "servers": map_of(a({"host": TEXT, "protocol": TEXT, "description": TEXT}, "host", "protocol")),
        "channels": map_of(CHANNEL),
        "operations": map_of(OPERATION),
        "components": a({"messages": map_of(MESSAGE)}),
    },
    "asyncapi",
    "info",
)
"""The part of AsyncAPI 3 that the document uses; a field that stands in no place AsyncAPI knows is a mistake."""


def references(part: Any) -> Iterator[str]:
    """Every reference in a part of the document."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from [value] if name == "$ref" else references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def target(reference: str) -> Any:
    """What a reference leads to; raises KeyError or OSError when it leads nowhere."""
    file, _, path = reference.partition("#")
    found: Any = json.loads((FILE.parent / file).read_text()) if file else DOCUMENT
    for name in path.split("/")[1:]:
        found = found[name]
    return found


def test_the_document_is_asyncapi() -> None:
    Draft202012Validator.check_schema(ASYNCAPI_3)
    Draft202012Validator(ASYNCAPI_3).validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 10
    assert [reference for reference in found if not target(reference)] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_of_an_agent_is_described_with_its_schema(topic: str) -> None:
    channel = DOCUMENT["channels"][topic]
    assert channel["address"] == f"{{agent}}-{topic}"
    (message,) = [target(reference["$ref"]) for reference in channel["messages"].values()]
    assert target(message["payload"]["schema"]["$ref"]) == schemas()[TOPICS[topic]]
    assert message["payload"]["schemaFormat"].endswith("version=draft-2020-12")
    assert "2020-12" in DIALECT


@pytest.mark.parametrize("topic", TOPICS)
def test_the_broker_sends_to_in_and_error_and_receives_from_out(topic: str) -> None:
    (operation,) = [one for one in DOCUMENT["operations"].values() if one["channel"]["$ref"] == f"#/channels/{topic}"]
    assert operation["action"] == ACTIONS[topic]
    assert [one["$ref"].rpartition("/")[0] for one in operation["messages"]] == [f"#/channels/{topic}/messages"]


def test_every_example_is_as_its_schema_says() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        validator = Draft202012Validator(target(message["payload"]["schema"]["$ref"]))
        for example in message["examples"]:
            validator.validate(example["payload"])
