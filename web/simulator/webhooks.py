"""The body of a webhook as Meta builds it, and its signature.

Items come in; out go bytes with every non-ASCII character escaped, and the X-Hub-Signature-256 over
exactly these bytes. Several items make a batch over several entries and changes.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from web.simulator.config import Number, SimulatorConfig

SIGNATURE = "X-Hub-Signature-256"
CHANGE_LIMIT = 3


@dataclass(slots=True, kw_only=True)
class Item:
    """One message, status, error or other field on its way to the webhook; items of one lane keep their order."""

    lane: str
    kind: Literal["messages", "statuses", "errors", "field"]
    content: dict[str, Any]
    """The entry of the list `kind`; of a field its whole value."""
    contact: dict[str, Any] | None
    number: Number | None = None
    """The business number it is about; None is the first one."""
    field: str = "messages"
    value_errors: tuple[dict[str, Any], ...] = ()
    """Errors of the value the item stands in, beside it."""
    settled: Callable[[bool], None] | None = None
    """Called once: True when the webhook answered 200, False when the item was dropped."""

    def summary(self) -> dict[str, str]:
        """Return what the webhook log keeps of it."""
        kind = self.field if self.kind == "field" else self.kind
        summary = {"kind": kind, "id": str(self.content.get("id", "")), "user": self.lane}
        if self.kind == "statuses":
            summary["status"] = self.content["status"]
        return summary


def build_body(items: list[Item], config: SimulatorConfig, rng: random.Random) -> dict[str, Any]:
    """Return the envelope around items; a batch is spread over changes and entries, in order."""
    changes: list[dict[str, Any]] = []
    room = 0
    for item in items:
        if item.kind == "field":
            changes.append({"field": item.field, "value": item.content})
            room = 0
            continue
        value = changes[-1]["value"] if changes else {}
        if room == 0 or item.kind not in value or value["metadata"] != metadata(config, item.number):
            changes.append(_change(item, config))
            room = rng.randint(1, CHANGE_LIMIT) if len(items) > 1 else 1
        value = changes[-1]["value"]
        value[item.kind].append(item.content)
        if item.value_errors:
            value.setdefault("errors", []).extend(item.value_errors)
        if item.contact is not None:
            contacts = value.setdefault("contacts", [])
            if item.contact not in contacts:
                contacts.append(item.contact)
        room -= 1
    cut = rng.randint(1, len(changes)) if len(changes) > 1 else len(changes)
    groups = [group for group in (changes[:cut], changes[cut:]) if group]
    entries = [{"id": config.account_id, "time": int(config.clock()), "changes": group} for group in groups]
    return {"object": "whatsapp_business_account", "entry": entries}


def metadata(config: SimulatorConfig, number: Number | None) -> dict[str, str]:
    """Return the business number a value is about; None is the first one."""
    number = number or config.numbers[0]
    return {
        "display_phone_number": number.display,
        "phone_number_id": number.id,
    }


def _change(item: Item, config: SimulatorConfig) -> dict[str, Any]:
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": metadata(config, item.number)}
    if item.contact is not None:
        value["contacts"] = []
    value[item.kind] = []
    return {"field": "messages", "value": value}


def encode(body: Any) -> bytes:
    """Return JSON bytes with non-ASCII escaped as \\uXXXX, as Meta sends them."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def sign(raw: bytes, secret: str) -> str:
    """Return the value of X-Hub-Signature-256 for raw bytes."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
