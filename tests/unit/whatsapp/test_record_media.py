"""Files, places and people: described and named, never by an address of Meta's.

Each webhook of tests/fixtures/webhooks, and the record its user's agent reads, without what every record has.
"""

from typing import Any

import pytest

from tests.unit.whatsapp.shapes import told

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
"""Hexadecimal, though webhooks show it in base64."""

RECORDS: dict[str, dict[str, Any]] = {
    "audio_file": {
        "type": "audio",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "audio/mpeg", "sha256": SHA, "voice": False},
    },
    "audio_voice": {
        "type": "audio",
        "text": "",
        "content": {
            "media_id": "MEDIA1",
            "mime_type": "audio/ogg",
            "mime_parameters": "codecs=opus",
            "sha256": "h4sh=",
            "voice": True,
        },
    },
    "contacts_card": {
        "type": "contacts",
        "text": "Bia",
        "content": {
            "contacts": [
                {
                    "name": {"formatted_name": "Bia", "first_name": "Bia"},
                    "phones": [{"phone": "+55 11 98888-0000", "type": "CELL"}],
                    "org": {"company": "Shop"},
                    "origin": "other",
                    "vcard": "BEGIN:VCARD",
                }
            ]
        },
    },
    "contacts_full": {
        "type": "contacts",
        "text": "Dr. Bia Maria Souza, +49 151 0000",
        "content": {
            "contacts": [
                {
                    "name": {
                        "formatted_name": "Dr. Bia Maria Souza",
                        "first_name": "Bia",
                        "middle_name": "Maria",
                        "last_name": "Souza",
                        "prefix": "Dr.",
                        "suffix": "Jr.",
                    },
                    "phones": [
                        {"phone": "+55 11 98888-0000", "wa_id": "5511988880000", "type": "CELL"},
                        {"phone": "+55 11 3333-0000", "type": "WORK"},
                    ],
                    "emails": [{"email": "bia@example.test", "type": "WORK"}],
                    "addresses": [
                        {
                            "street": "Main Street 1",
                            "city": "Sao Paulo",
                            "state": "SP",
                            "zip": "01000",
                            "country": "Brazil",
                            "country_code": "br",
                            "type": "HOME",
                        }
                    ],
                    "urls": [{"url": "https://bia.example.test", "type": "HOME"}],
                    "org": {"company": "Shop", "department": "Sales", "title": "Head"},
                    "birthday": "1990-02-03",
                },
                {"phones": [{"phone": "+49 151 0000"}]},
            ]
        },
    },
    "contacts_request": {
        "type": "contacts",
        "text": "+49 151 0000",
        "content": {
            "contacts": [{"phones": [{"phone": "+49 151 0000", "wa_id": "491510000"}], "origin": "contact_request"}]
        },
        "username": "hans",
    },
    "document": {
        "type": "document",
        "text": "bill.pdf",
        "content": {"media_id": "MEDIA1", "mime_type": "application/pdf", "sha256": "h4sh=", "filename": "bill.pdf"},
    },
    "document_captioned": {
        "type": "document",
        "text": "the bill",
        "content": {
            "media_id": "MEDIA1",
            "mime_type": "application/pdf",
            "sha256": SHA,
            "caption": "the bill",
            "filename": "Rechnung Größe 7.pdf",
        },
    },
    "image": {
        "type": "image",
        "text": "my receipt",
        "content": {"media_id": "MEDIA1", "mime_type": "image/jpeg", "sha256": "h4sh=", "caption": "my receipt"},
    },
    "image_bare": {
        "type": "image",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "image/jpeg", "sha256": "h4sh="},
    },
    "image_forwarded": {
        "type": "image",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "image/jpeg", "sha256": SHA, "size": 52345},
        "context": {"forwarded": True},
    },
    "location_address": {
        "type": "location",
        "text": "Main Street 1",
        "content": {"latitude": -23.5, "longitude": -46.6, "address": "Main Street 1"},
    },
    "location_pin": {"type": "location", "text": "-23.5,-46.6", "content": {"latitude": -23.5, "longitude": -46.6}},
    "location_place": {
        "type": "location",
        "text": "Market",
        "content": {
            "latitude": -23.5,
            "longitude": -46.6,
            "name": "Market",
            "address": "Main Street 1",
            "url": "https://example.test",
        },
    },
    "sticker": {
        "type": "sticker",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "image/webp", "sha256": "h4sh=", "animated": False},
    },
    "sticker_animated": {
        "type": "sticker",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "image/webp", "sha256": SHA, "animated": True},
    },
    "video": {
        "type": "video",
        "text": "see",
        "content": {"media_id": "MEDIA1", "mime_type": "video/mp4", "sha256": "h4sh=", "caption": "see"},
    },
    "video_with_url": {
        "type": "video",
        "text": "",
        "content": {"media_id": "MEDIA1", "mime_type": "video/mp4", "sha256": SHA},
    },
    "voice_old_name": {
        "type": "audio",
        "text": "",
        "content": {
            "media_id": "MEDIA1",
            "mime_type": "audio/ogg",
            "mime_parameters": "codecs=opus",
            "sha256": "h4sh=",
            "voice": True,
        },
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_agent_reads(name: str) -> None:
    assert told(name) == RECORDS[name]
