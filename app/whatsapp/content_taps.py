"""Taps and answers: list rows, reply buttons, buttons of templates, finished flows, permissions to call.

In: the sub-object of an interactive message, or a template's button. Out: models. What a choice means is in its `id`
or `payload`, never in its title (whatsapp-cloud-api, 2.2).
"""

from typing import Any

import orjson
from pydantic import model_validator

from app.whatsapp.content_base import Content, Said, Whole, is_deep


class Choice(Content):
    """A tapped reply button or list row."""

    id: Said = None
    title: Said = None
    description: Said = None

    @property
    def words(self) -> str:
        """The id."""
        return self.id or ""


class TemplateButton(Content):
    """A tapped quick-reply button of a template; its payload is its label when the sender gave none."""

    payload: Said = None
    text: Said = None

    @property
    def words(self) -> str:
        """The payload, else the label."""
        return self.payload or self.text or ""


class FlowReply(Content):
    """A finished flow (`name` is `flow`), or another form such as an address."""

    name: Said = None
    body: Said = None
    response: dict[str, Any] | None = None
    """What the user filled in."""
    response_json: Said = None
    """The answer as it came."""

    @model_validator(mode="before")
    @classmethod
    def _read_response(cls, data: Any) -> Any:
        try:
            response = orjson.loads(data.get("response_json") or "")
        except (ValueError, TypeError):
            response = None
        usable = isinstance(response, dict) and not is_deep(response)
        return {**data, "response": response if usable else None}

    def to_dict(self) -> dict[str, Any]:
        """The reply as JSON: the answer as it came only where it cannot be read as an object."""
        shown = super().to_dict()
        if self.response is not None:
            shown.pop("response_json", None)
        return shown

    @property
    def words(self) -> str:
        """The answer as it came."""
        return self.response_json or self.body or ""


class CallPermission(Content):
    """Whether the business may call."""

    response: Said = None
    """`accept` or `reject`."""
    expiration_timestamp: Whole = None
    """Seconds UTC."""
    response_source: Said = None

    @property
    def words(self) -> str:
        """The answer."""
        return self.response or ""
