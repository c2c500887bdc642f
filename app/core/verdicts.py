"""What the outcome of a send means, and what to do next.

    Verdict
    ├── accepted   Meta has it; what becomes of it comes by status
    ├── retry      can heal: 5xx, throttling, a connection that never opened
    ├── refused    will not heal: the agent is told why
    ├── in doubt   the request was written and no answer was read: it may or may not arrive
    └── late       its time or its window ran out before it could be sent

In: HTTP status, Meta's error, or a failed transport. Out: a `Verdict`. The table of codes is Meta's error page
(whatsapp-cloud-api, 7.3).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

Outcome = Literal["accepted", "retry", "refused", "in_doubt", "late"]

RETRY = frozenset({1, 2, 131000, 131016, 131057, 134101})
GATEWAY_ANSWERS = frozenset({502, 504})
"""Somebody on the way gave up on Meta's server: it may have the request."""
THROTTLED = frozenset({4, 17, 80007, 613, 130429, 131056, 131208, 132069})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one attempt ended."""

    outcome: Outcome
    code: str = ""
    reason: str = ""
    message_id: str | None = None
    raw: bytes = b""

    @property
    def final(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.outcome != "retry"


def from_answer(status: int, body: dict[str, Any] | None, raw: bytes, *, is_note: bool = False) -> Verdict:
    """The verdict on an HTTP answer; `body` is None when it was not a JSON object.

    `is_note`: a read mark or a typing indicator was sent, whose answer has no message id.
    """
    if status == 200 and is_note and (body or {}).get("success") is True:
        return Verdict(outcome="accepted", raw=raw)
    if status == 200:
        messages = (body or {}).get("messages")
        if isinstance(messages, list) and messages and isinstance(messages[0], dict) and messages[0].get("id"):
            return Verdict(outcome="accepted", message_id=str(messages[0]["id"]), raw=raw)
        return Verdict(outcome="in_doubt", code="no_id", reason="Meta answered 200 without a message id", raw=raw)
    error = (body or {}).get("error")
    error = error if isinstance(error, dict) else {}
    if status in GATEWAY_ANSWERS and not error:
        return replace(no_answer(f"HTTP {status}, not from Meta's own server"), raw=raw)
    code = error.get("code") if isinstance(error.get("code"), int) else None
    reason = f"{_words(error) or 'no explanation'} (Meta's error {code if code is not None else f'HTTP {status}'})"
    heals = status == 429 or status >= 500 or code in RETRY or code in THROTTLED or error.get("is_transient") is True
    name = str(code) if code is not None else f"http_{status}"
    return Verdict(outcome="retry" if heals else "refused", code=name, reason=reason, raw=raw)


def _words(error: dict[str, Any]) -> str:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    return str(details or error.get("message") or "")


def unreachable(error: str) -> Verdict:
    """The verdict when the request never left: nothing can have arrived."""
    return Verdict(outcome="retry", code="unreachable", reason=f"Meta could not be reached: {error}")


def no_answer(error: str) -> Verdict:
    """The verdict when the request was written and no answer read: a retry could send it twice."""
    reason = f"the message was handed to Meta, but no answer came ({error}): it may or may not arrive"
    return Verdict(outcome="in_doubt", code="no_answer", reason=reason)
