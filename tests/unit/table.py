"""A Faust app whose one table is a dictionary: what a table of ours reads and writes, without Kafka."""

from collections.abc import Callable
from typing import Any


class DictApp:
    """A Faust app with one table in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    def Table(self, name: str, **options: Any) -> "DictApp":
        """The table."""
        return self

    def get(self, key: bytes) -> bytes | None:
        """A value."""
        return self.values.get(key)

    async def change(self, key: bytes, make: Callable[[bytes | None], bytes | None]) -> None:
        """Change a value."""
        value = make(self.values.get(key))
        assert value is not None
        self.values[key] = value
