"""Statuses of messages the agent sent, on its in topic; failures on its error topic.

Each webhook of tests/fixtures/webhooks, and the record its user's agent reads, without what every record has.
"""

from typing import Any

import pytest

from tests.unit.whatsapp.shapes import told

OURS = {"ref": "order-7", "effect": "0123456789abcdef0123"}
"""What our mark on the message brought back."""

NOT_ON_WHATSAPP = (
    "undeliverable: no WhatsApp at this number, an old client, or terms not accepted. "
    "Meta says: The phone number is not on WhatsApp. (Meta's error 131026)"
)

RECORDS: dict[str, dict[str, Any]] = {
    "status_deleted": {"type": "status", "text": "deleted", **OURS},
    "status_delivered": {
        "type": "status",
        "text": "delivered",
        **OURS,
        "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"},
    },
    "status_failed": {
        "text": NOT_ON_WHATSAPP,
        "code": "131026",
        "class": "user",
        **OURS,
        "status": "failed",
        "errors": [
            {"code": 131026, "title": "Message undeliverable", "details": "The phone number is not on WhatsApp."}
        ],
    },
    "status_failed_by_user_id": {
        "text": NOT_ON_WHATSAPP,
        "code": "131026",
        "class": "user",
        **OURS,
        "status": "failed",
        "errors": [
            {"code": 131026, "title": "Message undeliverable", "details": "The phone number is not on WhatsApp."}
        ],
    },
    "status_failed_old_errors": {
        "text": "an error that is not known here. Meta says: too long ago (Meta's error 470)",
        "code": "470",
        "class": "permanent",
        **OURS,
        "status": "failed",
        "errors": [{"code": 470, "title": "Old", "details": "too long ago"}],
    },
    "status_failed_several_errors": {
        "text": "withheld so that the user does not get too much marketing; not before a day has passed. "
        "Meta says: Kept back to keep the ecosystem healthy. (Meta's error 131049)",
        "code": "131049",
        "class": "user",
        **OURS,
        "status": "failed",
        "errors": [
            {"code": 131049, "title": "Not delivered", "details": "Kept back to keep the ecosystem healthy."},
            {"code": 131000, "title": "Something went wrong"},
        ],
    },
    "status_failed_without_errors": {
        "text": "an error that is not known here (Meta's error unknown)",
        "code": "unknown",
        "class": "permanent",
        **OURS,
        "status": "failed",
        "errors": [],
    },
    "status_identity_checked": {"type": "status", "text": "sent", **OURS},
    "status_of_tomorrow": {"type": "status", "text": "admired", **OURS},
    "status_played": {"type": "status", "text": "played", **OURS},
    "status_read": {"type": "status", "text": "read", **OURS},
    "status_read_in_entry_point": {
        "type": "status",
        "text": "read",
        **OURS,
        "pricing": {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_entry_point",
            "category": "referral_conversion",
        },
        "conversation": {"id": "CONV1", "origin": {"type": "referral_conversion"}},
    },
    "status_rewritten_number": {"type": "status", "text": "delivered", **OURS},
    "status_sent": {
        "type": "status",
        "text": "sent",
        **OURS,
        "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"},
    },
    "status_sent_old_shape": {
        "type": "status",
        "text": "sent",
        **OURS,
        "pricing": {"billable": True, "pricing_model": "CBP", "type": "regular", "category": "service"},
        "conversation": {"id": "CONV1", "expiration_timestamp": 1795386600, "origin": {"type": "service"}},
    },
    "status_warning": {"type": "status", "text": "warning", **OURS},
    "status_with_mark_only": {
        "text": NOT_ON_WHATSAPP,
        "code": "131026",
        "class": "user",
        **OURS,
        "status": "failed",
        "errors": [
            {"code": 131026, "title": "Message undeliverable", "details": "The phone number is not on WhatsApp."}
        ],
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_agent_reads(name: str) -> None:
    assert told(name) == RECORDS[name]
