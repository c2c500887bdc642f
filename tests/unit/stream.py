"""Hand-made stand-ins for what surrounds a processor: events of a Faust stream, a producer, Kafka's records.

They keep what they are given and fail when told to; none of them waits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.producing import ProduceError, Record


@dataclass(eq=False)
class Message:
    """A record as Faust hands it over."""

    value: bytes | None
    key: bytes | None = b"user"
    topic: str = "outbox"
    partition: int = 0
    offset: int = 0
    timestamp: float = 1_795_300_000.0
    headers: Any = None
    generation_id: int = 1

    @property
    def tp(self) -> tuple[str, int]:
        """Topic and partition."""
        return self.topic, self.partition


@dataclass(eq=False)
class Event:
    """An event of a stream taken with `noack()`."""

    message: Message
    log: list["Event"] = field(default_factory=list)
    """Where acknowledged events are noted, in order."""

    def ack(self) -> None:
        """Note the acknowledgement."""
        assert self not in self.log, "acknowledged twice"
        self.log.append(self)


class FakeProducer:
    """Keeps what it is given; `failures` counts down the calls that fail."""

    def __init__(self, failures: int = 0) -> None:
        self.records: list[Record] = []
        self.failures = failures

    async def produce(
        self, topic: str, value: bytes, key: bytes | None = None, headers: dict[str, bytes] | None = None
    ) -> None:
        """Take one record."""
        await self.produce_all([Record(topic, value, key, headers)])

    async def produce_all(self, records: Iterable[Record]) -> None:
        """Take records, or raise ProduceError."""
        records = list(records)
        if self.failures:
            self.failures -= 1
            raise ProduceError("Kafka did not acknowledge")
        self.records += records

    def on(self, topic: str) -> list[Any]:
        """The JSON of what was written to a topic."""
        return [orjson.loads(record.value) for record in self.records if record.topic == topic]


@dataclass
class Log:
    """A record as aiokafka hands it over."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    offset: int = 0
    timestamp: int = 1_795_300_000_000
    headers: Sequence[tuple[str, bytes]] = ()
