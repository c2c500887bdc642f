"""The sender's table `sends`: which messages were started and finished, per user.

In: a user key and an effect id. Out: how far that message got, also after a crash. Bounded: the last ones of a user.
"""

from typing import Any

import orjson

STARTED = "started"
"""A request may have been written, and no answer was read."""
WAITING = "waiting"
"""The last try failed for certain; another may be made."""

KEPT = 64
"""Effects remembered per user; more than can be on their way for one user at Meta's pair rate."""


class Sends:
    """The record of what the sender has started and finished."""

    def __init__(self, app: Any, partitions: int) -> None:
        self._table = app.Table("sends", key_type=bytes, value_type=bytes, partitions=partitions)

    def stage(self, key: bytes, effect: str) -> str | None:
        """`started`, `waiting`, or the verdict a message finished with; None when it was never begun."""
        value = self._table.get(key)
        return orjson.loads(value).get(effect) if value else None

    async def note(self, key: bytes, effect: str, stage: str) -> None:
        """Note how far a message got, and wait until Kafka has it."""

        def noted(value: bytes | None) -> bytes:
            stages: dict[str, str] = orjson.loads(value) if value else {}
            stages.pop(effect, None)
            stages[effect] = stage
            return orjson.dumps(dict(list(stages.items())[-KEPT:]))

        await self._table.change(key, noted)
