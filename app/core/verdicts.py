"""What the outcome of a send means, and what to do next: one classifier for answers, failed statuses and lost requests.

    Verdict
    ├── accepted   Meta has it; what becomes of it comes by status
    ├── retry      can heal: 5xx, throttling, a connection that never opened
    ├── hold       the account is at fault: nothing of the number may leave until a probe has gone through
    ├── refused    will not heal: the agent is told why
    ├── in doubt   the request was written and no answer was read: it may or may not arrive
    └── late       its time or its window ran out before it could be sent

In: HTTP status, Meta's error, or a failed transport. Out: a `Verdict`. What a code means stands in app/core/codes.py;
how much an HTTP status says beside it in whatsapp-cloud-api, 7.2.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from app.core.codes import (
    ELSEWHERE,
    MEANINGS,
    NOTHING,
    SERVER_FAILED,
    SUBCODES,
    TOKEN_REFUSED,
    TOO_FAST,
    UNKNOWN,
    UNREACHABLE,
    ErrorClass,
    Meaning,
)

Outcome = Literal["accepted", "retry", "hold", "refused", "in_doubt", "late"]

GATEWAY_ANSWERS = frozenset({502, 504})
"""Somebody on the way gave up on Meta's server: it may have the request."""

DETAILS_MAX = 1000
"""Characters of Meta's explanation that are shown to an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one attempt ended."""

    outcome: Outcome
    code: str = ""
    reason: str = ""
    message_id: str | None = None
    raw: bytes = b""
    meaning: Meaning = NOTHING

    @property
    def final(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.outcome not in ("retry", "hold")

    @property
    def kind(self) -> ErrorClass | None:
        """The class of the error; None when there is none, or when nobody knows."""
        return self.meaning.kind

    @property
    def is_new(self) -> bool:
        """Whether Meta named an error that is in no table of ours."""
        return self.code.isascii() and self.code.isdigit() and int(self.code) not in MEANINGS


def from_answer(
    status: int, body: dict[str, Any] | None, raw: bytes, *, is_note: bool = False, has_link: bool = False
) -> Verdict:
    """The verdict on an HTTP answer; `body` is None when it was not a JSON object.

    `is_note`: a read mark or a typing indicator was sent, whose answer has no id. `has_link`: Meta fetches something.
    """
    if status == 200:
        return _from_success(body or {}, raw, is_note)
    error = (body or {}).get("error")
    error = error if isinstance(error, dict) else {}
    if status in GATEWAY_ANSWERS and not error:
        return replace(no_answer(f"HTTP {status}, not from Meta's own server"), raw=raw)
    code = code_of(error)
    meaning = _meaning(status, code, error)
    may_heal = meaning.tries != 1 and (has_link or not meaning.only_links)
    outcome: Outcome = "hold" if meaning.holds else "retry" if may_heal else "refused"
    name = str(code) if code is not None else f"http_{status}"
    reason = _reason(meaning, error, name if code is not None else f"HTTP {status}")
    return Verdict(outcome=outcome, code=name, reason=reason, raw=raw, meaning=meaning)


def from_failed_status(error: dict[str, Any], raw: bytes = b"") -> Verdict:
    """The verdict on an error of a `failed` status: Meta had accepted the message, so it is never tried again."""
    code = code_of(error)
    meaning = UNKNOWN if code is None else MEANINGS.get(code, UNKNOWN)
    name = "unknown" if code is None else str(code)
    return Verdict(outcome="refused", code=name, reason=_reason(meaning, error, name), raw=raw, meaning=meaning)


def unreachable(error: str) -> Verdict:
    """The verdict when the request never left: nothing can have arrived."""
    reason = f"Meta could not be reached: {error}"
    return Verdict(outcome="retry", code="unreachable", reason=reason, meaning=UNREACHABLE)


def no_answer(error: str) -> Verdict:
    """The verdict when the request was written and no answer read: a retry could send it twice."""
    reason = f"the message was handed to Meta, but no answer came ({error}): it may or may not arrive"
    return Verdict(outcome="in_doubt", code="no_answer", reason=reason)


def code_of(error: dict[str, Any]) -> int | None:
    """Meta's code in an error object, or None where there is none that is a number."""
    code = error.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        return None
    subcode = error.get("error_subcode")
    return SUBCODES.get((code, subcode), code) if isinstance(subcode, int) else code


def _from_success(body: dict[str, Any], raw: bytes, is_note: bool) -> Verdict:
    messages = body.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], dict) and messages[0].get("id"):
        return Verdict(outcome="accepted", message_id=str(messages[0]["id"]), raw=raw)
    if is_note and body.get("success") is True:
        return Verdict(outcome="accepted", raw=raw)
    return Verdict(outcome="in_doubt", code="no_id", reason="Meta answered 200 without a message id", raw=raw)


def _meaning(status: int, code: int | None, error: dict[str, Any]) -> Meaning:
    """The code decides; an HTTP status or `is_transient` can only make more of what would be given up."""
    known = MEANINGS.get(code, UNKNOWN) if code is not None else _without_code(status)
    if known.kind in (ErrorClass.RETRY, ErrorClass.THROTTLE) or known.holds:
        return known
    patient = (
        TOO_FAST if status == 429 else SERVER_FAILED if status >= 500 or error.get("is_transient") is True else None
    )
    if patient is None:
        return known
    return patient if code is None else replace(patient, text=known.text)


def _without_code(status: int) -> Meaning:
    if status == 401:
        return TOKEN_REFUSED
    return ELSEWHERE if 300 <= status < 400 else UNKNOWN


def _reason(meaning: Meaning, error: dict[str, Any], name: str) -> str:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    words = details or error.get("details") or error.get("message") or error.get("title")
    shown = f". Meta says: {str(words)[:DETAILS_MAX]}" if words else ""
    return f"{meaning.text}{shown} (Meta's error {name})"
