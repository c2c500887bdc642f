"""An approved template, filled in: the only message that may leave with the window shut.

In: name, language and components in Meta's own shape. Out: the same, checked as far as that goes without the template
itself (whatsapp-cloud-api, 5.3): whether count and kind of the parameters fit, Meta alone knows. Components, buttons
and parameters of a type not known here go to Meta as they are.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, model_validator

from app.core.messages.media import BareDocument, BareFile
from app.core.messages.part import Part, Quoting, Written, cut, empty, first_repeated, unset
from app.core.messages.things import Place

BUTTONS_MAX = 10
INDEXES = frozenset(map(str, range(BUTTONS_MAX)))
UNFIT_FOR_A_BODY = re.compile(r"[\n\r\t]| {5}")

NEEDED = {
    **{name: name for name in ("text", "image", "video", "document", "location")},
    **{name: name for name in ("payload", "coupon_code", "action", "currency", "date_time")},
}
"""The field that each known type of parameter must have."""

HEADER_TYPES = frozenset({"text", "image", "video", "document", "location"})
BODY_TYPES = frozenset({"text", "currency", "date_time"})
BUTTON_TYPES = {
    "quick_reply": frozenset({"payload"}),
    "url": frozenset({"text"}),
    "copy_code": frozenset({"coupon_code"}),
    "flow": frozenset({"action"}),
    "catalog": frozenset({"action"}),
    "mpm": frozenset({"action"}),
}
"""The parameters a button of each known sub type takes."""


class Parameter(Part):
    """What is filled in for one placeholder: the field that `type` names."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Written]
    parameter_name: Annotated[str, Written] | None = unset()
    """For templates with named placeholders."""
    text: Annotated[str, Written] | None = unset()
    image: BareFile | None = unset()
    video: BareFile | None = unset()
    document: BareDocument | None = unset()
    location: Place | None = unset()
    payload: Annotated[str, Written] | None = unset()
    coupon_code: Annotated[str, Written] | None = unset()
    action: dict[str, Any] | None = unset()
    currency: dict[str, Any] | None = unset()
    date_time: dict[str, Any] | None = unset()

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "Parameter":
        needed = NEEDED.get(self.type.lower())
        if needed and getattr(self, needed) is None:
            raise ValueError(f"of type {self.type} needs the field {needed}")
        return self


class Component(Part):
    """A header, a body, a button, or whatever Meta may add."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Written]
    sub_type: Annotated[str, Written] | None = unset()
    index: StrictInt | str | None = unset()
    parameters: tuple[Parameter, ...] = empty()

    @property
    def place(self) -> str:
        """What there may be only one of: the header, the body, a button of this index."""
        return f"button {self.index}" if self.type.lower() == "button" else self.type.lower()

    @model_validator(mode="after")
    def _fits_its_type(self) -> "Component":
        check = CHECKS.get(self.type.lower())
        if check:
            check(self)
        return self


def _check_header(header: Component) -> None:
    _check_types(header, HEADER_TYPES, "a header")
    if len(header.parameters) > 1:
        raise ValueError(f"a header takes one parameter, not {len(header.parameters)}")


def _check_body(body: Component) -> None:
    _check_types(body, BODY_TYPES, "a body")
    for number, parameter in enumerate(body.parameters):
        if parameter.text and UNFIT_FOR_A_BODY.search(parameter.text):
            where = f"parameters.{number}.text"
            raise ValueError(f"{where} may hold no line break, no tab and no more than 4 spaces in a row")
    named = sum(parameter.parameter_name is not None for parameter in body.parameters)
    if named not in (0, len(body.parameters)):
        raise ValueError(f"either all parameters have a parameter_name or none, not {named} of {len(body.parameters)}")


def _check_button(button: Component) -> None:
    if button.sub_type is None:
        raise ValueError("a button needs a sub_type")
    if str(button.index) not in INDEXES:
        raise ValueError(f"a button needs an index from 0 to {BUTTONS_MAX - 1}, not {cut(repr(button.index), 20)}")
    allowed = BUTTON_TYPES.get(button.sub_type.lower())
    if allowed:
        _check_types(button, allowed, f"a button of sub_type {button.sub_type}")


def _check_types(component: Component, allowed: frozenset[str], what: str) -> None:
    for number, parameter in enumerate(component.parameters):
        if parameter.type.lower() in NEEDED and parameter.type.lower() not in allowed:
            takes = " or ".join(sorted(allowed))
            raise ValueError(f"parameters.{number}.type: {what} takes {takes}, not {parameter.type}")


CHECKS: dict[str, Callable[[Component], None]] = {
    "header": _check_header,
    "body": _check_body,
    "button": _check_button,
}


def _each_once(components: tuple[Component, ...]) -> tuple[Component, ...]:
    twice = first_repeated(component.place for component in components)
    if twice is not None:
        raise ValueError(f"there are two of {twice}")
    return components


class TemplateContent(Part):
    """Which template, and what is filled in."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,512}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$")]
    components: Annotated[tuple[Component, ...], AfterValidator(_each_once)] = ()


class Template(TemplateContent, Quoting):
    """An approved template: the only message that may leave with the window shut."""

    kind: Literal["template"] = "template"
