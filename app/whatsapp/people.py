"""Whom a message or status is about, from the many places where Meta may or may not say it.

In: a change's value and one item of it. Out: a `User`, or None when nothing names one. Phone numbers may be withheld
(omitted, or empty, or replaced by the BSUID); contacts pair with messages by identity, never by position.
"""

from typing import Any

from app.core.identity import BSUID, User, digits


def _text(data: Any, name: str) -> str | None:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) and found else None


def _phone(value: str | None) -> str | None:
    return None if value is None or BSUID.match(value) else digits(value)


def _bsuid(*values: str | None) -> str | None:
    return next((value for value in values if value and BSUID.match(value)), None)


def phone_number_id(value: dict[str, Any]) -> str:
    """The business number a change is about; empty when it does not say."""
    return _text(value.get("metadata"), "phone_number_id") or ""


def message_user(value: dict[str, Any], message: dict[str, Any]) -> tuple[User | None, list[dict[str, Any]]]:
    """The writer of a message, and the contacts of the change that are about them."""
    sender, user_id = _text(message, "from"), _text(message, "from_user_id")
    phone, bsuid = _phone(sender), _bsuid(user_id, sender)
    listed = value.get("contacts")
    contacts = [contact for contact in listed if isinstance(contact, dict)] if isinstance(listed, list) else []
    mine = [contact for contact in contacts if _is_about(contact, phone, bsuid)]
    if not phone and not bsuid and len(contacts) == 1:
        mine = contacts
    name: str | None = None
    for contact in mine:
        wa_id, contact_id = _text(contact, "wa_id"), _text(contact, "user_id")
        phone = phone or _phone(wa_id)
        bsuid = bsuid or _bsuid(contact_id, wa_id)
        name = name or _text(contact.get("profile"), "name")
    if not phone and not bsuid:
        return None, mine
    return User.at(phone_number_id(value), phone, bsuid, name), mine


def _is_about(contact: dict[str, Any], phone: str | None, bsuid: str | None) -> bool:
    wa_id, user_id = _text(contact, "wa_id"), _text(contact, "user_id")
    return bool((bsuid and bsuid in (user_id, wa_id)) or (phone and phone == _phone(wa_id)))


def status_user(value: dict[str, Any], status: dict[str, Any]) -> User | None:
    """Whom the message of a status was for."""
    recipient, user_id = _text(status, "recipient_id"), _text(status, "recipient_user_id")
    phone, bsuid = _phone(recipient), _bsuid(user_id, recipient)
    return User.at(phone_number_id(value), phone, bsuid) if phone or bsuid else None
