"""Taps and answers.

Each webhook of tests/fixtures/webhooks, and the record its user's agent reads, without what every record has.
"""

from typing import Any

import pytest

from tests.unit.whatsapp.shapes import told

ANSWERS_MENU = {"id": "wamid.MENU1", "from": "551155501234"}

RECORDS: dict[str, dict[str, Any]] = {
    "button": {
        "type": "button",
        "text": "STOP",
        "content": {"payload": "STOP", "text": "Stop promotions"},
        "context": ANSWERS_MENU,
    },
    "button_reply": {
        "type": "button_reply",
        "text": "yes",
        "content": {"id": "yes", "title": "Yes"},
        "context": ANSWERS_MENU,
    },
    "button_reply_without_context": {"type": "button_reply", "text": "yes", "content": {"id": "yes", "title": "Yes"}},
    "button_without_context": {
        "type": "button",
        "text": "STOP",
        "content": {"payload": "STOP", "text": "Stop promotions"},
    },
    "call_permission_reply": {
        "type": "call_permission_reply",
        "text": "accept",
        "content": {"response": "accept", "expiration_timestamp": 1795900000, "response_source": "user_action"},
    },
    "interactive_of_tomorrow": {
        "type": "slider_reply",
        "text": "s1",
        "content": {"raw": {"type": "slider_reply", "slider_reply": {"id": "s1", "value": 7}}},
        "context": ANSWERS_MENU,
    },
    "interactive_without_content": {
        "type": "interactive",
        "text": "",
        "content": {"errors": [{"code": 131000, "title": "Something went wrong"}]},
    },
    "list_reply_bare": {
        "type": "list_reply",
        "text": "p1",
        "content": {"id": "p1", "title": "Basic"},
        "context": ANSWERS_MENU,
    },
    "list_reply_without_number": {
        "type": "list_reply",
        "text": "p1",
        "content": {"id": "p1", "title": "Basic"},
        "context": ANSWERS_MENU,
        "username": "hans",
    },
    "nfm_reply": {
        "type": "nfm_reply",
        "text": '{"flow_token":"t","size":"L"}',
        "content": {"name": "flow", "body": "Sent", "response": {"flow_token": "t", "size": "L"}},
        "context": ANSWERS_MENU,
    },
    "nfm_reply_address": {
        "type": "nfm_reply",
        "text": '{"saved_address_id":"a1","values":{"city":"Sao Paulo"}}',
        "content": {
            "name": "address_message",
            "body": "Main Street 1",
            "response": {"saved_address_id": "a1", "values": {"city": "Sao Paulo"}},
        },
        "context": ANSWERS_MENU,
    },
    "nfm_reply_broken": {
        "type": "nfm_reply",
        "text": "{broken",
        "content": {"name": "flow", "body": "Sent", "response_json": "{broken"},
        "context": ANSWERS_MENU,
    },
    "nfm_reply_not_object": {
        "type": "nfm_reply",
        "text": "[1,2]",
        "content": {"name": "flow", "body": "Sent", "response_json": "[1,2]"},
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_agent_reads(name: str) -> None:
    assert told(name) == RECORDS[name]
