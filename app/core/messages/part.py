"""What all messages are made of: the frozen model, words Meta accepts, and a text cut to its limit.

In: JSON of an agent or a sentence of ours. Out: validated models, or a ValidationError that names field, limit and
value. Lengths are counted in characters, that is Unicode code points: neither bytes nor what a reader sees as one sign
(👍🏽 has two). Whether Meta counts like this is not known for emoji (whatsapp-cloud-api, 5.2 and chapter 10).
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema

Written = StringConstraints(pattern=r"\S")
"""Meta refuses blank texts, labels and titles."""


NOTHING: tuple[Any, ...] = (None, "", [], {}, False, 0)
"""What a program writes for a field it does not use."""


def cut(text: str, limit: int) -> str:
    """The text within a limit of characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_web_address(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme.lower() not in ("http", "https") or not rest or any(char.isspace() for char in value):
        raise ValueError("must be an address that begins with http:// or https:// and has no space in it")
    return value


WebAddress = Annotated[
    str, AfterValidator(_is_web_address), Field(json_schema_extra={"pattern": r"^[hH][tT][tT][pP][sS]?://\S+$"})
]
MessageId = Annotated[str, Written]
"""Meta's id of a message, `wamid.…`: opaque, of no fixed length."""


def unset() -> Any:
    """The default of a field that may be left out; it is then left out of the JSON as well."""
    return Field(default=None, exclude_if=lambda value: value is None)


def empty() -> Any:
    """The default of a tuple that is left out of the JSON when there is nothing in it."""
    return Field(default=(), exclude_if=lambda value: not value)


def off() -> Any:
    """The default of a switch that is left out of the JSON when it is off."""
    return Field(default=False, exclude_if=lambda value: not value)


class Part(BaseModel):
    """A message or a part of one: immutable, and passing over fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)
    takes_no: ClassVar[tuple[str, ...]] = ()
    """Fields other kinds have and this one has not: to drop them unsaid would lose what the agent meant."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_would_be_lost(cls, data: Any) -> Any:
        given = [name for name in cls.takes_no if isinstance(data, dict) and data.get(name)]
        if given:
            raise ValueError(f"takes no {given[0]}")
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The model's schema, which says of what it takes not that it must be empty."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).setdefault("properties", {})
        properties.update({name: {"enum": list(NOTHING)} for name in cls.takes_no})
        return schema


class Quoting(Part):
    """A message that may quote an earlier one of the same chat (whatsapp-cloud-api, 5.5)."""

    reply_to: MessageId | None = unset()
    """Meta's id of the quoted message: a `message_id` of the chat."""


def first_repeated(values: Iterable[str]) -> str | None:
    """The first value that stands twice; None when each stands once."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
