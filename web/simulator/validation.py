"""Is this send a payload that WhatsApp accepts? Envelope, recipient and the plain message types.

The JSON body of POST …/messages comes in; out goes a checked `Send`, or a GraphError with the offending
path. It decides by the documented limits alone and never looks at users, windows or rates.
"""

import re
from dataclasses import dataclass
from typing import Any

from web.simulator.errors import GraphError
from web.simulator.filling import FilledTemplate, fill_template
from web.simulator.interactive import check_interactive
from web.simulator.rules import need, need_list, need_object, need_text, number_between, one_of, optional_text, web_link
from web.simulator.templates import Template

TYPES = (
    *("text", "interactive", "image", "video", "audio", "document"),
    *("sticker", "location", "contacts", "reaction", "template"),
)
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_DATA_LIMIT = 512
FILENAME_LIMIT = 240
"""Characters; Meta's own limit is not documented."""
CONTACTS_LIMIT = 257
WITHOUT_CAPTION = ("audio", "sticker")
BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
PHONE = re.compile(r"\+?[\d\s().-]{5,30}")


@dataclass(frozen=True, kw_only=True)
class Send:
    """A payload that passed: who it is for, as addressed and as digits or BSUID, and what it is."""

    input: str
    digits: str | None
    user_id: str | None
    type: str
    callback_data: str | None
    template: FilledTemplate | None
    voice: bool = False
    """A voice note, whose first play is reported."""
    identity_key_hash: str | None = None


def check_send(payload: dict[str, Any], templates: tuple[Template, ...]) -> Send:
    """Return the checked send; raises GraphError as Meta refuses it."""
    check_product(payload)
    if payload.get("recipient_type", "individual") != "individual":
        raise GraphError(131009, "recipient_type: must be individual, groups are not played here")
    address, digits, user_id = _recipient(payload)
    callback_data = optional_text(payload, "biz_opaque_callback_data", "", limit=CALLBACK_DATA_LIMIT, code=100)
    kind = payload.get("type", "text")
    if kind not in TYPES:
        raise GraphError(100, f"type: must be one of {', '.join(TYPES)}")
    if payload.get("context") is not None:
        need_text(need_object(payload, "context", ""), "message_id", "context", limit=256)
    identity = optional_text(payload, "recipient_identity_key_hash", "", limit=256)
    template = _check_content(kind, payload, templates)
    if template is not None and template.is_code and digits is None:
        raise GraphError(131062, "recipient: a template with a login code needs a phone number in `to`")
    return Send(
        input=address,
        digits=digits,
        user_id=user_id,
        type=kind,
        callback_data=callback_data,
        template=template,
        voice=kind == "audio" and bool(payload["audio"].get("voice")),
        identity_key_hash=identity,
    )


def check_product(payload: dict[str, Any]) -> None:
    """Refuse a payload that is not for WhatsApp."""
    if need(payload, "messaging_product", "", code=100) != "whatsapp":
        raise GraphError(100, "messaging_product: must be whatsapp")


def check_read_mark(payload: dict[str, Any]) -> tuple[str, bool]:
    """Return the id of the message to mark as read, and whether typing shows; raises GraphError."""
    check_product(payload)
    one_of(payload, "status", "", ("read",), code=100)
    message_id = need_text(payload, "message_id", "", limit=256, missing=100)
    if payload.get("typing_indicator") is None:
        return message_id, False
    one_of(need_object(payload, "typing_indicator", ""), "type", "typing_indicator", ("text",))
    return message_id, True


def _recipient(payload: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """`to` wins over `recipient`, as documented."""
    if payload.get("to"):
        to = payload["to"]
        if not isinstance(to, str) or not PHONE.fullmatch(to):
            raise GraphError(131009, "to: must be a phone number, best as + and digits")
        return to, re.sub(r"\D", "", to), None
    if payload.get("recipient"):
        recipient = payload["recipient"]
        if not isinstance(recipient, str) or not BSUID.fullmatch(recipient):
            raise GraphError(131009, "recipient: must be a business-scoped user id such as BR.7781")
        return recipient, None, recipient
    raise GraphError(100, "to: required, a phone number; or recipient, a business-scoped user id")


def _check_content(kind: str, payload: dict[str, Any], templates: tuple[Template, ...]) -> FilledTemplate | None:
    if kind == "contacts":
        _check_contacts(payload)
        return None
    content = need_object(payload, kind, "", code=100)
    match kind:
        case "text":
            need_text(content, "body", "text", limit=TEXT_LIMIT, code=100, missing=100)
            if not isinstance(content.get("preview_url", False), bool):
                raise GraphError(100, "text.preview_url: must be true or false")
        case "interactive":
            check_interactive(content)
        case "location":
            number_between(content, "latitude", "location", -90, 90)
            number_between(content, "longitude", "location", -180, 180)
            optional_text(content, "name", "location", limit=1000)
            optional_text(content, "address", "location", limit=1000)
        case "reaction":
            need_text(content, "message_id", "reaction", limit=256)
            if not isinstance(need(content, "emoji", "reaction"), str):
                raise GraphError(131009, "reaction.emoji: must be a string, empty to remove")
        case "template":
            return fill_template(content, templates)
        case _:
            _check_media(kind, content)
    return None


def _check_media(kind: str, content: dict[str, Any]) -> None:
    if content.get("id"):
        need_text(content, "id", kind, limit=256)
    elif content.get("link"):
        web_link(content, "link", kind)
    else:
        raise GraphError(100, f"{kind}: needs id or link")
    if kind == "document":
        optional_text(content, "filename", kind, limit=FILENAME_LIMIT, code=100)
    if kind == "audio" and not isinstance(content.get("voice", False), bool):
        raise GraphError(100, "audio.voice: must be true or false")
    if content.get("caption") is None:
        return
    if kind in WITHOUT_CAPTION:
        raise GraphError(100, f"{kind}.caption: not allowed")
    need_text(content, "caption", kind, limit=CAPTION_LIMIT, code=100)


def _check_contacts(payload: dict[str, Any]) -> None:
    for index, contact in enumerate(need_list(payload, "contacts", "", least=1, most=CONTACTS_LIMIT)):
        path = f"contacts[{index}]"
        if not isinstance(contact, dict):
            raise GraphError(131009, f"{path}: must be an object")
        name = need_object(contact, "name", path)
        need_text(name, "formatted_name", f"{path}.name", limit=1024)
        others = ("first_name", "last_name", "middle_name", "suffix", "prefix")
        if not any(name.get(other) for other in others):
            raise GraphError(131008, f"{path}.name: needs one of {', '.join(others)} beside formatted_name")
