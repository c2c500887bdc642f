"""Writes Meta's JSON for a message of ours (whatsapp-cloud-api, chapter 5).

In: a `Send`. Out: the body of a Graph request. Limits were checked when the message was made; nothing is cut here, and
no file is fetched or uploaded.
"""

from typing import Any

from app.core.effects import Send
from app.core.events import Mark
from app.core.identity import User
from app.core.messages import (
    Audio,
    Contacts,
    Document,
    Image,
    Location,
    MarkRead,
    Message,
    Quoting,
    Reaction,
    Sticker,
    Template,
    Text,
    Typing,
    Video,
    files_in,
    read_message,
)
from app.core.messages.part import Part
from app.core.messages.text import TEXT_MAX
from app.whatsapp.interactive import interactive
from app.whatsapp.mark import write_mark


def payload(send: Send) -> dict[str, Any]:
    """The Graph request's JSON; raises ValueError when the message is none we can send as it is."""
    message = read_message(send.message)
    if isinstance(message, MarkRead | Typing):
        return _mark(message)
    left = next((file.media for file in files_in(message) if file.media is not None), None)
    if left is not None:
        raise ValueError(f"the media {left!r} has no id of Meta's yet: it must be uploaded before the message is sent")
    quoted = message.reply_to if isinstance(message, Quoting) else None
    mark = Mark(key=send.user.key, effect=send.id, agent=send.agent, ref=send.ref)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(send.user),
        **({"context": {"message_id": quoted}} if quoted else {}),
        **_content(message),
        "biz_opaque_callback_data": write_mark(mark),
    }


def is_note(body: dict[str, Any]) -> bool:
    """Whether a request is a read mark or a typing indicator: no message, and harmless when it is repeated."""
    return "status" in body


def _mark(message: MarkRead | Typing) -> dict[str, Any]:
    """A mark names the user's message instead of a recipient, and no status of it ever comes."""
    typing = {"typing_indicator": {"type": "text"}} if isinstance(message, Typing) else {}
    return {"messaging_product": "whatsapp", "status": "read", "message_id": message.message_id, **typing}


def _recipient(user: User) -> dict[str, str]:
    """By number while one is known (it keeps the number visible to us), else by BSUID.

    Without the plus sign Meta may put the business number's own country code before the digits.
    """
    if user.wa_id:
        return {"to": f"+{user.wa_id}"}
    if user.user_id:
        return {"recipient": user.user_id}
    raise ValueError(f"user {user.key} has neither a phone number nor a BSUID to send to")


def _content(message: Message) -> dict[str, Any]:
    match message:
        case Text():
            return {"type": "text", "text": _text(message)}
        case Image():
            return {"type": "image", "image": _json(message.image)}
        case Video():
            return {"type": "video", "video": _json(message.video)}
        case Audio():
            return {"type": "audio", "audio": _json(message.audio)}
        case Document():
            return {"type": "document", "document": _json(message.document)}
        case Sticker():
            return {"type": "sticker", "sticker": _json(message.sticker)}
        case Location():
            return {"type": "location", "location": _json(message.location)}
        case Contacts():
            return {"type": "contacts", "contacts": [_json(contact) for contact in message.contacts]}
        case Reaction():
            return {"type": "reaction", "reaction": _json(message.reaction)}
        case Template():
            return {"type": "template", "template": _template(message)}
        case MarkRead() | Typing():
            raise ValueError(f"a {message.kind} is a request of its own")
        case _:
            return {"type": "interactive", "interactive": interactive(message)}


def _text(message: Text) -> dict[str, Any]:
    if len(message.text) > TEXT_MAX:
        raise ValueError(f"the text has {len(message.text)} characters and was not split into parts of {TEXT_MAX}")
    return {"body": message.text, **({"preview_url": True} if message.preview_url else {})}


def _template(message: Template) -> dict[str, Any]:
    components = [_json(component) for component in message.components]
    return {
        "name": message.name,
        "language": {"code": message.language},
        **({"components": components} if components else {}),
    }


def _json(part: Part) -> dict[str, Any]:
    """A part whose fields have Meta's own names."""
    return part.model_dump(mode="json")
