"""One record an agent read, and what the agent may do about it.

In: a record of the in or error topic, as JSON. Out: fields with plain names, and records for the out topic; each method
returns when Kafka has acknowledged its record, and raises aiokafka's KafkaError when it does not.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Write = Callable[[bytes], Awaitable[None]]
"""Writes the bytes of a record to the agent's out topic, and returns when Kafka has them."""


class Message:
    """A user's message, an event of a conversation, or an error."""

    def __init__(self, record: dict[str, Any], write: Write) -> None:
        self.record = record
        """Everything that was read."""
        self._write = write

    @property
    def id(self) -> str:
        """The same when the record is repeated: keep the last ones where doing something twice would hurt."""
        return str(self.record.get("id", ""))

    @property
    def type(self) -> str:
        """`text`, `image`, `button_reply` …, of an event `initial`, `status` or `closed`; empty in an error."""
        return str(self.record.get("type", ""))

    @property
    def text(self) -> str:
        """What to show: the words, a caption, the id of what was tapped; of an error the reason."""
        return str(self.record.get("text", ""))

    @property
    def address(self) -> str:
        """The user's `waID`."""
        return str(self.record.get("waID", ""))

    @property
    def user(self) -> str:
        """The user key, a name for everything remembered of the user."""
        return str(self.record.get("user", self.address))

    @property
    def kept(self) -> bool:
        """It came before the bot had the user and was kept: it answers nothing the bot said."""
        return self.record.get("kept") is True

    @property
    def timestamp(self) -> float:
        """Seconds UTC; 0 where the record has none."""
        return float(self.record.get("timestamp", 0.0))

    async def reply(self, text: str, **fields: Any) -> None:
        """Send the user a text of at most 4096 characters; `fields` go into the record, such as `reply_to`."""
        await self.send("text", text=text, **fields)

    async def send(self, message_type: str, **fields: Any) -> None:
        """Send the user a message of any kind of the contract."""
        record = {"waID": self.address, "message_type": message_type, **fields}
        if "phone_number_id" not in fields:
            # The user key finds them whatever number they have by now; at another business number it is another one.
            record.update({name: self.record[name] for name in ("phone_number_id", "user") if name in self.record})
        await self._write(json.dumps(record).encode())

    async def transfer(self, to: str | int, note: str | None = None) -> None:
        """Hand the user to another agent, by name or id; only that agent sees the note (4096 characters)."""
        await self.send("transfer", to=to, **_given(note=note))

    async def close(self, text: str | None = None, reason: str | None = None) -> None:
        """End the conversation, with a farewell of one's own; the reason comes back in `closed`."""
        await self.send("close", **_given(text=text, reason=reason))


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
