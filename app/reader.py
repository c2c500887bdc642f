"""Reads topics with a consumer group of its own, beside Faust's: topics may come and go without a rebalance of Faust.

In: a group name, topics to follow, a handler for batches. Out: every record to the handler at least once, in its
partition's order; offsets are committed only after the handler returned. A failing handler stops the intake, never
loses a record.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from mode import Service

from app.kafka_client import impatient
from app.settings import Settings
from app.topics import RECORD_MAX, count_partitions

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
BATCH_MAX = 500

log = logging.getLogger("broker.reader")

Handle = Callable[[list[ConsumerRecord[Any, Any]]], Awaitable[None]]


class TopicReader(Service):
    """A consumer group of our own inside a Faust worker."""

    def __init__(self, settings: Settings, group: str, handle: Handle, topics: Iterable[str] = ()) -> None:
        super().__init__()
        self._settings = settings
        self._group = f"{settings.app_id}-{group}"
        self._handle = handle
        self._topics = frozenset(topics)
        self._consumer: AIOKafkaConsumer | None = None
        self._changed = asyncio.Event()
        self.failing: str | None = None
        """What keeps the handler from working, for the health check; None while all is well."""
        self._joined = False

    @property
    def problem(self) -> str | None:
        """What keeps the topics from being read, for the health check; None while all is well."""
        if self.failing or not self._topics:
            return self.failing
        return None if self._joined else "joining the group: no partitions have been handed out yet"

    def follow(self, topics: Iterable[str]) -> None:
        """Read these topics from now on, and no others."""
        topics = frozenset(topics)
        if topics != self._topics:
            self._topics = topics
            self._joined = False
            self._changed.set()

    async def has_read(self, topic: str) -> bool:
        """Whether the group, all workers together, has read all a topic holds now; raises KafkaError."""
        count = (await count_partitions(self._settings, [topic])).get(topic, 0)
        partitions = [TopicPartition(topic, number) for number in range(count)]
        if not partitions:
            return True
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(self._settings.kafka), group_id=self._group, enable_auto_commit=False
        )
        impatient(consumer._client, embedded=self._settings.embedded_kafka)
        try:
            await consumer.start()
            consumer.assign(partitions)  # asks, but does not join the group
            begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
            for partition in partitions:
                read = await consumer.committed(partition) or 0
                if max(read, begins[partition]) < ends[partition]:
                    return False
            return True
        finally:
            await consumer.stop()

    async def on_stop(self) -> None:
        """Leave the group; what is not committed is read again."""
        if self._consumer is not None:
            await self._consumer.stop()

    @Service.task
    async def _run(self) -> None:
        tries = 0
        while not self.should_stop:
            if not self._topics:
                await self._wait_for_topics()
                continue
            try:
                await self._read_until_changed()
                tries = 0
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - logged, shown in health, and tried again
                self.failing = repr(error)
                wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                log.warning("group %s: %r; reading again from the last commit in %.1f s", self._group, error, wait)
                tries += 1
                await self._close()
                await self.sleep(wait)

    async def _wait_for_topics(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), 1.0)
        self._changed.clear()

    async def _read_until_changed(self) -> None:
        consumer = await self._open()
        self._changed.clear()
        consumer.subscribe(topics=sorted(self._topics), listener=_Joined(self._set_joined))
        while not self.should_stop and not self._changed.is_set():
            batches = await consumer.getmany(timeout_ms=200, max_records=BATCH_MAX)
            if not batches:
                self.failing = None
                continue
            for records in batches.values():
                if not await self._deliver(list(records)):
                    return
            try:
                await consumer.commit({tp: records[-1].offset + 1 for tp, records in batches.items()})
            except (CommitFailedError, IllegalStateError) as error:
                log.info("group %s was rebalanced during a batch (%s): it is read again", self._group, error)

    def _set_joined(self) -> None:
        # An answer to an earlier subscription must not count for the topics of a later one.
        self._joined = not self._changed.is_set()

    async def _deliver(self, records: list[ConsumerRecord[Any, Any]]) -> bool:
        """Hand a batch over, again and again while the handler cannot; False when we are to stop first."""
        tries = 0
        while not self.should_stop:
            try:
                await self._handle(records)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - logged, shown in health, and tried again
                self.failing = repr(error)
                wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                log.warning("group %s: a batch waits: %r; again in %.1f s", self._group, error, wait)
                tries += 1
                await self.sleep(wait)
            else:
                self.failing = None
                return True
        return False

    async def _open(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            embedded = self._settings.embedded_kafka
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=list(self._settings.kafka),
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                metadata_max_age_ms=2000,
                fetch_max_wait_ms=20 if embedded else 500,
                max_partition_fetch_bytes=RECORD_MAX,
                session_timeout_ms=6000 if embedded else 20_000,
                heartbeat_interval_ms=2000 if embedded else 3000,
                rebalance_timeout_ms=12_000 if embedded else 60_000,
            )
            impatient(self._consumer._client, embedded=embedded)
            await self._consumer.start()
        return self._consumer

    async def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            try:
                await consumer.stop()
            except KafkaError as error:
                log.info("group %s: closing said %r", self._group, error)


class _Joined(ConsumerRebalanceListener):
    """Says when the group has handed out its partitions; a share of none is a share."""

    def __init__(self, joined: Callable[[], None]) -> None:
        self._say = joined

    async def on_partitions_revoked(self, revoked: Any) -> None:
        pass

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._say()
