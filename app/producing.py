"""Producing with an answer: a record counts as written only when Kafka has acknowledged it.

In: bytes for a topic. Out: nothing, once all in-sync replicas have them; ProduceError otherwise. Never fire and forget.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import NotReady, ProducerSendError


class ProduceError(Exception):
    """Kafka did not acknowledge; whether it has the record is not known."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record to write."""

    topic: str
    value: bytes
    key: bytes | None = None
    headers: dict[str, bytes] | None = None


class Producer:
    """The producer of a Faust app, waiting for acknowledgements."""

    def __init__(self, faust_app: Any) -> None:
        self._app = faust_app

    async def produce(
        self, topic: str, value: bytes, key: bytes | None = None, headers: dict[str, bytes] | None = None
    ) -> None:
        """Write one record; raises as `produce_all` does."""
        await self.produce_all([Record(topic, value, key, headers)])

    async def produce_all(self, records: Iterable[Record]) -> None:
        """Write records in order, then wait for all of them; raises ProduceError when one was not acknowledged.

        Raises ValueError when one is larger than Kafka takes: trying that again is of no use. The wait is shielded: a
        caller who gives up waiting does not cancel what is on its way.
        """
        try:
            await asyncio.shield(self._write(list(records)))
        except (KafkaError, ProducerSendError, NotReady) as error:
            # Faust wraps what the driver raises before the record is in its buffer.
            cause = error.__cause__ if isinstance(error, ProducerSendError) else error
            if isinstance(cause, MessageSizeTooLargeError):
                raise ValueError(f"a record is larger than Kafka takes: {cause!r}") from error
            raise ProduceError(f"Kafka did not acknowledge: {error!r}") from error

    async def _write(self, records: list[Record]) -> None:
        producer = await self._app.maybe_start_producer()
        waiting = [
            await producer.send(
                record.topic, record.key, record.value, partition=None, timestamp=None, headers=record.headers
            )
            for record in records
        ]
        await asyncio.gather(*waiting)
