"""The records agents read: the first generation's shapes, with fields added and none removed or renamed.

In: events. Out: JSON objects for `<agent>-in` and `<agent>-error`. Bytes become base64, as the contract wants.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from app.core.codes import class_of
from app.core.events import IdentityChanged, StatusCame, UserWrote
from app.core.identity import Identity, User
from app.core.verdicts import from_failed_status


def _about(user: User) -> dict[str, Any]:
    pairs = {
        "user": user.key,
        "phone_number_id": user.phone_number_id,
        "phone": user.wa_id,
        "user_id": user.user_id,
        "name": user.name,
    }
    return {name: value for name, value in pairs.items() if value is not None}


def _record(user: User, kind: str, text: str, raw: bytes, **more: Any) -> dict[str, Any]:
    added = {name: value for name, value in more.items() if value is not None}
    return {
        "waID": user.address,
        "type": kind,
        "text": text,
        "raw_payload": b64encode(raw).decode(),
        **_about(user),
        **added,
    }


def message_record(event: UserWrote, user: User, *, closed: bool = False) -> dict[str, Any]:
    """What an agent reads when its user wrote; `closed`: outside the agent's hours."""
    return _record(
        user,
        event.kind,
        event.text,
        event.raw,
        message_id=event.message_id or event.id,
        timestamp=event.at,
        content=event.content,
        context=event.context,
        referral=event.referral,
        username=event.username,
        closed=closed or None,
    )


def identity_record(event: IdentityChanged, user: User) -> dict[str, Any]:
    """What an agent reads when its user has another number or user id; `waID` is still the one before."""
    content = {"change": event.change, "before": event.before.to_dict(), "after": event.after.to_dict()}
    return _record(
        user,
        "system",
        event.text,
        event.raw,
        message_id=event.message_id or None,
        timestamp=event.at,
        content=content,
    )


def joined_record(user: User, younger: User, joined: Sequence[str], wrote_at: float, at: float) -> dict[str, Any]:
    """What an agent reads when a user it has a conversation with turned out to be another: `user` is who stays.

    `joined` are all keys the user had beside this one, `wrote_at` is when they last wrote.
    """
    before, after = (Identity(wa_id=one.wa_id, user_id=one.user_id).to_dict() for one in (younger, user))
    return _record(
        user,
        "system",
        "Two users turned out to be one person.",
        b"",
        timestamp=at,
        content={"change": "user_joined", "before": before, "after": after},
        joined=list(joined),
        user_wrote_at=wrote_at or None,
    )


def initial_record(
    user: User, text: str, event: UserWrote, dropped: int, *, closed: bool = False, joined: Sequence[str] = ()
) -> dict[str, Any]:
    """What an agent reads when a user chose it; kept messages follow, `dropped` were too many to keep."""
    return _record(
        user,
        "initial",
        text,
        event.raw,
        timestamp=event.at,
        dropped=dropped or None,
        closed=closed or None,
        joined=list(joined) or None,
    )


def transfer_record(
    user: User, text: str, handed: dict[str, Any], at: float, *, closed: bool = False
) -> dict[str, Any]:
    """What an agent reads when another agent or the admin API handed a user to it.

    `handed` has `note`, `references`, `user_wrote_at`, `dropped` and `joined` as in `initial_record`, and of an agent
    `from`.
    """
    return _record(user, "initial", text, b"", timestamp=at, closed=closed or None, **handed)


def closed_record(user: User, text: str, reason: str, at: float) -> dict[str, Any]:
    """What an agent reads when a conversation has ended.

    `reason` is `exit`, `expired`, `agent`, `transferred`, `ended` or `joined`.
    """
    return _record(user, "closed", text, b"", reason=reason, timestamp=at)


def status_record(event: StatusCame, user: User) -> dict[str, Any]:
    """What an agent reads when its message was sent, delivered or read."""
    return _record(
        user,
        "status",
        event.status,
        event.raw,
        message_id=event.message_id,
        timestamp=event.at,
        ref=event.mark.ref if event.mark else None,
        effect=event.mark.effect if event.mark else None,
        pricing=event.pricing,
        conversation=event.conversation,
    )


def failure_record(event: StatusCame, user: User) -> dict[str, Any]:
    """What an agent reads on its error topic when Meta reports its message as failed: code, meaning, all errors."""
    failure = from_failed_status(event.errors[0] if event.errors else {})
    record = error_record(
        user,
        failure.reason,
        failure.code,
        event.raw,
        at=event.at,
        ref=event.mark.ref if event.mark else None,
        effect=event.mark.effect if event.mark else None,
        message_id=event.message_id,
        kind=failure.kind,
    )
    return {**record, "status": event.status, "errors": list(event.errors)}


def error_record(
    user: User | None,
    reason: str,
    code: str,
    raw: bytes,
    *,
    at: float,
    ref: str | None = None,
    effect: str | None = None,
    message_id: str | None = None,
    address: str = "",
    kind: str | None = None,
) -> dict[str, Any]:
    """What an agent reads on its error topic; `address` stands in where no user could be made out.

    `kind` is the error's class, where more than its code says it.
    """
    pairs: dict[str, Any] = {"class": kind or class_of(code), "ref": ref, "effect": effect, "message_id": message_id}
    return {
        "waID": user.address if user else address,
        "text": reason,
        "raw_payload": b64encode(raw).decode(),
        "code": code,
        "timestamp": at,
        **(_about(user) if user else {}),
        **{name: value for name, value in pairs.items() if value is not None},
    }
