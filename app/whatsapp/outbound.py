"""Writes Meta's JSON for a message of ours.

In: a `Send`. Out: the body of a Graph request. Limits were checked when the message was made; nothing is cut here.
"""

from typing import Any

from app.core.effects import Send
from app.core.events import Mark
from app.core.identity import User
from app.core.messages import List, Template, Text, read_message
from app.whatsapp.mark import write_mark


def payload(send: Send) -> dict[str, Any]:
    """The Graph request's JSON; raises ValueError when the message is none we can send."""
    mark = Mark(key=send.user.key, effect=send.id, agent=send.agent, ref=send.ref)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(send.user),
        **_content(read_message(send.message)),
        "biz_opaque_callback_data": write_mark(mark),
    }


def _recipient(user: User) -> dict[str, str]:
    """By number while one is known (it keeps the number visible to us), else by BSUID.

    Without the plus sign Meta may put the business number's own country code before the digits.
    """
    if user.wa_id:
        return {"to": f"+{user.wa_id}"}
    if user.user_id:
        return {"recipient": user.user_id}
    raise ValueError(f"user {user.key} has neither a phone number nor a BSUID to send to")


def _content(message: Text | List | Template) -> dict[str, Any]:
    match message:
        case Text():
            return {"type": "text", "text": {"body": message.text}}
        case List():
            rows = [
                {"id": row.id, "title": row.title, **({"description": row.description} if row.description else {})}
                for row in message.rows
            ]
            action = {"button": message.button, "sections": [{"title": message.section, "rows": rows}]}
            return {
                "type": "interactive",
                "interactive": {"type": "list", "body": {"text": message.text}, "action": action},
            }
        case Template():
            template: dict[str, Any] = {"name": message.name, "language": {"code": message.language}}
            if message.components:
                template["components"] = list(message.components)
            return {"type": "template", "template": template}
