"""What a user can be told to do on the phone: the body of POST /sim/users/{id}/messages.

JSON comes in, a checked `UserAction` goes out. Which members count depends on the type; docs/simulator.md has
the table. It builds nothing and knows nobody.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ActionType = Literal[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "share_contact",
    "reaction",
    "list_reply",
    "button_reply",
    "template_button",
    "flow_reply",
    "order",
    "unsupported",
    "edit",
    "revoke",
    "raw",
]


class UserAction(BaseModel):
    """One thing a user does."""

    model_config = ConfigDict(extra="forbid")

    type: ActionType
    phone_number_id: str | None = None
    """The business number it goes to; else that of the message it is about, else the first."""
    text: str | None = None
    """text and edit: what is written; order: the note beside it."""
    message_id: str | None = None
    """Taps, reaction, edit, revoke, share_contact, flow_reply: the message it is about."""
    row_id: str | None = None
    button_id: str | None = None
    payload: str | None = None
    title: str | None = None
    """Forces a tap on something the transcript does not hold, such as a menu of long ago."""
    media_id: str | None = None
    """Media: the id that POST /sim/media gave."""
    caption: str | None = None
    filename: str | None = None
    voice: bool = False
    """audio: recorded on the phone, a voice note."""
    error: int | None = None
    """Media and unsupported: the message arrives with this error and without content (131052, 131051, 131060)."""
    location: dict[str, Any] | None = None
    """latitude and longitude; of a chosen place also name, address and url."""
    contacts: list[dict[str, Any]] | None = None
    emoji: str | None = None
    """reaction: an emoji; empty or missing takes it away, and arrives just so."""
    response: Any = None
    """flow_reply: what was filled in; an object is told as JSON text, a string as it is, valid or not."""
    name: str = "flow"
    """flow_reply: `name` of the nfm_reply."""
    body: str = "Sent"
    """flow_reply: `body` of the nfm_reply."""
    order: dict[str, Any] | None = None
    """catalog_id and product_items."""
    unsupported_type: str | None = None
    """unsupported: what the phone sent really (poll_creation, edit …); without it the sub-object is missing."""
    message: dict[str, Any] | None = Field(default=None, description="raw: a message item, sent as it is")
    reply_to: str | None = None
    """Any type: the message that is quoted, of either side."""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referral: bool | dict[str, Any] = False
    """The user came from an ad: true makes one up, an object is told as it is."""
    group_id: str | None = None
    """The message was written in this group."""
    value_errors: list[int] = Field(default_factory=list)
    """Codes of errors that stand in the webhook's value beside the message, as when Meta lost its content (131000)."""
    context: dict[str, Any] | None = None
    """The item's context as it is, whatever the others say."""
    timestamp: int | None = Field(default=None, description="unix seconds, instead of now")
    wamid: str | None = Field(default=None, description="instead of a fresh one, to force a duplicate")
