"""Every kind of message, as an agent writes it and as Meta reads it (whatsapp-cloud-api, chapter 5).

`EVERY_KIND` holds the fields beside `waID`, and what they become beside messaging_product and recipient.
"""

from typing import Any

Fields = dict[str, Any]

LINK = "https://example.org/file"
WAMID = "wamid.HBgNNTUx"
EMOJI = "👍🏽"
FAMILY = "👨‍👩‍👧‍👦"


def interactive(kind: str, action: Fields, **more: Any) -> Fields:
    """Meta's frame around something to tap."""
    frame = {"type": kind, "body": {"text": "Hello"}, "action": action, **more}
    return {"type": "interactive", "interactive": frame}


def template(*components: Fields) -> Fields:
    """An agent's template."""
    content = {"name": "order_ready", "language": "pt_BR", "components": list(components)}
    return {"message_type": "template", "template": content}


def sent_template(*components: Fields) -> Fields:
    """Meta's template."""
    content = {"name": "order_ready", "language": {"code": "pt_BR"}, "components": list(components)}
    return {"type": "template", "template": content}


def button(sub_type: str, *parameters: Fields, index: str = "0") -> Fields:
    """A template's button."""
    filled = {"parameters": list(parameters)} if parameters else {}
    return {"type": "button", "sub_type": sub_type, "index": index, **filled}


def rows(count: int, first: int = 0) -> list[dict[str, str]]:
    """So many rows, with ids from `first` on."""
    return [{"id": f"p{number}", "title": f"Plan {number}"} for number in range(first, first + count)]


def buttons(count: int) -> list[dict[str, str]]:
    """So many reply buttons."""
    return [{"id": f"b{number}", "title": f"Button {number}"} for number in range(count)]


PERSON: Fields = {
    "name": {"formatted_name": "Ana Prado", "first_name": "Ana", "last_name": "Prado"},
    "phones": [{"phone": "+55 11 99999-0000", "type": "CELL", "wa_id": "5511999990000"}],
    "emails": [{"email": "ana@example.org", "type": "WORK"}],
    "addresses": [{"street": "Rua A, 1", "city": "São Paulo", "country": "Brazil", "country_code": "br"}],
    "urls": [{"url": "https://example.org", "type": "WORK"}],
    "org": {"company": "Prado", "title": "Owner"},
    "birthday": "1985-12-31",
}
PLACE: Fields = {"latitude": -23.55, "longitude": -46.63, "name": "Shop", "address": "Rua A, 1"}
FLOW: Fields = {
    "flow_id": "77",
    "flow_cta": "Book",
    "flow_token": "t-1",
    "mode": "published",
    "flow_action": "navigate",
    "flow_action_payload": {"screen": "DAY", "data": {"shop": 3}},
}

BUTTONS: dict[str, list[Fields]] = {
    "quick_reply": [{"type": "payload", "payload": "confirm|77"}],
    "url": [{"type": "text", "text": "track/77"}],
    "copy_code": [{"type": "coupon_code", "coupon_code": "JUNE25"}],
    "flow": [{"type": "action", "action": {"flow_token": "t-1"}}],
    "catalog": [{"type": "action", "action": {"thumbnail_product_retailer_id": "p1"}}],
    "mpm": [{"type": "action", "action": {"sections": [{"title": "New", "product_items": []}]}}],
    "voice_call": [],
    "of_tomorrow": [{"type": "surprise", "surprise": {"x": [1]}}],
}
"""The buttons a template may have, and their parameters."""

TEMPLATES: dict[str, tuple[Fields, ...]] = {
    "template": (),
    "template with text": (
        {"type": "header", "parameters": [{"type": "text", "text": "June"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "10:30"}]},
    ),
    "template with names": (
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "who", "text": "Ana"}]},
    ),
    "template with money and date": (
        {
            "type": "body",
            "parameters": [
                {"type": "currency", "currency": {"fallback_value": "R$1", "code": "BRL", "amount_1000": 1000}},
                {"type": "date_time", "date_time": {"fallback_value": "June 1"}},
            ],
        },
    ),
    **{
        f"template with {kind}": ({"type": "header", "parameters": [{"type": kind, kind: content}]},)
        for kind, content in {
            "image": {"id": "998"},
            "video": {"link": LINK},
            "document": {"link": LINK, "filename": "bill.pdf"},
            "location": PLACE,
        }.items()
    },
    **{
        f"template with {sub_type} button": (button(sub_type, *parameters),) for sub_type, parameters in BUTTONS.items()
    },
    "template of tomorrow": ({"type": "carousel", "cards": [{"card_index": 0, "components": []}]},),
}

EVERY_KIND: dict[str, tuple[Fields, Fields]] = {
    "text": ({"message_type": "text", "text": "olá"}, {"type": "text", "text": {"body": "olá"}}),
    "text with preview": (
        {"message_type": "text", "text": f"see {LINK}", "preview_url": True},
        {"type": "text", "text": {"body": f"see {LINK}", "preview_url": True}},
    ),
    **{
        f"{kind} by {source}": ({"message_type": kind, kind: content}, {"type": kind, kind: content})
        for kind, extra in {
            "image": {"caption": "our shop"},
            "video": {"caption": "our shop"},
            "audio": {},
            "document": {"caption": "your bill", "filename": "bill.pdf"},
            "sticker": {},
        }.items()
        for source, where in {"link": {"link": LINK}, "id": {"id": "998"}}.items()
        for content in ({**where, **extra},)
    },
    "voice note": (
        {"message_type": "audio", "audio": {"id": "998", "voice": True}},
        {"type": "audio", "audio": {"id": "998", "voice": True}},
    ),
    "location": ({"message_type": "location", "location": PLACE}, {"type": "location", "location": PLACE}),
    "contacts": ({"message_type": "contacts", "contacts": [PERSON]}, {"type": "contacts", "contacts": [PERSON]}),
    "reaction": (
        {"message_type": "reaction", "reaction": {"message_id": WAMID, "emoji": EMOJI}},
        {"type": "reaction", "reaction": {"message_id": WAMID, "emoji": EMOJI}},
    ),
    "reaction taken away": (
        {"message_type": "reaction", "reaction": {"message_id": WAMID, "emoji": ""}},
        {"type": "reaction", "reaction": {"message_id": WAMID, "emoji": ""}},
    ),
    "buttons": (
        {"message_type": "buttons", "text": "Hello", "buttons": buttons(2)},
        interactive("button", {"buttons": [{"type": "reply", "reply": reply} for reply in buttons(2)]}),
    ),
    **{
        f"buttons under {kind}": (
            {"message_type": "buttons", "text": "Hello", "buttons": buttons(1), "header": header, "footer": "Shop"},
            interactive(
                "button",
                {"buttons": [{"type": "reply", "reply": buttons(1)[0]}]},
                header=header,
                footer={"text": "Shop"},
            ),
        )
        for kind, content in {
            "text": "June",
            "image": {"id": "998"},
            "video": {"link": LINK},
            "document": {"link": LINK, "filename": "bill.pdf"},
        }.items()
        for header in ({"type": kind, kind: content},)
    },
    "list": (
        {"message_type": "list", "text": "Hello", "list_title": "Plans", "list_body": "Ours", "list_items": rows(2)},
        interactive("list", {"button": "Plans", "sections": [{"title": "Ours", "rows": rows(2)}]}),
    ),
    "list in sections": (
        {
            "message_type": "list",
            "text": "Hello",
            "list_title": "Plans",
            "list_sections": [{"title": "Old", "rows": rows(2)}, {"title": "New", "rows": rows(3, 2)}],
            "header": {"type": "text", "text": "June"},
            "footer": "Shop",
        },
        interactive(
            "list",
            {"button": "Plans", "sections": [{"title": "Old", "rows": rows(2)}, {"title": "New", "rows": rows(3, 2)}]},
            header={"type": "text", "text": "June"},
            footer={"text": "Shop"},
        ),
    ),
    "cta_url": (
        {"message_type": "cta_url", "text": "Hello", "cta_url": {"display_text": "Open", "url": LINK}, "footer": "S"},
        interactive(
            "cta_url", {"name": "cta_url", "parameters": {"display_text": "Open", "url": LINK}}, footer={"text": "S"}
        ),
    ),
    "flow": (
        {"message_type": "flow", "text": "Hello", "flow": FLOW},
        interactive("flow", {"name": "flow", "parameters": {"flow_message_version": "3", **FLOW}}),
    ),
    "flow by name": (
        {"message_type": "flow", "text": "Hello", "flow": {"flow_name": "booking", "flow_cta": "Book"}},
        interactive(
            "flow",
            {
                "name": "flow",
                "parameters": {"flow_message_version": "3", "flow_name": "booking", "flow_cta": "Book"},
            },
        ),
    ),
    "location_request": (
        {"message_type": "location_request", "text": "Hello"},
        interactive("location_request_message", {"name": "send_location"}),
    ),
    "contact_request": (
        {"message_type": "contact_request", "text": "Hello"},
        interactive("request_contact_info", {"name": "request_contact_info"}),
    ),
    **{
        name: (template(*components), sent_template(*components))
        for name, components in TEMPLATES.items()
        if components
    },
    "template": (
        {"message_type": "template", "template": {"name": "hello_world", "language": "en_US"}},
        {"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}},
    ),
}

MARKS: dict[str, tuple[Fields, Fields]] = {
    "mark_read": (
        {"message_type": "mark_read", "message_id": WAMID},
        {"messaging_product": "whatsapp", "status": "read", "message_id": WAMID},
    ),
    "typing": (
        {"message_type": "typing", "message_id": WAMID},
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": WAMID,
            "typing_indicator": {"type": "text"},
        },
    ),
}
