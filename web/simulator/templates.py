"""The message templates this number has approved, and how they are filled in.

A template object of a send comes in; out goes the text and buttons the user sees, or a refusal with
Meta's code (132000 count, 132001 unknown, 132005 too long, 132012 format, 132018 content).
"""

import re
from dataclasses import dataclass
from typing import Any

from web.simulator.errors import GraphError
from web.simulator.rules import need_list, need_object, need_text, optional_list

PLACEHOLDER = re.compile(r"\{\{(\d+)\}\}")
FILLED_LIMIT = 1024
PAYLOAD_LIMIT = 256


@dataclass(frozen=True, kw_only=True)
class Template:
    """An approved template: body text with {{1}}, {{2}} …, and labels of quick-reply buttons."""

    name: str
    language: str
    category: str
    body: str
    buttons: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many parameters the body needs."""
        return len(set(PLACEHOLDER.findall(self.body)))


KNOWN_TEMPLATES = (
    Template(name="hello_world", language="en_US", category="utility", body="Hello World! Welcome to this number."),
    Template(
        name="reopen_conversation",
        language="en",
        category="utility",
        body="We have news about your request: {{1}}. May we go on with the conversation?",
        buttons=("Yes, go on",),
    ),
)


@dataclass(frozen=True)
class FilledTemplate:
    """What the user sees: the text and the quick-reply buttons as (payload, label)."""

    category: str
    text: str
    buttons: tuple[tuple[str, str], ...]


def fill_template(content: dict[str, Any], known: tuple[Template, ...]) -> FilledTemplate:
    """Return the filled template of a send; raises GraphError as Meta refuses it."""
    path = "template"
    name = need_text(content, "name", path, limit=512)
    code = need_text(need_object(content, "language", path), "code", f"{path}.language", limit=20)
    template = next((one for one in known if (one.name, one.language) == (name, code)), None)
    if template is None:
        details = f"template.name: ({name}) does not exist in {code}; templates here: " + ", ".join(
            f"{one.name} ({one.language})" for one in known
        )
        raise GraphError(132001, details, http_status=404)
    values: list[str] | None = None
    payloads: dict[int, str] = {}
    for index, component in enumerate(optional_list(content, "components", path)):
        where = f"{path}.components[{index}]"
        if not isinstance(component, dict):
            raise GraphError(131009, f"{where}: must be an object")
        kind = need_text(component, "type", where, limit=20)
        if kind == "body":
            values = _body_values(component, where)
        elif kind == "button":
            position, payload = _button_payload(component, where, len(template.buttons))
            payloads[position] = payload
        else:
            raise GraphError(132012, f"{where}.type: this template has no {kind}")
    text = _fill(template, values or [], path)
    buttons = tuple((payloads.get(index, label), label) for index, label in enumerate(template.buttons))
    return FilledTemplate(template.category, text, buttons)


def _body_values(component: dict[str, Any], where: str) -> list[str]:
    values = []
    for index, parameter in enumerate(need_list(component, "parameters", where)):
        path = f"{where}.parameters[{index}]"
        if not isinstance(parameter, dict) or parameter.get("type") != "text":
            raise GraphError(132012, f"{path}.type: this template takes text parameters only")
        value = need_text(parameter, "text", path, limit=FILLED_LIMIT, code=132005)
        if re.search(r"[\n\t]| {5}", value):
            raise GraphError(132018, f"{path}.text: no new line, tab or more than 4 spaces in a row")
        values.append(value)
    return values


def _button_payload(component: dict[str, Any], where: str, buttons: int) -> tuple[int, str]:
    if component.get("sub_type") != "quick_reply":
        raise GraphError(132012, f"{where}.sub_type: this template has quick_reply buttons only")
    index = str(component.get("index", ""))
    if not index.isdigit() or int(index) >= buttons:
        raise GraphError(132018, f"{where}.index: must be below {buttons}, the number of this template's buttons")
    parameters = need_list(component, "parameters", where)
    if len(parameters) != 1 or not isinstance(parameters[0], dict) or parameters[0].get("type") != "payload":
        raise GraphError(132012, f"{where}.parameters: a quick_reply takes exactly one parameter of type payload")
    return int(index), need_text(parameters[0], "payload", f"{where}.parameters[0]", limit=PAYLOAD_LIMIT)


def _fill(template: Template, values: list[str], path: str) -> str:
    if len(values) != template.parameters:
        details = f"{path}.components: body has {len(values)} parameters, {template.name} takes {template.parameters}"
        raise GraphError(132000, details)
    text = PLACEHOLDER.sub(lambda match: values[int(match[1]) - 1], template.body)
    if len(text) > FILLED_LIMIT:
        raise GraphError(132005, f"{path}: filled text has {len(text)} characters, at most {FILLED_LIMIT}")
    return text
