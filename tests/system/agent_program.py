"""An agent as anybody may write one: it knows three topics and the first generation's contract, nothing else.

In: the names of its topics. Out: the records it read, and records it writes without a key and without extra fields.
"""

import asyncio
import contextlib
import json
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

WAIT_SECONDS = 20.0


class AgentProgram:
    """A consumer of two topics and a producer for one."""

    def __init__(self, bootstrap: str, read_topic: str, write_topic: str, error_topic: str) -> None:
        self._read_topic, self._write_topic, self._error_topic = read_topic, write_topic, error_topic
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, fetch_max_wait_ms=20, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._task: asyncio.Task[None] | None = None
        self.records: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    async def open(self) -> None:
        """Connect, and read both topics from their beginning."""
        await self._producer.start()
        await self._consumer.start()
        topics = [self._read_topic, self._error_topic]
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self._consumer.partitions_for_topic(topic) or await self._partitions(topic))
        ]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning()
        self._task = asyncio.create_task(self._read())

    async def _partitions(self, topic: str) -> list[int]:
        # A Kafka that has just started or come back may answer with nothing at first.
        end = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not (found := self._consumer.partitions_for_topic(topic)):
            assert asyncio.get_running_loop().time() < end, f"Kafka names no partitions of {topic}"
            await self._consumer._client.add_topic(topic)
            await self._consumer._client.force_metadata_update()
            await asyncio.sleep(0.05)
        return sorted(found)

    async def close(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()
        await self._producer.stop()

    async def _read(self) -> None:
        async for record in self._consumer:
            found = json.loads(record.value)
            (self.records if record.topic == self._read_topic else self.errors).append(found)

    async def say(self, address: str, text: str, **more: Any) -> None:
        """Write a text to a user."""
        await self.write({"waID": address, "message_type": "text", "text": text, **more})

    async def write(self, record: Any) -> None:
        """Write any record."""
        value = record if isinstance(record, bytes) else json.dumps(record).encode()
        await self._producer.send_and_wait(self._write_topic, value)

    def texts(self, address: str | None = None) -> list[str]:
        """The texts of the messages read so far; a record that came again, under its id, counts once."""
        return [
            record["text"]
            for record in {record["id"]: record for record in self.records}.values()
            if record["type"] == "text" and (address is None or record["waID"] == address)
        ]

    async def reads(
        self, kind: str, address: str, text: str | None = None, within: float = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Wait for a record of a kind (and text) about a user."""

        def fits(record: dict[str, Any]) -> bool:
            return record["type"] == kind and record["waID"] == address and text in (None, record["text"])

        return await self._wait(self.records, fits, within, f"a record {kind} {text!r} of {address}")

    async def reads_error(self, text: str, within: float = WAIT_SECONDS) -> dict[str, Any]:
        """Wait for an error record that contains a text."""
        return await self._wait(self.errors, lambda record: text in record["text"], within, f"an error {text!r}")

    async def _wait(self, records: list[dict[str, Any]], fits: Any, within: float, what: str) -> dict[str, Any]:
        end = asyncio.get_running_loop().time() + within
        while True:
            found = next((record for record in records if fits(record)), None)
            if found is not None:
                return found
            assert asyncio.get_running_loop().time() < end, f"never came: {what}; there were {records[-10:]}"
            await asyncio.sleep(0.02)
