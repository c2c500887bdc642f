"""Who a user is, and the one name everything about them is keyed by.

In: what Meta shows of a person. Out: a `User` with its key. The key is opaque: it is made here and parsed nowhere.
"""

import re
from dataclasses import dataclass
from typing import Any

BSUID = re.compile(r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}\Z")
"""A business-scoped user id: country, dot, up to 128 letters and digits (whatsapp-cloud-api: user identity)."""


def digits(phone: str | None) -> str | None:
    """The digits of a phone number, without `+` and separators; None where there are none."""
    kept = "".join(char for char in phone or "" if char.isascii() and char.isdigit())
    return kept or None


def split_address(address: str) -> tuple[str | None, str | None]:
    """A `waID` as agents write it, as (phone digits, None) or (None, BSUID); (None, None) when it is neither."""
    if BSUID.match(address):
        return None, address
    if re.fullmatch(r"\+?[0-9 ()./-]{3,40}", address.strip()):
        return digits(address), None
    return None, None


def user_key(phone_number_id: str, wa_id: str | None, user_id: str | None) -> str:
    """The key of a user at a business number: by phone number while one is known, else by BSUID.

    Raises ValueError when neither is given.
    """
    name = wa_id or user_id
    if not name:
        raise ValueError("a user without phone number and without BSUID cannot be keyed")
    return f"{phone_number_id}:{name}"


def agents_key(agent: int, name: str) -> str:
    """The key under which an agent's users at other business numbers are looked up, by phone digits or BSUID.

    No user has such a key: those begin with a business number.
    """
    return f"@{agent}:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person at one business number."""

    key: str
    phone_number_id: str
    wa_id: str | None = None
    user_id: str | None = None
    name: str | None = None

    @classmethod
    def at(cls, phone_number_id: str, wa_id: str | None, user_id: str | None, name: str | None = None) -> "User":
        """The user with the key that belongs to these identities; raises ValueError when there are none."""
        return cls(
            key=user_key(phone_number_id, wa_id, user_id),
            phone_number_id=phone_number_id,
            wa_id=wa_id,
            user_id=user_id,
            name=name,
        )

    @property
    def address(self) -> str:
        """What agents call `waID`: the phone digits, or the BSUID of a user without a visible number."""
        return self.wa_id or self.user_id or self.key

    def merged(self, newer: "User") -> "User":
        """The same user with whatever a newer event shows, keeping what it leaves out."""
        return User(
            key=self.key,
            phone_number_id=newer.phone_number_id or self.phone_number_id,
            wa_id=newer.wa_id or self.wa_id,
            user_id=newer.user_id or self.user_id,
            name=newer.name or self.name,
        )

    def to_dict(self) -> dict[str, Any]:
        """The user as JSON, without what is not known."""
        pairs = {name: getattr(self, name) for name in ("key", "phone_number_id", "wa_id", "user_id", "name")}
        return {name: value for name, value in pairs.items() if value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "User":
        """The opposite of `to_dict`; raises KeyError when the key is missing."""
        return cls(
            key=data["key"],
            phone_number_id=data["phone_number_id"],
            wa_id=data.get("wa_id"),
            user_id=data.get("user_id"),
            name=data.get("name"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What names a person at one time; any of it may change, or be unknown."""

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None

    def __bool__(self) -> bool:
        """Whether it names anybody."""
        return bool(self.wa_id or self.user_id or self.parent_user_id)

    def to_dict(self) -> dict[str, str]:
        """The identity as JSON, with the names agents know, without what is not known."""
        pairs = {"phone": self.wa_id, "user_id": self.user_id, "parent_user_id": self.parent_user_id}
        return {name: value for name, value in pairs.items() if value is not None}
