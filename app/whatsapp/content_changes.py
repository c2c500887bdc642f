"""Messages about messages: reactions, edits, deletions.

In: the object of such a message. Out: models that keep the id of the message they are about.
"""

from typing import Any

from app.whatsapp.content_base import Content, Said


class Reaction(Content):
    """An emoji on a message; removed when Meta leaves the emoji out or empty."""

    message_id: Said = None
    """The message it is on, of either side."""
    emoji: Said = None
    removed: bool = False

    @classmethod
    def read(cls, data: object) -> "Reaction":
        """The reaction of a JSON object."""
        shown = data if isinstance(data, dict) else {}
        emoji = shown.get("emoji")
        return cls.model_validate({**shown, "removed": not (isinstance(emoji, str) and emoji)})

    def to_dict(self) -> dict[str, Any]:
        """The reaction as JSON; it always says whether it was removed."""
        return {**super().to_dict(), "removed": self.removed}

    @property
    def words(self) -> str:
        """The emoji."""
        return self.emoji or ""


class Edit(Content):
    """The user changed a message."""

    original_message_id: Said = None
    message: dict[str, Any] | None = None
    """The message as it is now: `type`, `text` and `content`."""

    def to_dict(self) -> dict[str, Any]:
        """The edit as JSON."""
        shown = self.model_dump(mode="json", exclude_defaults=True, exclude={"message"})
        return shown if self.message is None else {**shown, "message": self.message}

    @property
    def words(self) -> str:
        """The words as they are now."""
        return str((self.message or {}).get("text", ""))


class Revoke(Content):
    """The user deleted a message."""

    original_message_id: Said = None
