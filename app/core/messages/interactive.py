"""Words with something to tap: buttons, a link, a Flow, a request for the place or the phone number.

In: what an agent offers. Out: messages within Meta's limits (whatsapp-cloud-api, 5.2). Only a button's id comes back.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from app.core.messages.media import BareDocument, BareFile
from app.core.messages.part import Part, Quoting, WebAddress, Written, first_repeated, unset

BODY_MAX = 1024
"""Of every interactive message but a list, whose body may have 4096."""
HEADER_MAX = 60
FOOTER_MAX = 60
BUTTONS_MAX = 3
BUTTON_ID_MAX = 256
LABEL_MAX = 20
FLOW_LABEL_MAX = 30

Body = Annotated[str, Written, Field(max_length=BODY_MAX)]
Footer = Annotated[str, Written, Field(max_length=FOOTER_MAX)]


class TextHeader(Part):
    """A line above the words."""

    type: Literal["text"]
    text: Annotated[str, Written, Field(max_length=HEADER_MAX)]


class Header(Part):
    """A line or a file above the words: the one that `type` names."""

    type: Literal["text", "image", "video", "document"]
    text: Annotated[str, Written, Field(max_length=HEADER_MAX)] | None = unset()
    image: BareFile | None = unset()
    video: BareFile | None = unset()
    document: BareDocument | None = unset()

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "Header":
        given = [name for name in ("text", "image", "video", "document") if getattr(self, name) is not None]
        if given != [self.type]:
            raise ValueError(f"of type {self.type} has {self.type} and nothing else, not {' and '.join(given) or 'it'}")
        return self


class Button(Part):
    """A button under the words."""

    id: Annotated[str, Written, Field(max_length=BUTTON_ID_MAX)]
    title: Annotated[str, Written, Field(max_length=LABEL_MAX)]


def _differ(buttons: tuple[Button, ...]) -> tuple[Button, ...]:
    for field in ("id", "title"):
        twice = first_repeated(getattr(button, field) for button in buttons)
        if twice is not None:
            raise ValueError(f"the {field} {twice!r} stands on two buttons; they could not be told apart")
    return buttons


class Buttons(Quoting):
    """Words with up to three buttons."""

    kind: Literal["buttons"] = "buttons"
    text: Body
    buttons: Annotated[tuple[Button, ...], Field(min_length=1, max_length=BUTTONS_MAX), AfterValidator(_differ)]
    header: Header | None = unset()
    footer: Footer | None = unset()


class Link(Part):
    """A button that opens an address."""

    display_text: Annotated[str, Written, Field(max_length=LABEL_MAX)]
    url: WebAddress


class CtaUrl(Quoting):
    """Words with a button that opens an address."""

    kind: Literal["cta_url"] = "cta_url"
    text: Body
    cta_url: Link
    header: Header | None = unset()
    footer: Footer | None = unset()


class FlowStart(Part):
    """The first screen of a Flow, and what it is given."""

    screen: Annotated[str, Written]
    data: dict[str, Any] | None = unset()


class FlowCall(Part):
    """Which Flow, and how it begins: Meta's own names. The version of the Flow message is ours to fill in."""

    flow_id: Annotated[str, Written] | None = unset()
    flow_name: Annotated[str, Written] | None = unset()
    flow_cta: Annotated[str, Written, Field(max_length=FLOW_LABEL_MAX)]
    flow_token: Annotated[str, Written] | None = unset()
    mode: Literal["draft", "published"] | None = unset()
    flow_action: Literal["navigate", "data_exchange"] | None = unset()
    flow_action_payload: FlowStart | None = unset()

    @model_validator(mode="after")
    def _names_one_flow(self) -> "FlowCall":
        if (self.flow_id is None) == (self.flow_name is None):
            raise ValueError("needs exactly one of flow_id and flow_name")
        return self


class Flow(Quoting):
    """Words with a button that opens a Flow."""

    kind: Literal["flow"] = "flow"
    text: Body
    flow: FlowCall
    header: Header | None = unset()
    footer: Footer | None = unset()


class LocationRequest(Quoting):
    """Words with a button to send one's place."""

    takes_no = ("header", "footer")
    kind: Literal["location_request"] = "location_request"
    text: Body


class ContactRequest(Quoting):
    """Words with a button to show one's phone number (3.3)."""

    takes_no = ("header", "footer")
    kind: Literal["contact_request"] = "contact_request"
    text: Body
