"""Messages to a user, in the broker's own form, with Meta's limits.

In: JSON of an agent or a sentence of ours. Out: a validated model, or a ValidationError that names field, limit and
value. Limits are counted in characters; their source is Meta's message reference (whatsapp-cloud-api, 5.1–5.3).
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

TEXT_MAX = 4096
LIST_BODY_MAX = 4096
BUTTON_LABEL_MAX = 20
SECTION_TITLE_MAX = 24
ROW_ID_MAX = 200
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
ROWS_MAX = 10

Written = StringConstraints(pattern=r"\S")
"""Meta refuses blank texts, labels and titles."""


def cut(text: str, limit: int) -> str:
    """The text within a limit of characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Text(_Model):
    """Plain text."""

    kind: Literal["text"] = "text"
    text: Annotated[str, Written, Field(max_length=TEXT_MAX)]


class Row(_Model):
    """A row that can be tapped; only its id comes back."""

    id: Annotated[str, Written, Field(max_length=ROW_ID_MAX)]
    title: Annotated[str, Written, Field(max_length=ROW_TITLE_MAX)]
    description: Annotated[str, Field(max_length=ROW_DESCRIPTION_MAX)] = ""


class List(_Model):
    """A text with a button that opens up to ten rows."""

    kind: Literal["list"] = "list"
    text: Annotated[str, Written, Field(max_length=LIST_BODY_MAX)]
    button: Annotated[str, Written, Field(max_length=BUTTON_LABEL_MAX)]
    section: Annotated[str, Written, Field(max_length=SECTION_TITLE_MAX)]
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=ROWS_MAX)]

    @model_validator(mode="after")
    def _ids_differ(self) -> "List":
        twice = _first_repeated(row.id for row in self.rows)
        if twice is not None:
            raise ValueError(f"the id {twice!r} stands in two rows; a tap could not be told apart")
        return self


class Template(_Model):
    """An approved template: the only thing that may leave with the window shut."""

    kind: Literal["template"] = "template"
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,512}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$")]
    components: tuple[dict[str, Any], ...] = ()


def _first_repeated(values: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


Message = Annotated[Text | List | Template, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Text | List | Template] = TypeAdapter(Message)


def read_message(data: dict[str, Any]) -> Text | List | Template:
    """The message of a JSON object; raises pydantic.ValidationError naming each wrong field."""
    return _ADAPTER.validate_python(data)
