"""A Faust table whose writes can be waited for, and that refuses what it may not or cannot write.

In: a key and a value, inside the handling of an event. Out: nothing, once Kafka has the changelog record. Part of the
containment of faust-streaming 0.15.3 (app/faust_compat.py).
"""

from collections.abc import Callable
from typing import Any

import faust
from faust.streams import current_event
from faust.types.tuples import FutureMessage

from app.lease import NotOurs

RECORD_OVERHEAD = 1024
"""Bytes that a record is longer than its key and value, at most."""


class SafeTable(faust.Table):
    """A table whose writes can be waited for."""

    _last_change: FutureMessage | None = None

    def send_changelog(self, *args: Any, **kwargs: Any) -> FutureMessage:
        self._last_change = super().send_changelog(*args, **kwargs)
        return self._last_change

    async def write(self, key: bytes, value: bytes | None) -> None:
        """Set or (with None) delete a key; see `change`."""
        await self.change(key, lambda _: value)

    async def change(self, key: bytes, make: Callable[[bytes | None], bytes | None]) -> None:
        """Make a key's new value of its present one (None: no key), and wait until Kafka has the changelog record.

        Raises NotOurs when the partition of the event being handled has left this worker, ValueError for a value
        that Kafka would not take: sent nevertheless, it would end the producer.
        """
        event = current_event()
        if event is not None:
            await self.app.consumer.lease.settled()
            if not self.app.consumer.owns(event.message):
                raise NotOurs(f"{event.message.tp} is not this worker's any more")
        value = make(self.get(key))  # after the last wait: two tasks never overwrite each other's change
        most = self.app.conf.producer_max_request_size - len(key) - RECORD_OVERHEAD
        if value is not None and len(value) > most:
            raise ValueError(f"the state of {key!r} is {len(value)} bytes long, and Kafka takes {most}")
        self._last_change = None
        if value is not None:
            self[key] = value
        elif key in self:
            del self[key]
        change = self._last_change
        if change is not None:
            await change
