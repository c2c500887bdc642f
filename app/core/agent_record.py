"""What an agent writes to its out topic: the first generation's record, and ours, read and validated.

In: bytes of any program. Out: an `AgentRecord`, or a `BadRecord` whose reason names the field, the limit and the
value, for the agent's error topic.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.core.acts import Act
from app.core.agent_forms import FORMS, read_form
from app.core.agent_forms import LIST_TEXT as LIST_TEXT  # where its readers look for it
from app.core.identity import split_address
from app.core.menu import is_ours
from app.core.messages import Buttons, List, Message, SectionedList, cut

REF_MAX = 64
"""Characters of an agent's own name for a message; it travels in Meta's 512 of callback data."""

USER_MAX = 300
"""Characters of a user key as agents write it; it comes back several times in what the agent is told."""

SHOWN_MAX = 60

WORDS_MAX = 250
"""Characters about one wrong field: some quote what the agent wrote."""

PROBLEMS_MAX = 5
"""Wrong fields an error names; more would hide what to mend first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """A record we can carry."""

    address: str
    wa_id: str | None
    user_id: str | None
    phone_number_id: str
    message: Message | Act
    user: str | None = None
    """The user key as the agent read it; it decides, whatever number or id the address has become."""
    anywhere: bool = False
    """It names neither user nor business number, as records of the first generation."""
    ref: str | None
    ttl: float | None = None
    """For how many seconds the message is worth sending; None: as the settings say."""


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
    user = data.get("user")
    if user is not None and not (isinstance(user, str) and 0 < len(user) <= USER_MAX):
        reason = (
            f"the field user must be the text of a record you read, at most {USER_MAX} characters, not {_shown(user)}"
        )
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    ttl = data.get("ttl_seconds")
    if ttl is not None and not (type(ttl) in (int, float) and ttl > 0):
        reason = f"the field ttl_seconds must be a number of seconds above 0, not {_shown(ttl)}"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    wa_id, user_id = split_address(address)
    if not wa_id and not user_id:
        reason = f"the waID {_shown(address)} is neither a phone number nor a user id like BR.7781"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    number = data.get("phone_number_id")
    if number is not None and not (isinstance(number, str) and number):
        reason = f"the field phone_number_id must be the text of a record you read, not {_shown(number)}"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    if number is None and not default_number:
        reason = "the field phone_number_id is missing, and BROKER_PHONE_NUMBER_ID sets no default"
        return BadRecord(reason=reason, code="invalid", address=address, ref=ref)
    message = _read_content(data)
    if not isinstance(message, BadRecord):
        message = _refuse_our_ids(message) or message
    if isinstance(message, BadRecord):
        return BadRecord(reason=message.reason, code=message.code, address=address, ref=ref)
    return AgentRecord(
        address=address,
        wa_id=wa_id,
        user_id=user_id,
        phone_number_id=number or default_number,
        message=message,
        user=user,
        anywhere=user is None and number is None,
        ref=ref,
        ttl=ttl,
    )


def _refuse_our_ids(message: Message | Act) -> BadRecord | None:
    """A tap on such a row or button would be taken for one on the broker's menu."""
    match message:
        case List() | SectionedList():
            what, ids = "row", [row.id for section in message.sections for row in section.rows]
        case Buttons():
            what, ids = "button", [button.id for button in message.buttons]
        case _:
            return None
    taken = next((found for found in ids if is_ours(found)), None)
    if taken is None:
        return None
    reason = f"the {what} id {_shown(taken)} begins like the broker's own: choose another"
    return BadRecord(reason=reason, code="invalid")


def _read_content(data: dict[str, Any]) -> Message | Act | BadRecord:
    kind = data.get("message_type")
    if not isinstance(kind, str) or kind not in FORMS:
        *most, last = FORMS
        reason = f"unknown message_type {_shown(kind)}: use {', '.join(most)} or {last}"
        return BadRecord(reason=reason, code="unknown_message_type")
    try:
        return read_form(kind, data)
    except ValidationError as error:
        return BadRecord(reason=explain(error), code="invalid")


def explain(error: ValidationError) -> str:
    """What is wrong in words: of each wrong field its name, the limit and the value."""
    # Where every item is wrong, pydantic adds that none is left.
    problems = [one for one in error.errors(include_url=False) if one["type"] != "too_short" or not one["input"]]
    said = [_explained(problem) for problem in problems[:PROBLEMS_MAX]]
    if len(problems) > PROBLEMS_MAX:
        said.append(f"and {len(problems) - PROBLEMS_MAX} more")
    return "; ".join(said)


def _explained(problem: ErrorDetails) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    value, context = problem["input"], problem.get("ctx", {})
    is_blank = problem["type"] == "string_pattern_mismatch" and not str(value).strip()
    if problem["type"] == "missing" or value is None or is_blank:
        return f"{field} is missing or blank"
    if "max_length" in context:
        unit = "characters" if isinstance(value, str) else "items"
        hint = f"; {context['hint']}" if "hint" in context else ""
        return f"{field} may have at most {context['max_length']} {unit}, not {len(value)}: {_shown(value)}{hint}"
    words = cut(problem["msg"].removeprefix("Value error, "), WORDS_MAX)
    return f"{field}: {words}, got {_shown(value)}" if field else f"the record: {words}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return f"a deeply nested {type(value).__name__}"
    size = f" ({len(value)} characters)" if isinstance(value, str) and len(text) > SHOWN_MAX else ""
    return (text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…") + size
