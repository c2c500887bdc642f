"""Which worker has a user's state.

In: a user key, and what Faust knows of the group's last assignment. Out: the worker's address, or a reason why nobody
can say now. Must never name this worker while its tables may be behind or its partitions may be another's.
"""

from typing import Any

from aiokafka.partitioner import DefaultPartitioner
from faust.types.tuples import TP

from app.faust_app import BrokerApp


class OwnerUnknown(Exception):
    """No worker can answer for a user now: ask again in a moment."""


class Owners:
    """The workers of the group and their partitions, read from the last assignment."""

    def __init__(self, app: BrokerApp, changelog: str, partitions: int) -> None:
        """`changelog` is the changelog topic of the table that is asked for; it has so many `partitions`."""
        self._app: Any = app
        self._changelog = changelog
        self._partitions = list(range(partitions))
        self._partitioner = DefaultPartitioner()

    def has(self, key: bytes) -> bool:
        """Whether this worker has the key; raises OwnerUnknown."""
        return self._has(self._settled(), self._partition(key))

    def owner(self, key: bytes) -> str | None:
        """The address of the worker with this key, None when it is this one; raises OwnerUnknown."""
        app, partition = self._settled(), self._partition(key)
        if self._has(app, partition):
            return None
        for url, partitions in self._others().items():
            if partition in partitions:
                return url
        raise OwnerUnknown("no worker has this user's partition yet")

    def others(self) -> list[str]:
        """The addresses of all other workers with users; raises OwnerUnknown."""
        self._settled()
        return sorted(url for url, partitions in self._others().items() if partitions)

    def _partition(self, key: bytes) -> int:
        return self._partitioner(key, self._partitions, self._partitions)

    def _has(self, app: Any, partition: int) -> bool:
        place = TP(self._changelog, partition)
        return place in app.consumer.assignment() and app.assignor.is_active(place)

    def _settled(self) -> Any:
        """The app, while its tables are what is true now; raises OwnerUnknown."""
        app = self._app
        if app.rebalancing or not app.rebalancing_count or not app.tables.actives_ready:
            raise OwnerUnknown("the users are being handed out among the workers")
        if not app.consumer.lease.fresh:
            raise OwnerUnknown("this worker has not heard from Kafka lately, so its users may be another's by now")
        return app

    def _others(self) -> dict[str, Any]:
        """Address → partitions of the table, of the other workers."""
        own, known = str(self._app.conf.canonical_url), self._app.router.tables_metadata()
        return {str(url): topics.get(self._changelog, ()) for url, topics in known.items() if str(url) != own}
