"""Words, and what hangs on them: replies, forwards, products, adverts, and users of every visibility.

Each webhook of tests/fixtures/webhooks, and the record its user's agent reads, without what every record has.
"""

from typing import Any

import pytest

from tests.unit.whatsapp.shapes import told

RECORDS: dict[str, dict[str, Any]] = {
    "text": {
        "type": "text",
        "text": "olá, tudo bem? 😀\nsegunda linha",
        "content": {"body": "olá, tudo bem? 😀\nsegunda linha"},
    },
    "text_about_product": {
        "type": "text",
        "text": "is it red?",
        "content": {"body": "is it red?"},
        "context": {
            "id": "wamid.OUT1",
            "from": "551155501234",
            "referred_product": {"catalog_id": "CAT1", "product_retailer_id": "SKU1"},
        },
    },
    "text_bsuid_as_number": {"type": "text", "text": "Hallo", "content": {"body": "Hallo"}},
    "text_empty_number": {"type": "text", "text": "Hallo", "content": {"body": "Hallo"}, "username": "hans"},
    "text_enrolled": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_forwarded": {"type": "text", "text": "look", "content": {"body": "look"}, "context": {"forwarded": True}},
    "text_forwarded_often": {
        "type": "text",
        "text": "look",
        "content": {"body": "look"},
        "context": {"forwarded": True, "frequently_forwarded": True},
    },
    "text_from_advert": {
        "type": "text",
        "text": "I saw your advert",
        "content": {"body": "I saw your advert"},
        "referral": {
            "source_url": "https://example.test/ad",
            "source_type": "ad",
            "source_id": "120",
            "headline": "Now",
            "body": "Half price",
            "media_type": "image",
            "ctwa_clid": "ClickId",
        },
    },
    "text_from_post": {
        "type": "text",
        "text": "about your post",
        "content": {"body": "about your post"},
        "referral": {
            "source_url": "https://example.test/post",
            "source_type": "post",
            "source_id": "121",
            "body": "New",
            "media_type": "video",
        },
    },
    "text_identity_checked": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_milliseconds": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_old_shape": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_reply": {
        "type": "text",
        "text": "yes",
        "content": {"body": "yes"},
        "context": {"id": "wamid.OUT1", "from": "551155501234"},
    },
    "text_reply_without_from": {
        "type": "text",
        "text": "yes",
        "content": {"body": "yes"},
        "context": {"id": "wamid.OUT1"},
    },
    "text_reply_without_number": {
        "type": "text",
        "text": "ja",
        "content": {"body": "ja"},
        "context": {"id": "wamid.IN1", "from_user_id": "DE.4412"},
        "username": "hans",
    },
    "text_whole_number_time": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_without_contacts": {"type": "text", "text": "hi", "content": {"body": "hi"}},
    "text_without_number": {"type": "text", "text": "Hallo", "content": {"body": "Hallo"}, "username": "hans"},
    "text_without_profile": {"type": "text", "text": "hi", "content": {"body": "hi"}},
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_agent_reads(name: str) -> None:
    assert told(name) == RECORDS[name]
