"""The contract for agents as JSON Schema: what they write, what they read, what they read of errors.

In: the models of messages, both ways. Out: one schema for each of an agent's three topics, in JSON Schema 2020-12. A
schema says what a record looks like; what JSON Schema cannot say (no id twice, ten rows in all sections together, …)
stands in docs/agents.md and is checked when a record is read.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from app.contract_content import CHOICE, content_definitions
from app.core.agent_forms import FORMS
from app.core.agent_record import REF_MAX, USER_MAX
from app.core.codes import ErrorClass
from app.whatsapp.content_base import Problem
from app.whatsapp.context import Context, Referral
from app.whatsapp.statuses import Conversation, Pricing

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class OutRecord(_Record):
    """What an agent writes: whom it is for, and one message."""

    waID: Annotated[str, Field(pattern=r"\S")]
    """Whom to send it to: digits of a phone number, or a user id such as BR.7781."""
    user: Annotated[str, Field(min_length=1, max_length=USER_MAX)] | None = None
    """The user key of a record you read; it decides over waID and phone_number_id."""
    message_type: str
    """Which kind of message; its own fields stand beside this one."""
    ref: Annotated[str, Field(max_length=REF_MAX)] | None = None
    """The agent's own name for the message; it comes back in statuses and errors."""
    ttl_seconds: Annotated[float, Field(gt=0)] | None = None
    """For how many seconds, from when the record was written, the message is worth sending; then it is `late`."""
    phone_number_id: Annotated[str, Field(min_length=1)] | None = None
    """The business number to send from; left out, BROKER_PHONE_NUMBER_ID, or where else the user is with you."""


class _About(_Record):
    waID: str
    """Whom it is about and whom to answer: digits of a phone number, or Meta's user id; empty when nobody was named."""
    text: str
    """What to show."""
    raw_payload: Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
    """The bytes that caused it, in base64; empty where there were none."""
    id: str
    """The record's own id: the same when the record is repeated."""
    timestamp: float
    """Seconds UTC; of a message or status Meta's own."""
    phone: str | None = None
    """Digits of the user's phone number."""
    user_id: str | None = None
    """Meta's user id."""
    name: str | None = None
    """What users call themselves: never a key, and to be escaped."""
    ref: str | None = None
    """The agent's own name for the message it is about."""
    effect: str | None = None
    """The broker's id of the message it is about."""
    message_id: str | None = None
    """Meta's id of the message."""


class InRecord(_About):
    """What an agent reads: a user's message, a status of its own message, a beginning or an end."""

    type: str
    """`initial`, `status`, `closed`, else what the user sent: `text`, `list_reply`, `image` … or a name to come."""
    user: str
    """The user key: opaque, the same for everything about a user at a business number."""
    phone_number_id: str
    """The business number the user wrote to."""
    content: dict[str, Any] | None = None
    """What the user sent: its shape depends on `type`, and what is missing is left out. A type to come has any."""
    context: Context | None = None
    """What the message hangs on: the message it answers, where it was forwarded from."""
    referral: Referral | None = None
    """The advert or post the user came from."""
    username: str | None = None
    """The user's name at WhatsApp, without `@`."""
    pricing: Pricing | None = None
    """Of a status: what Meta charges for the message."""
    conversation: Conversation | None = None
    """Of a status: Meta's conversation, where it names one."""
    reason: str | None = None
    """Of `closed`: `exit`, `expired`, `agent` (you closed it), `transferred` (to another agent), `ended` (by admin) or
    `joined` (two users turned out to be one, who is with another agent)."""
    note: str | None = None
    """Of `initial`: what whoever handed the user over wants you to know."""
    sender: Annotated[str | None, Field(alias="from")] = None
    """Of `initial`: the name of the agent that handed the user over; missing when the admin API did."""
    closed: bool | None = None
    """Of `initial` and of what a user sent: it came outside the agent's hours, and the user was told so."""
    kept: bool | None = None
    """Of what a user sent: it came before you had the user and was kept for you, so it answers nothing you said."""
    joined: list[str] | None = None
    """Of `initial`, and of `system` with `user_joined`: other values of `user` that were this user's until it was known
    that they are one; what you have of them belongs to this conversation."""
    references: list[str] | None = None
    """Of `initial`, when handed over: the last messages, the user's by `message_id`, agents' by `effect`."""
    user_wrote_at: float | None = None
    """Of `initial`, when handed over, and of `user_joined`: when the user last wrote, seconds UTC; the window is
    counted from it."""
    dropped: int | None = None
    """Of `initial`: how many messages were too many to keep."""


class ErrorRecord(_About):
    """What an agent reads when its record could not be sent, or its message failed."""

    code: str
    """What happened, in one word or as Meta's number."""
    kind: Annotated[ErrorClass | None, Field(alias="class")] = None
    """What would have to change before such a message can be sent; missing where nobody knows."""
    user: str | None = None
    """The user key."""
    phone_number_id: str | None = None
    """The business number."""
    verdict: Literal["refused", "in_doubt", "late"] | None = None
    """Of a message the sender gave up."""
    status: Literal["failed"] | None = None
    """Of a message Meta reports as failed after it had taken it."""
    errors: list[Problem] | None = None
    """Of a message Meta reports as failed: all of Meta's errors; `code` is the first one's."""


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each topic, by the name of its file."""
    return {
        "agent-out": _out_schema(),
        "agent-in": _in_schema(),
        "agent-error": _plain({"$schema": DIALECT, **ErrorRecord.model_json_schema()}),
    }


def _plain(schema: Any) -> Any:
    """Without what pydantic adds and nobody reads: titles made of names, defaults that are nothing."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _plain(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str)) and not (name == "default" and value in (None, "", []))
    }


def _in_schema() -> dict[str, Any]:
    envelope = InRecord.model_json_schema()
    definitions = {**envelope.pop("$defs"), **content_definitions()}
    content = envelope["properties"]["content"]
    # Whatever the type: an object, in which `errors` and `left_out` mean the same everywhere.
    envelope["properties"]["content"] = {"$ref": "#/$defs/Content", "description": content["description"]}
    shape = {"$ref": f"#/$defs/{CHOICE}"}
    plain: dict[str, Any] = _plain({"$schema": DIALECT, **envelope, **shape, "$defs": definitions})
    return plain


def _out_schema() -> dict[str, Any]:
    forms = [(form, kind) for kind, several in FORMS.items() for form in several]
    _, shared = models_json_schema([(form, "validation") for form, _ in forms], ref_template="#/$defs/{model}")
    definitions = shared["$defs"]
    for form, kind in forms:
        fields = definitions[form.__name__]
        own = {name: field for name, field in fields["properties"].items() if name != "kind"}
        fields["properties"] = {"message_type": {"const": kind}, **own}
        fields["required"] = ["message_type", *fields.get("required", ())]
    envelope = OutRecord.model_json_schema()
    envelope["properties"]["message_type"]["enum"] = list(FORMS)
    one_of = [{"$ref": f"#/$defs/{form.__name__}"} for form, _ in forms]
    plain: dict[str, Any] = _plain({"$schema": DIALECT, **envelope, "oneOf": one_of, "$defs": definitions})
    return plain
