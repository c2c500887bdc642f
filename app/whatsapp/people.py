"""Whom a message or status is about, from the many places where Meta may or may not say it.

In: a change's value and one item of it. Out: a `User`, or None when nothing names one. Phone numbers may be withheld
(omitted, or empty, or replaced by the BSUID); contacts pair with messages by identity, never by position.
"""

from typing import Any

from app.core.identity import BSUID, User, digits


def text(data: Any, name: str) -> str | None:
    """A text of this name in some JSON; None when it is missing, empty or no text."""
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) and found else None


def phone(value: str | None) -> str | None:
    """The digits of a phone number; None for a BSUID in its place."""
    return None if value is None or BSUID.match(value) else digits(value)


def bsuid(*values: str | None) -> str | None:
    """The first of the values that is a BSUID."""
    return next((value for value in values if value and BSUID.match(value)), None)


def phone_number_id(value: dict[str, Any]) -> str:
    """The business number a change is about; empty when it does not say."""
    return text(value.get("metadata"), "phone_number_id") or ""


def is_business(value: dict[str, Any], user: User) -> bool:
    """Whether a user is the business number itself: its own words coming back would be answered without end."""
    own = phone(text(value.get("metadata"), "display_phone_number"))
    return own is not None and user.wa_id == own


def message_user(value: dict[str, Any], message: dict[str, Any]) -> tuple[User | None, list[dict[str, Any]]]:
    """The writer of a message, and the contacts of the change that are about them.

    Older system messages name the user as `system.customer` only.
    """
    sender = text(message, "from") or text(message.get("system"), "customer")
    return _user_of(value, phone(sender), bsuid(text(message, "from_user_id"), sender))


def update_user(value: dict[str, Any], update: dict[str, Any]) -> tuple[User | None, list[dict[str, Any]]]:
    """The user an entry of `user_id_update` is about, as they were, and the contacts that are about them."""
    shown = text(update, "wa_id")
    named = [text(update.get(name), time) for time in ("previous", "current") for name in ("user_id", "parent_user_id")]
    return _user_of(value, phone(shown), bsuid(*named, shown))


def username(contacts: list[dict[str, Any]]) -> str | None:
    """The username some contacts show, without its `@`."""
    found = (text(contact.get("profile"), "username") for contact in contacts)
    return next((name.removeprefix("@") for name in found if name), None)


def _user_of(
    value: dict[str, Any], number: str | None, user_id: str | None
) -> tuple[User | None, list[dict[str, Any]]]:
    listed = value.get("contacts")
    contacts = [contact for contact in listed if isinstance(contact, dict)] if isinstance(listed, list) else []
    mine = [contact for contact in contacts if _is_about(contact, number, user_id)]
    if not number and not user_id and len(contacts) == 1:
        mine = contacts
    name: str | None = None
    for contact in mine:
        wa_id, contact_id = text(contact, "wa_id"), text(contact, "user_id")
        number = number or phone(wa_id)
        user_id = user_id or bsuid(contact_id, wa_id)
        name = name or text(contact.get("profile"), "name")
    if not number and not user_id:
        return None, mine
    return User.at(phone_number_id(value), number, user_id, name), mine


def _is_about(contact: dict[str, Any], number: str | None, user_id: str | None) -> bool:
    wa_id, contact_id = text(contact, "wa_id"), text(contact, "user_id")
    return bool((user_id and user_id in (contact_id, wa_id)) or (number and number == phone(wa_id)))


def status_user(value: dict[str, Any], status: dict[str, Any]) -> User | None:
    """Whom the message of a status was for."""
    recipient = text(status, "recipient_id")
    number, user_id = phone(recipient), bsuid(text(status, "recipient_user_id"), recipient)
    return User.at(phone_number_id(value), number, user_id) if number or user_id else None
