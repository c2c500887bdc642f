"""What an agent writes to its out topic: the first generation's record, and ours, read and validated.

In: bytes of any program. Out: an `AgentRecord`, or a `BadRecord` whose reason names the field, the limit and the
value, for the agent's error topic.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from app.core.identity import split_address
from app.core.menu import is_ours
from app.core.messages import List, Template, Text

REF_MAX = 64
"""Characters of an agent's own name for a message; it travels in Meta's 512 of callback data."""

LIST_TEXT = "Choose an option:"
"""The text above a list, fixed in the first generation."""

SHOWN_MAX = 60

NAMES = {
    "List": {"button": "list_title", "section": "list_body", "rows": "list_items"},
    "Template": {"name": "template.name", "language": "template.language", "components": "template.components"},
}
"""Our fields as the agent calls them, for its error record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """A record we can carry."""

    address: str
    wa_id: str | None
    user_id: str | None
    phone_number_id: str
    message: Text | List | Template
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    """A record we cannot carry, with what the agent must mend."""

    reason: str
    code: str
    address: str = ""
    ref: str | None = None


def read_agent_record(value: bytes, default_number: str) -> AgentRecord | BadRecord:
    """Read an agent's record; `default_number` is the business number it means when it names none."""
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return BadRecord(reason=f"the record is not JSON: {error}", code="not_json")
    if not isinstance(data, dict):
        return BadRecord(reason="the record is not a JSON object", code="not_json")
    address = data.get("waID")
    ref = data.get("ref")
    if not isinstance(address, str) or not address.strip():
        return BadRecord(reason="the field waID is missing: whom is the message for?", code="missing_waid")
    if ref is not None and (not isinstance(ref, str) or len(ref) > REF_MAX):
        reason = f"the field ref must be a text of at most {REF_MAX} characters, not {_shown(ref)}"
        return BadRecord(reason=reason, code="invalid", address=address)
    wa_id, user_id = split_address(address)
    if not wa_id and not user_id:
        reason = f"the waID {_shown(address)} is neither a phone number nor a user id like BR.7781"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    number = data.get("phone_number_id", default_number)
    if not isinstance(number, str) or not number:
        reason = "the field phone_number_id is missing, and BROKER_PHONE_NUMBER_ID sets no default"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    message = _read_content(data)
    if not isinstance(message, BadRecord):
        message = _refuse_our_ids(message) or message
    if isinstance(message, BadRecord):
        return BadRecord(reason=message.reason, code=message.code, address=address, ref=ref)
    return AgentRecord(address=address, wa_id=wa_id, user_id=user_id, phone_number_id=number, message=message, ref=ref)


def _refuse_our_ids(message: Text | List | Template) -> BadRecord | None:
    """A tap on such a row would be taken for one on the broker's menu."""
    taken = [row.id for row in message.rows if is_ours(row.id)] if isinstance(message, List) else []
    if not taken:
        return None
    return BadRecord(
        reason=f"the row id {_shown(taken[0])} begins like the broker's own: choose another", code="invalid"
    )


def _read_content(data: dict[str, Any]) -> Text | List | Template | BadRecord:
    kind = data.get("message_type")
    try:
        match kind:
            case "text":
                return Text.model_validate({"text": data.get("text", "")})
            case "list":
                return List.model_validate(
                    {
                        "text": data.get("text") or LIST_TEXT,
                        "button": data.get("list_title", ""),
                        "section": data.get("list_body", ""),
                        "rows": data.get("list_items") or (),
                    }
                )
            case "template":
                return Template.model_validate(data.get("template") or {})
    except ValidationError as error:
        return BadRecord(reason=_explain(error), code="invalid")
    known = "text, list or template"
    return BadRecord(reason=f"unknown message_type {_shown(kind)}: use {known}", code="unknown_message_type")


def _explain(error: ValidationError) -> str:
    names = NAMES.get(error.title, {})
    problems = []
    for problem in error.errors():
        first, *rest = [str(part) for part in problem["loc"]] or ["record"]
        field = ".".join([names.get(first, first), *rest])
        if problem["type"] == "string_pattern_mismatch" and not str(problem["input"]).strip():
            problems.append(f"{field} is missing or blank")
        elif "max_length" in problem.get("ctx", {}):
            unit = "characters" if isinstance(problem["input"], str) else "items"
            most, size = problem["ctx"]["max_length"], len(problem["input"])
            problems.append(f"{field} may have at most {most} {unit}, not {size}: {_shown(problem['input'])}")
        else:
            words = problem["msg"].removeprefix("Value error, ")
            problems.append(f"{field}: {words}, got {_shown(problem['input'])}")
    return "; ".join(problems)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return f"a deeply nested {type(value).__name__}"
    size = f" ({len(value)} characters)" if isinstance(value, str) and len(text) > SHOWN_MAX else ""
    return (text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…") + size
