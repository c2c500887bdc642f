"""Meta's way of saying no: the error envelope of the Graph API, and the errors entry of a status.

A code and a detail come in; out goes the body of an answer or the errors entry of a `failed` status.
The details name the offending path and what is allowed; they never hold the access token.
"""

import json
import secrets
from typing import Any, Literal

from web.simulator.codes import GRAPH_TYPES, SUBCODES, TRANSIENT, is_whatsapp, status_of, title_of

Form = Literal["full", "string", "bare", "html", "empty"]
"""How an answer is dressed: full envelope; `error_data` as a string; message alone; an HTML page; nothing at all."""

HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"


class GraphError(Exception):
    """A Graph call refused, with everything its answer needs."""

    def __init__(
        self,
        code: int,
        details: str,
        *,
        http_status: int | None = None,
        subcode: int | None = None,
        message: str = "",
        form: Form = "full",
    ) -> None:
        super().__init__(f"(#{code}) {title_of(code)}: {details}")
        self.code = code
        self.details = details
        self.http_status = http_status if http_status is not None else status_of(code)
        self.subcode = subcode
        self.message = message or f"(#{code}) {title_of(code)}"
        self.form = form

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer, as Meta builds it (reference, chapter 7.2)."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "GraphMethodException" if self.subcode == 33 else GRAPH_TYPES.get(self.code, "OAuthException"),
            "code": self.code,
            "is_transient": self.code in TRANSIENT or self.http_status >= 500,
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if is_whatsapp(self.code):
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.form == "string":
            error["error_data"] = self.details
        if self.form == "bare":
            error = {"message": self.message}
        return {"error": error}

    def body(self) -> tuple[str, str]:
        """Return the answer's text and content type in the form asked for."""
        if self.form == "html":
            return HTML, "text/html"
        if self.form == "empty":
            return "", "text/plain"
        return encode_json(self.envelope()), "application/json"


def injected_error(code: int, http_status: int | None, form: Form) -> GraphError:
    """Return the refusal a switch asks for, in the dress this code has when it is real."""
    details = f"injected by the switches: {title_of(code)}"
    return GraphError(code, details, http_status=http_status, subcode=SUBCODES.get(code), form=form)


def status_error(code: int, details: str) -> dict[str, Any]:
    """Return the errors entry of a `failed` status, of an unsupported message or of a value."""
    title = title_of(code)
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}, "href": HREF}


def encode_json(data: Any) -> str:
    """Return JSON text as Meta sends it: without spaces, non-ASCII escaped."""
    return json.dumps(data, separators=(",", ":"))
