"""Words, orders, notes of WhatsApp about the user, and what Meta or we cannot read.

In: the object of such a message. Out: models; what nobody knows keeps its raw form.
"""

from typing import Annotated, Any

from pydantic import Field

from app.whatsapp.content_base import Content, Number, Objects, Part, Said, Whole


class Text(Content):
    """Words."""

    body: Said = None

    @property
    def words(self) -> str:
        """The words."""
        return self.body or ""


class Item(Part):
    """One product of an order."""

    product_retailer_id: Said = None
    quantity: Whole = None
    item_price: Number = None
    currency: Said = None


class Order(Content):
    """What a user put into the basket of a catalogue."""

    catalog_id: Said = None
    text: Said = None
    product_items: Annotated[tuple[Item, ...], Objects] = ()

    @property
    def words(self) -> str:
        """What the user wrote with it."""
        return self.text or ""


class Checked(Part):
    """The state of a user's security code."""

    acknowledged: bool | None = None
    created_timestamp: Whole = None
    hash: Said = None


class System(Content):
    """A note of WhatsApp about the user; changes of number or user id are `IdentityChanged` instead."""

    change: Said = Field(None, validation_alias="type")
    body: Said = None
    identity: Checked | None = None

    @property
    def words(self) -> str:
        """WhatsApp's sentence."""
        return self.body or ""


class Unsupported(Content):
    """What Meta does not pass on; `errors` says why."""

    type: Said = None
    """What it was, as in `poll_creation`, when Meta says it."""


class Strange(Content):
    """A type nobody knows yet."""

    raw: dict[str, Any] | None = None
    """Everything in the message that belongs to it, as it came."""

    def to_dict(self) -> dict[str, Any]:
        """The content as JSON; what came is handed on untouched, however deep it is."""
        shown = self.model_dump(mode="json", exclude_defaults=True, exclude={"raw"})
        return shown if self.raw is None else {"raw": self.raw, **shown}
