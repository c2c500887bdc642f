"""A message as an agent writes it, where that differs from our own form: the first generation's list, and templates.

In: the JSON of an agent's record. Out: a message, or a ValidationError whose fields have the agent's own names. Every
other kind is written with the fields of its model, beside the envelope.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from app.core.acts import ACTS, Act
from app.core.messages import MODELS, List, Message, SectionedList, Template, TemplateContent
from app.core.messages.interactive import Footer, TextHeader
from app.core.messages.lists import LIST_BODY_MAX, ListBody, ListButton, Rows, Sections, SectionTitle
from app.core.messages.part import Part, Quoting, unset

LIST_TEXT = "Choose an option:"
"""The text above a list, fixed in the first generation."""


def _or_the_fixed_one(text: Any) -> Any:
    return LIST_TEXT if text is None or text == "" else text


TextAbove = Annotated[
    ListBody,
    BeforeValidator(_or_the_fixed_one),
    WithJsonSchema({"type": ["string", "null"], "maxLength": LIST_BODY_MAX}),
]
"""Left out, null and empty are the same: programs of the first generation write empty fields."""


class ListForm(Quoting):
    """A list with one section: the first generation's."""

    text: TextAbove = LIST_TEXT
    list_title: ListButton
    list_body: SectionTitle
    list_items: Rows
    header: TextHeader | None = unset()
    footer: Footer | None = unset()

    def message(self) -> List:
        """The message it means."""
        return List(
            text=self.text,
            button=self.list_title,
            section=self.list_body,
            rows=self.list_items,
            header=self.header,
            footer=self.footer,
            reply_to=self.reply_to,
        )


class SectionedListForm(Quoting):
    """A list with several sections."""

    takes_no = ("list_body", "list_items")
    text: TextAbove = LIST_TEXT
    list_title: ListButton
    list_sections: Sections
    header: TextHeader | None = unset()
    footer: Footer | None = unset()

    def message(self) -> SectionedList:
        """The message it means."""
        return SectionedList(
            text=self.text,
            button=self.list_title,
            sections=self.list_sections,
            header=self.header,
            footer=self.footer,
            reply_to=self.reply_to,
        )


class TemplateForm(Quoting):
    """A template with its content in an object of its own."""

    template: TemplateContent

    def message(self) -> Template:
        """The message it means."""
        content = self.template
        return Template(
            name=content.name, language=content.language, components=content.components, reply_to=self.reply_to
        )


FORMS: dict[str, tuple[type[Part], ...]] = {
    **{kind: (model,) for kind, model in MODELS.items()},
    "list": (ListForm, SectionedListForm),
    "template": (TemplateForm,),
    **{kind: (model,) for kind, model in ACTS.items()},
}
"""What an agent may write under each `message_type`: models whose fields have the agent's own names."""


def read_form(kind: str, data: dict[str, Any]) -> Message | Act:
    """What an agent's record means; raises KeyError for an unknown kind, ValidationError for a wrong field."""
    match kind:
        case "list" if data.get("list_sections") is not None:
            return SectionedListForm.model_validate(data).message()
        case "list":
            return ListForm.model_validate(data).message()
        case "template":
            return TemplateForm.model_validate(data).message()
    model = ACTS.get(kind) or MODELS[kind]
    return model.model_validate({**data, "kind": kind})
