"""Messages about messages, notes about the user, and what nobody can read.

Each webhook of tests/fixtures/webhooks, and the record its user's agent reads, without what every record has.
"""

from typing import Any

import pytest

from tests.unit.whatsapp.shapes import told

RECORDS: dict[str, dict[str, Any]] = {
    "edit": {
        "type": "edit",
        "text": "corrected",
        "content": {
            "original_message_id": "wamid.IN1",
            "message": {"type": "text", "text": "corrected", "content": {"body": "corrected"}},
        },
    },
    "edit_of_caption": {
        "type": "edit",
        "text": "better",
        "content": {
            "original_message_id": "wamid.IN1",
            "message": {
                "type": "image",
                "text": "better",
                "content": {"media_id": "MEDIA2", "mime_type": "image/jpeg", "caption": "better"},
            },
        },
    },
    "ephemeral_old_name": {"type": "unsupported", "text": "", "content": {}},
    "field_user_id_update": {
        "type": "system",
        "text": "changed",
        "content": {
            "change": "user_changed_user_id",
            "before": {"phone": "5511999990000", "user_id": "BR.7781"},
            "after": {"user_id": "BR.9920"},
        },
    },
    "field_user_id_update_without_number": {
        "type": "system",
        "text": "changed",
        "content": {
            "change": "user_changed_user_id",
            "before": {"user_id": "DE.4412", "parent_user_id": "DE.ENT.1"},
            "after": {"user_id": "DE.5523", "parent_user_id": "DE.ENT.2"},
        },
    },
    "order": {
        "type": "order",
        "text": "two please",
        "content": {
            "catalog_id": "CAT1",
            "text": "two please",
            "product_items": [{"product_retailer_id": "SKU1", "quantity": 2, "item_price": 9.5, "currency": "BRL"}],
        },
    },
    "reaction": {
        "type": "reaction",
        "text": "👍",
        "content": {"message_id": "wamid.OUT1", "emoji": "👍", "removed": False},
    },
    "reaction_emptied": {"type": "reaction", "text": "", "content": {"message_id": "wamid.OUT1", "removed": True}},
    "reaction_removed": {"type": "reaction", "text": "", "content": {"message_id": "wamid.OUT1", "removed": True}},
    "request_welcome": {"type": "request_welcome", "text": "", "content": {}},
    "revoke": {"type": "revoke", "text": "", "content": {"original_message_id": "wamid.IN1"}},
    "system_changed_number": {
        "type": "system",
        "text": "Ana changed from 1 to 2",
        "content": {
            "change": "user_changed_number",
            "before": {"phone": "5511999990000"},
            "after": {"phone": "5511888880000"},
        },
    },
    "system_changed_number_without_from": {
        "type": "system",
        "text": "Ana changed from 1 to 2",
        "content": {
            "change": "user_changed_number",
            "before": {"phone": "5511999990000"},
            "after": {"phone": "5511888880000", "user_id": "BR.9920"},
        },
    },
    "system_changed_user_id": {
        "type": "system",
        "text": "Ana changed",
        "content": {
            "change": "user_changed_user_id",
            "before": {"phone": "5511999990000"},
            "after": {"phone": "5511888880000", "user_id": "BR.9920"},
        },
    },
    "system_customer_changed_number": {
        "type": "system",
        "text": "Ana changed from 1 to 2",
        "content": {
            "change": "user_changed_number",
            "before": {"phone": "5511999990000"},
            "after": {"phone": "5511888880000"},
        },
    },
    "system_identity_changed": {
        "type": "system",
        "text": "new code",
        "content": {
            "change": "customer_identity_changed",
            "body": "new code",
            "identity": {"acknowledged": True, "created_timestamp": 1795300000, "hash": "h"},
        },
    },
    "system_of_tomorrow": {
        "type": "system",
        "text": "Ana moved",
        "content": {"change": "user_moved_to_mars", "body": "Ana moved"},
    },
    "type_of_tomorrow": {
        "type": "hologram",
        "text": "beam",
        "content": {"raw": {"hologram": {"body": "beam"}, "surprise": {"deep": [1, 2, {"x": None}]}}},
    },
    "unknown_old_errors": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [
                {"code": 501, "title": "Unsupported message type", "details": "Message type is not currently supported"}
            ]
        },
    },
    "unsupported": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [
                {"code": 131051, "title": "Message type unknown", "details": "Message type is currently not supported."}
            ],
            "type": "poll_creation",
        },
    },
    "unsupported_bare": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [
                {"code": 131051, "title": "Message type unknown", "details": "Message type is currently not supported."}
            ]
        },
    },
    "unsupported_edit": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [
                {"code": 131051, "title": "Message type unknown", "details": "Message type is currently not supported."}
            ],
            "type": "edit",
        },
    },
    "unsupported_too_large": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [{"code": 131052, "title": "Media download error", "details": "The file is larger than 100 MB."}],
            "type": "video",
        },
    },
    "unsupported_unavailable": {
        "type": "unsupported",
        "text": "",
        "content": {
            "errors": [{"code": 131060, "title": "This message is unavailable", "details": "Message unavailable."}]
        },
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_agent_reads(name: str) -> None:
    assert told(name) == RECORDS[name]
