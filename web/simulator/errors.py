"""Meta's way of saying no: codes, titles, and the error envelope of the Graph API.

A code and a detail come in; out goes the envelope of an answer or the errors entry of a `failed` status.
The details name the offending path and what is allowed; they never hold the access token.
"""

import secrets
from typing import Any

TITLES: dict[int, str] = {
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    100: "Invalid parameter",
    131000: "Something went wrong",
    190: "Access token has expired or is invalid",
    368: "Temporarily blocked for policies violations",
    80007: "Rate limit issues",
    130403: "User is blocked by the business",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    131005: "Access denied",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131031: "Account has been locked",
    131042: "Business eligibility payment issue",
    131045: "Incorrect certificate",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "Message withheld to keep the ecosystem healthy",
    131050: "User has stopped marketing messages",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    131062: "Business-scoped user ids are not supported for this message",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132005: "Translated text too long",
    132012: "Parameter format does not match format in the created template",
    132018: "Template parameter is not valid",
}
HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


def title_of(code: int) -> str:
    """Return the short title of a code, also for codes the simulator does not know."""
    return TITLES.get(code, "Unknown error")


class GraphError(Exception):
    """A Graph call refused, with everything its answer needs."""

    def __init__(
        self, code: int, details: str, *, http_status: int = 400, subcode: int | None = None, message: str = ""
    ) -> None:
        super().__init__(f"(#{code}) {title_of(code)}: {details}")
        self.code = code
        self.details = details
        self.http_status = http_status
        self.subcode = subcode
        self.message = message or f"(#{code}) {title_of(code)}"

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer, as Meta builds it."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "GraphMethodException" if self.subcode == 33 else "OAuthException",
            "code": self.code,
            "is_transient": self.code in (1, 2, 131000, 131016) or self.http_status >= 500,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def status_error(code: int, details: str) -> dict[str, Any]:
    """Return the errors entry of a `failed` status."""
    title = title_of(code)
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}, "href": HREF}
