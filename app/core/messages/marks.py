"""What the user sees without a message: blue ticks and "typing …".

In: Meta's id of a message of the user. Out: a mark, which needs no open window and whose answer has no message id
(whatsapp-cloud-api, 5.4). Both mark the earlier messages of the chat as well.
"""

from typing import Literal

from app.core.messages.part import MessageId, Part


class MarkRead(Part):
    """The user's message gets its blue ticks; possible within 30 days."""

    takes_no = ("reply_to",)
    kind: Literal["mark_read"] = "mark_read"
    message_id: MessageId


class Typing(Part):
    """The user sees that somebody types, until the reply or for 25 seconds; the message gets its blue ticks too."""

    takes_no = ("reply_to",)
    kind: Literal["typing"] = "typing"
    message_id: MessageId
