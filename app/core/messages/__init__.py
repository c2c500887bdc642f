"""Messages to a user, in the broker's own form, with Meta's limits.

In: JSON of an agent or a sentence of ours. Out: a validated model, or a ValidationError that names field, limit and
value. A kind of message is a model of its own; their JSON is the same everywhere between an agent and Meta.
"""

from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from app.core.messages.interactive import Button, Buttons, ContactRequest, CtaUrl, Flow, Header, LocationRequest
from app.core.messages.lists import (
    BUTTON_LABEL_MAX,
    LIST_BODY_MAX,
    ROW_DESCRIPTION_MAX,
    ROW_ID_MAX,
    ROW_TITLE_MAX,
    ROWS_MAX,
    SECTION_TITLE_MAX,
    List,
    Row,
    Section,
    SectionedList,
)
from app.core.messages.marks import MarkRead, Typing
from app.core.messages.media import Audio, Document, Image, Sticker, Video, files_in, kinds_in, with_meta_ids
from app.core.messages.part import Part, Quoting, cut
from app.core.messages.template import Template, TemplateContent
from app.core.messages.text import PARTS_MAX, TEXT_MAX, Text, parts
from app.core.messages.things import Contacts, Location, Reaction

__all__ = [
    "BUTTON_LABEL_MAX",
    "LIST_BODY_MAX",
    "MARKS",
    "MODELS",
    "PARTS_MAX",
    "ROWS_MAX",
    "ROW_DESCRIPTION_MAX",
    "ROW_ID_MAX",
    "ROW_TITLE_MAX",
    "SECTION_TITLE_MAX",
    "TEXT_MAX",
    "WITHOUT_WINDOW",
    "Audio",
    "Button",
    "Buttons",
    "ContactRequest",
    "Contacts",
    "CtaUrl",
    "Document",
    "Flow",
    "Header",
    "Image",
    "List",
    "Location",
    "LocationRequest",
    "MarkRead",
    "Message",
    "Part",
    "Quoting",
    "Reaction",
    "Row",
    "Section",
    "SectionedList",
    "Sticker",
    "Template",
    "TemplateContent",
    "Text",
    "Typing",
    "Video",
    "cut",
    "files_in",
    "kinds_in",
    "parts",
    "read_message",
    "with_meta_ids",
]

Message = (
    Text
    | Image
    | Video
    | Audio
    | Document
    | Sticker
    | Location
    | Contacts
    | Reaction
    | Buttons
    | List
    | SectionedList
    | CtaUrl
    | Flow
    | LocationRequest
    | ContactRequest
    | Template
    | MarkRead
    | Typing
)

MODELS: dict[str, type[Message]] = {
    model.model_fields["kind"].default: model for model in get_args(Message) if model is not SectionedList
}
"""Each kind and its model; a list with `sections` is a `SectionedList`."""

MARKS = frozenset({"mark_read", "typing"})
"""Kinds that put no message into the chat."""

WITHOUT_WINDOW = MARKS | {"template"}
"""Kinds that may leave with the window shut (whatsapp-cloud-api, chapter 6 and 5.4)."""


def read_message(data: dict[str, Any]) -> Message:
    """The message of a JSON object; raises pydantic.ValidationError naming each wrong field."""
    kind = data.get("kind") if isinstance(data, dict) else None
    model = MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        wrong: InitErrorDetails = {
            "type": "literal_error",
            "loc": ("kind",),
            "input": kind,
            "ctx": {"expected": ", ".join(MODELS)},
        }
        raise ValidationError.from_exception_data("Message", [wrong])
    return (SectionedList if model is List and "sections" in data else model).model_validate(data)
