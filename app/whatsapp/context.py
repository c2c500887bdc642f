"""What a message hangs on: the message it answers, where it was forwarded from, the advert that led here.

In: the `context` and `referral` of a message. Out: JSON objects, or None where there is nothing. Pictures of adverts
lie at addresses of Meta's that expire: they are in no record.
"""

from typing import Any

from pydantic import Field

from app.whatsapp.content_base import Part, Said


class Product(Part):
    """The item of a catalogue a user asks about."""

    catalog_id: Said = None
    product_retailer_id: Said = None


class Context(Part):
    """How a message hangs together with others; `id` is the message it answers."""

    id: Said = None
    sender: Said = Field(None, validation_alias="from", serialization_alias="from")
    """Who wrote the answered message: digits of a phone number."""
    from_user_id: Said = None
    from_parent_user_id: Said = None
    forwarded: bool | None = None
    frequently_forwarded: bool | None = None
    referred_product: Product | None = None


class Referral(Part):
    """The advert or post a user came from."""

    source_url: Said = None
    source_type: Said = None
    """`ad` or `post`."""
    source_id: Said = None
    headline: Said = None
    body: Said = None
    media_type: Said = None
    ctwa_clid: Said = None
    """Meta's id of the click; missing for adverts in the status placement."""


def read_context(data: object) -> dict[str, Any] | None:
    """The context of a message; a message forwarded often is always a forwarded one too."""
    shown = Context.read(data)
    if shown.frequently_forwarded:
        shown = shown.model_copy(update={"forwarded": True})
    return shown.model_dump(mode="json", by_alias=True, exclude_defaults=True) or None


def read_referral(data: object) -> dict[str, Any] | None:
    """The referral of a message."""
    return Referral.read(data).to_dict() or None
