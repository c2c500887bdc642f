"""What an agent does with a conversation rather than says in it: close it, or hand the user to another agent.

In: the JSON of an agent's record. Out: an act for `decide`, or a ValidationError that names field, limit and value. An
act never goes to Meta.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from app.core.messages.part import Part, Written, unset
from app.core.messages.text import TEXT_MAX

REASON_MAX = 250
"""Characters of why a conversation was closed."""

NOTE_MAX = 4096
"""Characters of what one agent tells the next."""


class Close(Part):
    """The conversation ends, and the user is back at the menu."""

    takes_no = ("reply_to",)
    kind: Literal["close"] = "close"
    text: Annotated[str, Written, Field(max_length=TEXT_MAX)] | None = unset()
    """A farewell to the user, instead of the broker's."""
    reason: Annotated[str, Written, Field(max_length=REASON_MAX)] | None = unset()
    """Why; it comes back as the text of `closed`."""


def _is_name_or_id(value: Any) -> Any:
    if type(value) is int or (isinstance(value, str) and value.strip()):
        return value
    raise ValueError("must be an agent's name or its id")


AgentNamed = Annotated[
    str | int,
    BeforeValidator(_is_name_or_id),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "integer"}]}),
]


class Transfer(Part):
    """The user goes to another agent."""

    takes_no = ("reply_to",)
    kind: Literal["transfer"] = "transfer"
    to: AgentNamed
    """The name of the other agent, as in the menu, or its id in the register."""
    note: Annotated[str, Written, Field(max_length=NOTE_MAX)] | None = unset()
    """What the other agent should know; the user never sees it."""


Act = Close | Transfer

ACTS: dict[str, type[Act]] = {"close": Close, "transfer": Transfer}
"""Each act and its model."""
