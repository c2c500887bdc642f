"""Writes Meta's `interactive` object: words with something to tap (whatsapp-cloud-api, 5.2).

In: a message with buttons, rows or a request. Out: the object. Limits were checked when the message was made.
"""

from typing import Any

from app.core.messages import (
    Buttons,
    ContactRequest,
    CtaUrl,
    Flow,
    List,
    LocationRequest,
    Row,
    Section,
    SectionedList,
)

FLOW_MESSAGE_VERSION = "3"

Interactive = Buttons | List | SectionedList | CtaUrl | Flow | LocationRequest | ContactRequest


def interactive(message: Interactive) -> dict[str, Any]:
    """The object of a message."""
    match message:
        case Buttons():
            replies = [{"type": "reply", "reply": button.model_dump()} for button in message.buttons]
            return _framed("button", message, {"buttons": replies})
        case List() | SectionedList():
            sections = [_section(section) for section in message.sections]
            return _framed("list", message, {"button": message.button, "sections": sections})
        case CtaUrl():
            return _framed("cta_url", message, {"name": "cta_url", "parameters": message.cta_url.model_dump()})
        case Flow():
            call = {"flow_message_version": FLOW_MESSAGE_VERSION, **message.flow.model_dump()}
            return _framed("flow", message, {"name": "flow", "parameters": call})
        case LocationRequest():
            return _bare("location_request_message", message.text, {"name": "send_location"})
        case ContactRequest():
            return _bare("request_contact_info", message.text, {"name": "request_contact_info"})


def _framed(
    kind: str, message: Buttons | List | SectionedList | CtaUrl | Flow, action: dict[str, Any]
) -> dict[str, Any]:
    return {
        **({"header": message.header.model_dump()} if message.header else {}),
        **({"footer": {"text": message.footer}} if message.footer else {}),
        **_bare(kind, message.text, action),
    }


def _bare(kind: str, text: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "body": {"text": text}, "action": action}


def _section(section: Section) -> dict[str, Any]:
    titled = {"title": section.title} if section.title else {}
    return {**titled, "rows": [_row(row) for row in section.rows]}


def _row(row: Row) -> dict[str, str]:
    described = {"description": row.description} if row.description else {}
    return {"id": row.id, "title": row.title, **described}
