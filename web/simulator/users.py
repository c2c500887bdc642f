"""Who has a phone: users of the fake WhatsApp, their names, and what of them a webhook shows.

A description from the control API comes in, a `User` goes out. A user has a number, a business-scoped id
(BSUID) or both; a hidden number is omitted from webhooks as Meta does for users with a username.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

FIRST_PHONE = 5511990000000
COUNTRIES = {"55": "BR", "54": "AR", "52": "MX", "49": "DE", "44": "GB", "34": "ES", "351": "PT", "1": "US"}
WINDOW_SECONDS = 24 * 3600


class NewUser(BaseModel):
    """Body of POST /sim/users; a missing phone or user_id is made up, null means the user has none."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)]
    phone: Annotated[str, Field(pattern=r"^\+?\d{5,20}$")] | None = None
    user_id: Annotated[str, Field(pattern=r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$")] | None = None
    parent_user_id: Annotated[str, Field(pattern=r"^[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}$")] | None = None
    username: Annotated[str, Field(max_length=36)] | None = None
    hide_number: bool = False
    open: bool = True


class UserChanges(BaseModel):
    """Body of PATCH /sim/users/{id}."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)] | None = None
    username: str | None = None
    hide_number: bool | None = None
    open: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """Who a user was before the last change of number or BSUID, and when it happened in Unix seconds."""

    wa_id: str | None
    user_id: str | None
    parent_user_id: str | None
    at: float


@dataclass(slots=True, kw_only=True)
class EntryPoint:
    """The free entry point (reference, chapter 6.2): when the user came from an ad, until when all is free."""

    came_at: float | None = None
    until: float | None = None
    conversation: str | None = None


@dataclass(slots=True, kw_only=True)
class User:
    """One phone."""

    id: str
    name: str
    wa_id: str | None
    user_id: str | None
    username: str | None
    hide_number: bool
    open: bool
    """The chat is on the screen, so what arrives is read at once."""
    parent_user_id: str | None = None
    stopped_marketing: bool = False
    """Marketing templates fail with 131050."""
    identity_changes: int = 0
    """How often the phone was changed under the same number; each gives another identity key."""
    previous: Previous | None = None
    entry_points: dict[str, EntryPoint] = field(default_factory=dict)
    """By `phone_number_id`."""
    wrote_at: dict[str, float] = field(default_factory=dict)
    """By `phone_number_id`: Unix seconds of the user's newest message there by its own timestamp; opens the 24 h
    window."""

    @property
    def shown_wa_id(self) -> str | None:
        """The number as webhooks show it: None when there is none or it is hidden."""
        return None if self.hide_number else self.wa_id

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a send can address."""
        return tuple(name for name in (self.wa_id, self.user_id, self.parent_user_id) if name)

    @property
    def identity_key_hash(self) -> str:
        """The hash of the key of this phone, which a send may demand (reference, chapter 2.5)."""
        return hashlib.sha256(f"{self.id} {self.wa_id} {self.identity_changes}".encode()).hexdigest()[:16]

    @property
    def last_message_at(self) -> float | None:
        """When the user last wrote, to whichever business number."""
        return max(self.wrote_at.values(), default=None)

    def wrote(self, phone_number_id: str, at: float) -> None:
        """Open the window at a business number; a message of earlier never moves it back."""
        self.wrote_at[phone_number_id] = max(self.wrote_at.get(phone_number_id, 0.0), at)

    def window_open(self, phone_number_id: str, now: float) -> bool:
        """Return whether free-form messages of a business number may reach this user now."""
        at = self.wrote_at.get(phone_number_id)
        return at is not None and now - at < WINDOW_SECONDS

    def entry_point(self, phone_number_id: str) -> EntryPoint:
        """Return the free entry point at a business number."""
        return self.entry_points.setdefault(phone_number_id, EntryPoint())

    def contact(self, *, with_username: bool = True, with_identity: bool = False) -> dict[str, Any]:
        """Return the contacts entry of a webhook about this user."""
        profile = {"name": self.name}
        if self.username and with_username:
            profile["username"] = "@" + self.username.lstrip("@")
        contact: dict[str, Any] = {"profile": profile}
        if self.shown_wa_id:
            contact["wa_id"] = self.shown_wa_id
        if self.user_id:
            contact["user_id"] = self.user_id
        if self.parent_user_id:
            contact["parent_user_id"] = self.parent_user_id
        if with_identity:
            contact["identity_key_hash"] = self.identity_key_hash
        return contact

    def sender(self) -> dict[str, str]:
        """Return `from` and `from_user_id` of a message item, as far as they are shown."""
        names = {
            "from": self.shown_wa_id,
            "from_user_id": self.user_id,
            "from_parent_user_id": self.parent_user_id,
        }
        return {key: name for key, name in names.items() if name}

    def public(self) -> dict[str, Any]:
        """Return the user as the control API tells it; here nothing is hidden."""
        return {
            "id": self.id,
            "name": self.name,
            "wa_id": self.wa_id,
            "user_id": self.user_id,
            "parent_user_id": self.parent_user_id,
            "username": self.username,
            "hide_number": self.hide_number,
            "open": self.open,
            "last_message_at": self.last_message_at,
            "stopped_marketing": self.stopped_marketing,
            "identity_key_hash": self.identity_key_hash,
        }


def make_user(new: NewUser, number: int) -> User:
    """Return the number-th user; raises ValueError if it would have no name to send to."""
    given = new.model_fields_set
    phone = re.sub(r"\D", "", new.phone) if new.phone else None
    if "phone" not in given:
        phone = str(FIRST_PHONE + number)
    user_id = new.user_id if "user_id" in given else made_up_user_id(phone or f"user {number}")
    if not phone and not user_id:
        raise ValueError("phone and user_id are both null; a user needs one of them")
    if new.hide_number and not user_id:
        raise ValueError("hide_number needs a user_id, or nothing would name the user")
    username = new.username
    if new.hide_number and not username:
        # only users who adopted a username can hide their number
        username = re.sub(r"[^a-z0-9._]", "", new.name.lower()).ljust(3, "_") + str(number)
    return User(
        id=f"u{number}",
        name=new.name,
        wa_id=phone,
        user_id=user_id,
        parent_user_id=new.parent_user_id,
        username=username,
        hide_number=new.hide_number,
        open=new.open,
    )


def made_up_user_id(seed: str) -> str:
    """Return a BSUID that is always the same for the same number."""
    country = next((code for prefix, code in COUNTRIES.items() if seed.startswith(prefix)), "BR")
    return f"{country}.{int(hashlib.sha256(seed.encode()).hexdigest()[:13], 16)}"
