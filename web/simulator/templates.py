"""The message templates this number has: their header, body, footer and buttons, and the ones known from birth.

Nothing comes in; out go `Template` values, which `filling` fills in. Limits are those of the reference, chapter 5.3.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")

Status = Literal["APPROVED", "PAUSED", "DISABLED"]
HeaderKind = Literal["text", "image", "video", "document", "location"]
ButtonKind = Literal[
    "quick_reply", "url", "phone_number", "copy_code", "flow", "request_contact_info", "catalog", "mpm", "voice_call"
]
WITH_ACTION = ("flow", "catalog", "mpm", "voice_call")
"""Buttons whose parameters, if any, are of type action, and are not looked into here."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """A button of a template; `value` is its address (perhaps with {{1}} at the end), number or code."""

    kind: ButtonKind
    label: str
    value: str = ""

    @property
    def needs_parameter(self) -> bool:
        """Whether a send must fill it in."""
        return self.kind == "copy_code" or (self.kind == "url" and bool(PLACEHOLDER.search(self.value)))


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template: body text with {{1}}, {{2}} … or {{name}}, and buttons; a plain label is a quick-reply button."""

    name: str
    language: str
    category: str
    body: str
    buttons: tuple[str | Button, ...] = ()
    header: HeaderKind | None = None
    header_text: str = ""
    footer: str = ""
    status: Status = "APPROVED"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names or numbers the body needs, each once, in the order of numbers or of the text."""
        return names_in(self.body)

    @property
    def made_buttons(self) -> tuple[Button, ...]:
        """All buttons as such."""
        return tuple(Button(kind="quick_reply", label=one) if isinstance(one, str) else one for one in self.buttons)

    @property
    def is_code(self) -> bool:
        """Whether it hands out a login code, which cannot go to a BSUID (131062)."""
        return self.category == "authentication" and any(one.kind == "copy_code" for one in self.made_buttons)


def names_in(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text: numbers sorted as numbers (10 after 9), names in the order they appear."""
    names = tuple(dict.fromkeys(PLACEHOLDER.findall(text)))
    return tuple(sorted(names, key=int)) if all(name.isdigit() for name in names) else names


KNOWN_TEMPLATES = (
    Template(name="hello_world", language="en_US", category="utility", body="Hello World! Welcome to this number."),
    Template(
        name="reopen_conversation",
        language="en",
        category="utility",
        body="We have news about your request: {{1}}. May we go on with the conversation?",
        buttons=("Yes, go on",),
    ),
    Template(
        name="visit_reminder",
        language="pt_BR",
        category="utility",
        header="image",
        body="Olá {{1}}, sua visita é às {{2}}.",
        footer="Responda se não puder vir",
        buttons=("Confirmar", Button(kind="url", label="Acompanhar", value="https://example.org/{{1}}")),
    ),
    Template(
        name="order_update",
        language="en",
        category="utility",
        header="text",
        header_text="Order {{1}}",
        body="Hello {{customer}}, your order will come on {{day}}.",
        buttons=(Button(kind="phone_number", label="Call us", value="+551155501234"),),
    ),
    Template(
        name="spring_offer",
        language="en",
        category="marketing",
        header="document",
        body="Our new catalogue is here, {{1}}.",
        buttons=(Button(kind="copy_code", label="Copy offer code"), "Stop promotions"),
    ),
    Template(name="find_us", language="en", category="utility", header="location", body="This is where we are."),
    Template(
        name="login_code",
        language="en",
        category="authentication",
        body="{{1}} is your code.",
        footer="It is good for ten minutes",
        buttons=(Button(kind="copy_code", label="Copy code"),),
    ),
)
