"""The agents as every worker knows them, from Kafka: the last known register, also while PostgreSQL is away.

In: the compacted topic `agents`, whose one key holds the whole register. Out: the newest `Register`, and a call to
whoever subscribed when it changes. It reads without a group, from the beginning, and never writes.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from mode import Service

from app.core.register import Register
from app.kafka_client import impatient
from app.settings import Settings
from app.topics import Topics

KEY = b"register"

log = logging.getLogger("broker.register")


class RegisterFeed(Service):
    """Follows the register."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        super().__init__()
        self._settings = settings
        self._topic = topics.register
        self._loaded = asyncio.Event()
        self._callbacks: list[Callable[[Register], None]] = []
        self.register = Register()
        self.failing: str | None = None

    async def loaded(self) -> None:
        """Wait until a register has been read; before, nobody can be routed."""
        await self._loaded.wait()

    @property
    def is_loaded(self) -> bool:
        """Whether a register has been read."""
        return self._loaded.is_set()

    def subscribe(self, callback: Callable[[Register], None]) -> None:
        """Call back with every newer register, and at once when there is one already."""
        self._callbacks.append(callback)
        if self.is_loaded:
            callback(self.register)

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            try:
                await self._follow()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the last known register stays in force, and we try again
                self.failing = repr(error)
                log.warning("the register cannot be read (%r): going on with version %d", error, self.register.version)
                await self.sleep(1.0)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(self._settings.kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50 if self._settings.embedded_kafka else 500,
        )
        impatient(consumer._client, embedded=self._settings.embedded_kafka)
        try:
            await consumer.start()
            partition = TopicPartition(self._topic, 0)
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            while not self.should_stop:
                batch = await consumer.getmany(timeout_ms=500)
                self.failing = None
                for records in batch.values():
                    self._take(records)
        finally:
            await consumer.stop()

    def _take(self, records: list[Any]) -> None:
        newest = self.register
        for record in records:
            if record.key != KEY or record.value is None:
                continue
            try:
                register = Register.from_dict(orjson.loads(record.value))
            except (ValueError, KeyError, TypeError) as error:
                log.error("record %d of topic %s is no register: %r", record.offset, self._topic, error)
                continue
            if register.version >= newest.version:
                newest = register
        if newest is not self.register:
            self.register = newest
            self._loaded.set()
            names = ", ".join(agent.name for agent in newest.active) or "none"
            log.info("register version %d: active agents %s", newest.version, names)
            for callback in self._callbacks:
                callback(newest)
