"""Messages that are neither words nor files: a place, contacts, a reaction.

In: what an agent says of them. Out: messages within Meta's limits (whatsapp-cloud-api, 5.1).
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from app.core.messages.part import MessageId, Part, Quoting, Written, empty, unset
from app.core.messages.split import clusters

CONTACTS_MAX = 257
OTHER_NAMES = ("first_name", "last_name", "middle_name", "suffix", "prefix")


class Place(Part):
    """A point on the map, in degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90, strict=True)]
    longitude: Annotated[float, Field(ge=-180, le=180, strict=True)]
    name: Annotated[str, Written] | None = unset()
    address: Annotated[str, Written] | None = unset()


class Location(Quoting):
    """A place."""

    kind: Literal["location"] = "location"
    location: Place


class ContactName(Part):
    """A name as it is shown, and at least one piece of it."""

    formatted_name: Annotated[str, Written]
    first_name: str | None = unset()
    last_name: str | None = unset()
    middle_name: str | None = unset()
    suffix: str | None = unset()
    prefix: str | None = unset()

    @model_validator(mode="after")
    def _has_another_name(self) -> "ContactName":
        if not any(getattr(self, name) for name in OTHER_NAMES):
            raise ValueError(f"needs one of {', '.join(OTHER_NAMES)} beside formatted_name")
        return self


class ContactPhone(Part):
    """A phone number; with `wa_id` the user is offered to write to it."""

    phone: str | None = unset()
    type: str | None = unset()
    wa_id: str | None = unset()


class ContactEmail(Part):
    """An address for mail."""

    email: str | None = unset()
    type: str | None = unset()


class ContactUrl(Part):
    """An address of a site."""

    url: str | None = unset()
    type: str | None = unset()


class ContactOrg(Part):
    """Where somebody works."""

    company: str | None = unset()
    department: str | None = unset()
    title: str | None = unset()


class ContactAddress(Part):
    """Where somebody lives or works."""

    street: str | None = unset()
    city: str | None = unset()
    state: str | None = unset()
    zip: str | None = unset()
    country: str | None = unset()
    country_code: str | None = unset()
    type: str | None = unset()


class Contact(Part):
    """A person's card."""

    name: ContactName
    phones: tuple[ContactPhone, ...] = empty()
    emails: tuple[ContactEmail, ...] = empty()
    addresses: tuple[ContactAddress, ...] = empty()
    urls: tuple[ContactUrl, ...] = empty()
    org: ContactOrg | None = unset()
    birthday: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = unset()
    """As in 1985-12-31."""


class Contacts(Quoting):
    """One card or several."""

    kind: Literal["contacts"] = "contacts"
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1, max_length=CONTACTS_MAX)]


class Emoji(Part):
    """An emoji at a message; an empty one takes ours away again."""

    message_id: MessageId
    emoji: str

    @field_validator("emoji")
    @classmethod
    def _is_one_sign(cls, emoji: str) -> str:
        if emoji and (len(clusters(emoji)) != 1 or emoji.isspace()):
            raise ValueError("must be one emoji, or empty to take the reaction away")
        return emoji


class Reaction(Part):
    """A reaction to a message of the user: it names its message itself (5.5)."""

    takes_no = ("reply_to",)
    kind: Literal["reaction"] = "reaction"
    reaction: Emoji
