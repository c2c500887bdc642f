"""Writes down who ordered what about a user: from the router's topic `control` into PostgreSQL.

In: batches of `control`, from a consumer group of its own. Out: a row for each order, once. While PostgreSQL is away
the batch waits, so that an order needs no PostgreSQL and none goes unrecorded. Must never hold up the router.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from app import wire
from app.core.events import EndOrdered, MoveOrdered


class Orders(Protocol):
    """What the auditor needs of the register's store."""

    async def record_orders(self, orders: Sequence[MoveOrdered | EndOrdered]) -> None:
        """Write orders down, each once; raises RegisterAway."""


class Auditor:
    """The handler of a TopicReader."""

    def __init__(self, store: Orders) -> None:
        self._store = store
        self.counts: Counter[str] = Counter()

    async def handle(self, records: list[Any]) -> None:
        """Record the orders of a batch; raises RegisterAway, and then the same batch must come again."""
        found = [order for record in records if (order := wire.read_order(record.value or b"")) is not None]
        if found:
            await self._store.record_orders(found)
            self.counts["recorded"] += len(found)
