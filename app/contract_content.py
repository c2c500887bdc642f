"""What an agent reads as `content`, as JSON Schema: one shape for each `type`, made from the models that write it.

In: the models of contents. Out: their definitions, and among them the choice by `type`. A type nobody knows yet may
have anything in it, and every shape may get more fields. What is missing is left out of a content, never null.
"""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from app.core.media import LARGEST
from app.whatsapp.content import MODELS, REPLIES
from app.whatsapp.content_base import Content, Part, Said
from app.whatsapp.content_words import Strange, System

REFERENCE = "#/$defs/{model}"
CHOICE = "ContentByType"
LEFT_OUT = {
    "description": "Of a message too large for a record: its bytes. There is nothing else; it is in `raw_payload`.",
    "type": "integer",
    "minimum": 0,
}
OURS = {
    "media": {"description": "The broker's id of the file.", "type": "string"},
    "url": {"description": "Where the broker has the file; get it with a bearer token.", "type": "string"},
}
"""What the router adds to a file (`app.core.media.with_address`)."""


class Names(Part):
    """What names a person at one time."""

    # As `Identity.to_dict` writes them.
    phone: Said = None
    user_id: Said = None
    parent_user_id: Said = None


class Note(System):
    """A note of WhatsApp about the user; of a change of number or user id with `before` and `after`."""

    before: Names | None = None
    after: Names | None = None


SHAPES: dict[str, type[Content]] = {**MODELS, **REPLIES, "interactive": Strange, "system": Note}
"""The shape of each `type`."""


class _WithoutNull(GenerateJsonSchema):
    """A field that is missing is left out: null stands nowhere."""

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def content_definitions() -> dict[str, Any]:
    """The definition of each shape, by the name of its model."""
    shapes: set[type[Content]] = {Content, *SHAPES.values()}
    _, shared = models_json_schema(
        [(shape, "serialization") for shape in sorted(shapes, key=lambda shape: shape.__name__)],
        by_alias=False,
        ref_template=REFERENCE,
        schema_generator=_WithoutNull,
    )
    definitions: dict[str, Any] = shared["$defs"]
    for shape in shapes:
        definitions[shape.__name__]["properties"]["left_out"] = LEFT_OUT
    for kind in LARGEST:
        properties = definitions[SHAPES[kind].__name__]["properties"]
        definitions[SHAPES[kind].__name__]["properties"] = {**OURS, **properties}
    definitions[CHOICE] = {"description": "Which shape `content` has, by `type`.", "allOf": _choice()}
    definitions["Edit"]["properties"]["message"] = {
        "description": definitions["Edit"]["properties"]["message"]["description"],
        "$ref": REFERENCE.format(model=CHOICE),
        "type": "object",
        "properties": {"type": {"type": "string"}, "text": {"type": "string"}, "content": {"type": "object"}},
        "required": ["type", "text", "content"],
    }
    return definitions


def _choice() -> list[dict[str, Any]]:
    by_shape: dict[str, list[str]] = {}
    for kind, shape in SHAPES.items():
        by_shape.setdefault(shape.__name__, []).append(kind)
    return [_when(kinds, name) for name, kinds in sorted(by_shape.items(), key=lambda pair: pair[1])]


def _when(kinds: Sequence[str], shape: str) -> dict[str, Any]:
    named = {"const": kinds[0]} if len(kinds) == 1 else {"enum": list(kinds)}
    return {
        "if": {"properties": {"type": named}, "required": ["type"]},
        "then": {"properties": {"content": {"$ref": REFERENCE.format(model=shape)}}},
    }
