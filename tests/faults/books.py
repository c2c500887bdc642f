"""Consumers whose books are filled by hand, and a thread that answers without Kafka.

In: which class of consumer, what is committed. Out: a consumer that owns one partition, with its app, not started.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import faust.transport.drivers.aiokafka as driver
from aiokafka import TopicPartition
from faust.types import TP
from mode import Service

from app.faust_app import BrokerApp

ONE = TP("numbers", 0)
TWO = TP("numbers", 1)


def not_needed(containment: str) -> str:
    """What the failure of a stock test means."""
    return f"this containment is no longer needed: {containment} (the stock class behaves)"


@dataclass(eq=False)
class Message:
    """As much of a record as an acknowledgement needs."""

    tp: TP
    topic: str
    offset: int
    acked: bool = False


class Thread(Service):
    """Stands for the consumer's thread: a group with committed offsets, and no Kafka."""

    def __init__(self, assigned: Iterable[TP], committed: dict[TP, int | None]) -> None:
        super().__init__()
        self.assigned = set(assigned)
        self.at_kafka = committed
        self.commits: list[dict[TP, int]] = []
        self.sought: dict[TP, int] = {}
        self.subscriptions: list[set[str]] = []

    def assignment(self) -> set[TP]:
        return self.assigned

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        self.sought |= {tp: offset for tp, offset in self.at_kafka.items() if offset}
        return {TopicPartition(*tp): offset for tp, offset in self.at_kafka.items()}

    async def earliest_offsets(self, *partitions: TopicPartition) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 3)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[TP(partition.topic, partition.partition)] = offset

    async def commit(self, offsets: dict[TP, int]) -> bool:
        self.commits.append(dict(offsets))
        return True

    async def subscribe(self, topics: set[str]) -> None:
        self.subscriptions.append(set(topics))

    def close(self) -> None:
        return


async def nothing(*_: Any, **__: Any) -> None:
    """Stands for whatever need not happen."""
    return


def a_consumer(app: BrokerApp, kind: type[driver.Consumer], committed: int | None = None) -> Any:
    """A consumer of a kind that owns one partition, with an offset committed."""
    thread = Thread([ONE], {ONE: committed})
    made = type(kind.__name__, (kind,), {"_new_consumer_thread": lambda _: thread})(
        driver.Transport(app.conf.broker_consumer, app),
        callback=nothing,
        on_partitions_revoked=app._on_partitions_revoked,
        on_partitions_assigned=app._on_partitions_assigned,
        beacon=app.beacon,
    )
    made._committed_offset[ONE] = committed
    app._consumer = made
    return made


def acknowledge(consumer: Any, offsets: Iterable[int], tp: TP = ONE) -> None:
    """Acknowledge records of a partition."""
    for offset in offsets:
        consumer.ack(Message(tp, tp.topic, offset))
