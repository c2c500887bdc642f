"""The sender's table `sends`: which messages were started and finished, per user.

In: a user key, an effect id, the place of its record. Out: how far that message got, also after a crash. Bounded: the
last ones of a user by name, and everything before them by the place up to which a user's records are done. It never
forgets a message that may be on its way.
"""

from typing import Any

import orjson

STARTED = "started"
"""A request may have been written, and no answer was read."""
WAITING = "waiting"
"""The last try failed for certain; another may be made."""
PASSED = "passed"
"""Finished and reported before the user's last one."""

KEPT = 64
"""Finished effects remembered by name per user: more than the router repeats after a crash."""


class Sends:
    """The record of what the sender has started and finished."""

    def __init__(self, app: Any, partitions: int) -> None:
        self._table = app.Table("sends", key_type=bytes, value_type=bytes, partitions=partitions)

    def stage(self, key: bytes, effect: str, message: Any = None) -> str | None:
        """`started`, `waiting`, `passed`, or the verdict a message finished with; None when it was never begun.

        `message` is its record: a user's records are handled in order, so what lies before one that is done is done,
        and was reported as well.
        """
        seen = _read(self._table.get(key))
        stage: str | None = seen["stages"].get(effect)
        if stage in (STARTED, WAITING) or message is None:
            return stage
        done = seen.get("offset", -1)
        # The time as well: a topic that was deleted and made again counts its records from the beginning.
        is_old = message.offset <= done and (message.timestamp or 0.0) <= seen.get("at", 0.0)
        return PASSED if is_old and (stage is None or message.offset < done) else stage

    async def note(self, key: bytes, effect: str, stage: str, message: Any = None) -> None:
        """Note how far a message got, and wait until Kafka has it; with its record when it is finished.

        What is finished stays so: a status may have come while the message was about to be tried again.
        """

        def noted(value: bytes | None) -> bytes:
            seen = _read(value)
            stages: dict[str, str] = seen["stages"]
            reached = stages.pop(effect, None)
            keeps = stage in (STARTED, WAITING) and reached not in (None, STARTED, WAITING)
            stages[effect] = reached if keeps and reached is not None else stage
            finished = [name for name, one in stages.items() if one not in (STARTED, WAITING)]
            for name in finished[:-KEPT]:
                del stages[name]
            if message is not None:
                seen["offset"] = max(seen.get("offset", -1), message.offset)
                seen["at"] = max(seen.get("at", 0.0), message.timestamp or 0.0)
            return orjson.dumps(seen)

        await self._table.change(key, noted)


def _read(value: bytes | None) -> dict[str, Any]:
    seen: dict[str, Any] = orjson.loads(value) if value else {}
    # Rows of the version before are the stages alone.
    return seen if isinstance(seen.get("stages"), dict) else {"stages": seen}
