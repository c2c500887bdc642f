"""Plain text, and a long one in several messages.

In: a text. Out: the message, or its parts within Meta's limit of 4096 characters (whatsapp-cloud-api, 5.1). The limit
holds for every message; a longer text is taken only when its writer asked to have it split.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StrictBool, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.core.messages.part import Quoting, Written, off
from app.core.messages.split import SplitError, split_text

TEXT_MAX = 4096
PARTS_MAX = 10
"""Messages one text may become: Meta lets a number send a user 10 a minute (whatsapp-cloud-api, 7.1)."""

LINK = re.compile(r"https?://\S", re.IGNORECASE)

SCHEMA: dict[str, Any] = {
    "if": {"properties": {"split": {"const": True}}, "required": ["split"]},
    "then": {"properties": {"text": {"maxLength": TEXT_MAX * PARTS_MAX}}},
    "else": {"properties": {"text": {"maxLength": TEXT_MAX}}},
}


class Text(Quoting):
    """Plain text."""

    model_config = ConfigDict(json_schema_extra=SCHEMA)

    kind: Literal["text"] = "text"
    split: StrictBool = off()
    """Whether a text over the limit may be sent as several messages."""
    text: Annotated[str, Written]
    preview_url: StrictBool = off()
    """Whether WhatsApp shows a preview of the first link."""

    @field_validator("text")
    @classmethod
    def _has_a_limit(cls, text: str, info: ValidationInfo) -> str:
        if len(text) <= TEXT_MAX:
            return text
        if not info.data.get("split"):
            hint = 'with "split": true it is sent in parts'
            raise _too_long("String should have at most {max_length} characters", TEXT_MAX, hint)
        hint = f"it may be split into {PARTS_MAX} messages of {TEXT_MAX}"
        if len(text) > TEXT_MAX * PARTS_MAX:
            raise _too_long("String should have at most {max_length} characters", TEXT_MAX * PARTS_MAX, hint)
        try:
            count = len(split_text(text, TEXT_MAX))
        except SplitError as error:
            raise ValueError(str(error)) from None
        if count > PARTS_MAX:
            raise ValueError(f"becomes {count} messages of at most {TEXT_MAX} characters, {PARTS_MAX} are allowed")
        return text

    @model_validator(mode="after")
    def _preview_has_a_link(self) -> "Text":
        if self.preview_url and not LINK.search(self.text):
            raise ValueError("preview_url needs a text with a link that begins with http:// or https://")
        return self

    def parts(self) -> "tuple[Text, ...]":
        """The messages to send, in order: quoted is before the first, the preview is of the first link."""
        if len(self.text) <= TEXT_MAX:
            return (self.model_copy(update={"split": False}),)
        pieces = split_text(self.text, TEXT_MAX)
        linked = next((number for number, piece in enumerate(pieces) if LINK.search(piece)), None)
        return tuple(
            Text(
                text=piece,
                reply_to=self.reply_to if number == 0 else None,
                preview_url=self.preview_url and number == linked,
            )
            for number, piece in enumerate(pieces)
        )


def _too_long(words: str, limit: int, hint: str) -> PydanticCustomError:
    return PydanticCustomError("string_too_long", words, {"max_length": limit, "hint": hint})


def parts(message: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The messages that a message's JSON is sent as: several for a text that may be split, else the one itself."""
    if message.get("kind") != "text" or not message.get("split"):
        return (message,)
    return tuple(part.model_dump(mode="json") for part in Text.model_validate(message).parts())
