"""Places and people: locations and contact cards.

In: the `location` or the `contacts` of a message. Out: models; the addresses in them are those the user sent.
"""

from typing import Annotated

from pydantic import Field

from app.whatsapp.content_base import Content, Objects, Part, Said


class Location(Content):
    """A point on the map; name, address and url only of a place the user chose."""

    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    name: Said = None
    address: Said = None
    url: Said = None
    """The place's own page, as the user sent it."""

    @property
    def words(self) -> str:
        """The name, else the address, else the coordinates."""
        point = None if None in (self.latitude, self.longitude) else f"{self.latitude},{self.longitude}"
        return self.name or self.address or point or ""


class Name(Part):
    """A person's name."""

    formatted_name: Said = None
    first_name: Said = None
    middle_name: Said = None
    last_name: Said = None
    prefix: Said = None
    suffix: Said = None


class Phone(Part):
    """A phone number; `wa_id` when it is on WhatsApp."""

    phone: Said = None
    wa_id: Said = None
    user_id: Said = None
    type: Said = None


class Email(Part):
    """An e-mail address."""

    email: Said = None
    type: Said = None


class Link(Part):
    """A page of the person."""

    url: Said = None
    type: Said = None


class Address(Part):
    """A postal address."""

    street: Said = None
    city: Said = None
    state: Said = None
    zip: Said = None
    country: Said = None
    country_code: Said = None
    type: Said = None


class Organisation(Part):
    """Where the person works."""

    company: Said = None
    department: Said = None
    title: Said = None


class Card(Part):
    """One person of a contacts message."""

    name: Name | None = None
    phones: Annotated[tuple[Phone, ...], Objects] = ()
    emails: Annotated[tuple[Email, ...], Objects] = ()
    addresses: Annotated[tuple[Address, ...], Objects] = ()
    urls: Annotated[tuple[Link, ...], Objects] = ()
    org: Organisation | None = None
    birthday: Said = None
    origin: Said = None
    """`contact_request`: the user's own number, given on request; `other`: a card they passed on."""
    vcard: Said = None

    @property
    def words(self) -> str:
        """The name, else the first phone number."""
        name = self.name.formatted_name or self.name.first_name if self.name else None
        return name or next((phone.phone for phone in self.phones if phone.phone), "")


class Contacts(Content):
    """Contact cards."""

    contacts: Annotated[tuple[Card, ...], Objects] = ()

    @property
    def words(self) -> str:
        """The names, with commas."""
        return ", ".join(card.words for card in self.contacts if card.words)
