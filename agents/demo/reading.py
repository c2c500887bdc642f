"""Understands the records an agent reads: ours, and the first generation's without our added fields.

In: the bytes of one record of an agent's in or error topic. Out: an `Arrival`, a `Tick`, or `Unreadable` with the
reason. Pure: the time, and the id of a record that carries none, come from the caller.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from agents.demo.details import detail_of, file_of, handed_over, message_of
from app.core.identity import split_address, user_key
from app.stores.chat_documents import RANKS, Arrival, Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A report about a message the agent sent."""

    agent: int
    user: str
    tick: str
    ref: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that cannot be understood, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a record was read; `source` stands in for an id it does not carry."""

    agent: int
    is_error: bool
    source: str
    at: float
    phone_number_id: str


def read_record(value: bytes | None, place: Place) -> Arrival | Tick | Unreadable:
    """What a record says."""
    try:
        data = orjson.loads(value or b"")
    except ValueError as error:
        return Unreadable(f"the record is not JSON: {error}")
    if not isinstance(data, dict):
        return Unreadable(f"the record is a JSON {type(data).__name__}, not an object")
    kind = "error" if place.is_error else _text(data, "type")
    if not kind:
        return Unreadable("the record has no `type`")
    user = _text(data, "user") or _user_of(_text(data, "waID"), place.phone_number_id)
    ref = _text(data, "ref")
    if not user and not (place.is_error and ref):
        said = _text(data, "text")
        return Unreadable(
            "the record names no user: `waID` is neither a phone number nor a user id" + (f" ({said})" if said else "")
        )
    if kind == "status":
        return _read_tick(data, place, user, ref)
    return _read_arrival(data, place, kind, user, ref)


def _read_tick(data: dict[str, Any], place: Place, user: str, ref: str) -> Tick | Unreadable:
    tick = _text(data, "text")
    if tick not in RANKS or not tick:
        return Unreadable(f"the status {tick!r} is none of sent, delivered, read, played")
    return Tick(agent=place.agent, user=user, tick=tick, ref=ref, message_id=_text(data, "message_id"))


def _read_arrival(data: dict[str, Any], place: Place, kind: str, user: str, ref: str) -> Arrival:
    failure = None
    text = _text(data, "text")
    if place.is_error:
        failure = Failure(
            reason=text or "the message could not be sent",
            code=_text(data, "code"),
            verdict=_text(data, "verdict") or "refused",
        )
    message = message_of(data.get("raw_payload"))
    context = data.get("context")
    dropped = data.get("dropped")
    at = _seconds(data.get("timestamp"), place.at)
    return Arrival(
        agent=place.agent,
        source=_text(data, "id") or place.source,
        user=user,
        address=_text(data, "waID") or user,
        kind=kind,
        text=text,
        at=at,
        phone_number_id=_text(data, "phone_number_id"),
        phone=_text(data, "phone"),
        name=_text(data, "name"),
        ref=ref,
        message_id=_text(data, "message_id"),
        reply_to=_text(context, "id") if isinstance(context, dict) else "",
        reason=_text(data, "reason"),
        dropped=dropped if isinstance(dropped, int) and 0 < dropped < 1_000_000 else 0,
        joined=_texts(data.get("joined")),
        wrote_at=_seconds(data.get("user_wrote_at"), at),
        detail=handed_over(data) if kind == "initial" else {**detail_of(kind, message), **file_of(data.get("content"))},
        failure=failure,
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()


def _seconds(value: object, otherwise: float) -> float:
    """Seconds UTC of a timestamp; one that is missing, unreadable or of the future is taken as `otherwise`."""
    try:
        at = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return otherwise
    return at if 0 < at <= otherwise + 3600 else otherwise


def _user_of(address: str, phone_number_id: str) -> str:
    phone, user_id = split_address(address)
    return user_key(phone_number_id, phone, user_id) if phone or user_id else ""
