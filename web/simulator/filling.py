"""How a template is filled in by the components of a send.

A template object and the known templates come in; out goes what the user sees, or a refusal with Meta's code: 132000
count, 132001 unknown, 132005 too long, 132008 and 132012 format, 132015 paused, 132016 disabled, 132018 content.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from web.simulator.errors import GraphError
from web.simulator.media_rules import KINDS
from web.simulator.rules import need_list, need_object, need_text, number_between, optional_list, web_link
from web.simulator.templates import PLACEHOLDER, WITH_ACTION, Button, Template, names_in

FILLED_LIMIT = 1024
PAYLOAD_LIMIT = 256
CODE_LIMIT = 15
PATH = "template"
FORMAT = 132008
GONE = {"PAUSED": (132015, "is paused because of its quality"), "DISABLED": (132016, "is disabled for good")}


@dataclass(frozen=True)
class FilledTemplate:
    """What the user sees: the text, the quick-reply buttons as (payload, label), and the rest as the page draws it."""

    category: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    header: dict[str, Any] | None = None
    footer: str = ""
    links: tuple[dict[str, str], ...] = ()
    is_code: bool = False


@dataclass(slots=True)
class _Given:
    """What the components gave, and where in the payload it stands."""

    header: list[Any] | None = None
    header_at: str = f"{PATH}.components"
    body: list[Any] = field(default_factory=list)
    body_at: str = f"{PATH}.components"
    buttons: dict[int, str] = field(default_factory=dict)


def fill_template(content: dict[str, Any], known: tuple[Template, ...]) -> FilledTemplate:
    """Return the filled template of a send; raises GraphError as Meta refuses it."""
    template = _find(content, known)
    given = _Given()
    for index, component in enumerate(optional_list(content, "components", PATH)):
        _take(component, f"{PATH}.components[{index}]", template, given)
    header = _header(template, given.header, given.header_at)
    values = _values(template.body, given.body, given.body_at, f"body has {len(given.body)}", template.name)
    text = PLACEHOLDER.sub(lambda match: values[match[1]], template.body)
    if len(text) > FILLED_LIMIT:
        raise GraphError(132005, f"{PATH}: filled text has {len(text)} characters, at most {FILLED_LIMIT}")
    replies, links = _buttons(template, given.buttons)
    return FilledTemplate(template.category, text, replies, header, template.footer, links, template.is_code)


def _find(content: dict[str, Any], known: tuple[Template, ...]) -> Template:
    name = need_text(content, "name", PATH, limit=512)
    code = need_text(need_object(content, "language", PATH), "code", f"{PATH}.language", limit=20)
    template = next((one for one in known if (one.name, one.language) == (name, code)), None)
    if template is None:
        here = ", ".join(f"{one.name} ({one.language})" for one in known)
        raise GraphError(132001, f"template.name: ({name}) does not exist in {code}; templates here: {here}")
    if template.status in GONE:
        number, reason = GONE[template.status]
        raise GraphError(number, f"template.name: {name} ({code}) {reason}")
    return template


def _take(component: Any, where: str, template: Template, given: _Given) -> None:
    if not isinstance(component, dict):
        raise GraphError(131009, f"{where}: must be an object")
    kind = need_text(component, "type", where, limit=20)
    if kind == "body":
        given.body, given.body_at = need_list(component, "parameters", where), where
    elif kind == "header" and template.header:
        given.header, given.header_at = need_list(component, "parameters", where), where
    elif kind == "button":
        position, value = _button_value(component, where, template.made_buttons)
        given.buttons[position] = value
    else:
        raise GraphError(132012, f"{where}.type: this template has no {kind}")


def _header(template: Template, parameters: list[Any] | None, where: str) -> dict[str, Any] | None:
    if template.header is None:
        return None
    count = f"header has {len(parameters or [])}"
    if template.header == "text":
        values = _values(template.header_text, parameters or [], where, count, template.name)
        return {"type": "text", "text": PLACEHOLDER.sub(lambda match: values[match[1]], template.header_text)}
    if not parameters or len(parameters) != 1:
        raise GraphError(132000, f"{where}: {count} parameters, {template.name} takes 1")
    parameter, path = parameters[0], f"{where}.parameters[0]"
    if not isinstance(parameter, dict) or parameter.get("type") != template.header:
        raise GraphError(132012, f"{path}.type: this template takes {template.header} here")
    content = need_object(parameter, template.header, path)
    if template.header in KINDS:
        if not content.get("id"):
            web_link(content, "link", f"{path}.{template.header}")
    else:
        number_between(content, "latitude", f"{path}.location", -90, 90)
        number_between(content, "longitude", f"{path}.location", -180, 180)
    return {"type": template.header, template.header: content}


def _values(text: str, parameters: list[Any], where: str, count: str, template: str) -> dict[str, str]:
    """Return the value of each placeholder; parameters are counted, or named in templates with names."""
    names = names_in(text)
    if len(parameters) != len(names):
        raise GraphError(132000, f"{where}: {count} parameters, {template} takes {len(names)}")
    values: dict[str, str] = {}
    by_number = all(name.isdigit() for name in names)
    for index, parameter in enumerate(parameters):
        path = f"{where}.parameters[{index}]"
        value = _parameter_text(parameter, path)
        name = names[index] if by_number else parameter.get("parameter_name")
        if name not in names or name in values:
            raise GraphError(132000, f"{path}: parameter_name must be each of {', '.join(names)} once")
        values[name] = value
    return values


def _parameter_text(parameter: Any, path: str) -> str:
    kind = parameter.get("type") if isinstance(parameter, dict) else None
    if kind in ("currency", "date_time"):
        inner, where = need_object(parameter, kind, path, FORMAT), f"{path}.{kind}"
        if kind == "currency":
            need_text(inner, "code", where, limit=3, code=FORMAT, missing=FORMAT)
        return need_text(inner, "fallback_value", where, limit=FILLED_LIMIT, code=FORMAT, missing=FORMAT)
    if kind != "text":
        raise GraphError(132012, f"{path}.type: must be text, currency or date_time here")
    value = need_text(parameter, "text", path, limit=FILLED_LIMIT, code=132005)
    if re.search(r"[\n\t]| {5}", value):
        raise GraphError(132018, f"{path}.text: no new line, tab or more than 4 spaces in a row")
    return value


def _button_value(component: dict[str, Any], where: str, buttons: tuple[Button, ...]) -> tuple[int, str]:
    index = str(component.get("index", ""))
    if not index.isdigit() or int(index) >= len(buttons):
        raise GraphError(132018, f"{where}.index: must be below {len(buttons)}, the number of this template's buttons")
    button = buttons[int(index)]
    kind = str(component.get("sub_type", "")).lower()
    # the button of a login code is spelt as a url
    if kind != button.kind and not (button.kind == "copy_code" and kind == "url"):
        raise GraphError(132012, f"{where}.sub_type: button {index} of this template is {button.kind}")
    if button.kind in WITH_ACTION:
        return int(index), ""
    parameters = need_list(component, "parameters", where)
    wanted = {"quick_reply": "payload", "copy_code": "coupon_code"}.get(kind, "text")
    if len(parameters) != 1 or not isinstance(parameters[0], dict) or parameters[0].get("type") != wanted:
        raise GraphError(132012, f"{where}.parameters: a {kind} takes exactly one parameter of type {wanted}")
    limit = {"payload": PAYLOAD_LIMIT, "coupon_code": CODE_LIMIT, "text": 2000}[wanted]
    return int(index), need_text(parameters[0], wanted, f"{where}.parameters[0]", limit=limit)


def _buttons(
    template: Template, given: dict[int, str]
) -> tuple[tuple[tuple[str, str], ...], tuple[dict[str, str], ...]]:
    replies: list[tuple[str, str]] = []
    links: list[dict[str, str]] = []
    for index, button in enumerate(template.made_buttons):
        value = given.get(index)
        if button.needs_parameter and value is None:
            raise GraphError(132000, f"{PATH}.components: button {index} ({button.label}) needs a parameter")
        if button.kind == "quick_reply":
            replies.append((value or button.label, button.label))
            continue
        links.append({"kind": button.kind, "title": button.label, "value": _shown(button, value or "")})
    return tuple(replies), tuple(links)


def _shown(button: Button, value: str) -> str:
    return PLACEHOLDER.sub(lambda _: value, button.value) if button.value else value
