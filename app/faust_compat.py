"""Containment of what faust-streaming 0.15.3 does wrong; pinned to that version.

In: Faust's classes. Out: the same with their known faults closed; `install` puts them into an app. It holds no rule of
ours. Each containment names the fault. For each a test of Faust's own class shows the fault, and fails when a newer
Faust (with VERSION set to it) no longer has it: `test_stock_*` in `tests/faults/test_faust_*.py`, that of keep_topics
in `tests/stores/test_kafka_client.py`. Some of these tests see less than the fault: that of SafeTable only that there
is no `write`; that of SafeProducer only that idempotence is not asked for; those of impatient only how long a request
would be waited for; those of Lease no freeze, but a worker that knows of its loss and writes all the same; that of the
watch one of the waits without end, for a record in the works.

| class | fault of 0.15.3 it contains |
|---|---|
| SafeConsumer._wait_next_records | a fetch gets a set of partitions that changes under it: an emptied one means "all" |
| SafeConsumer.perform_seek | partitions that never committed are not sought; records drained before are gone |
| SafeConsumer._new_offset | an offset is committed past a record that was not acknowledged (upstream #606) |
| SafeConsumer._add_gap | the record after a gap counts as acknowledged |
| SafeConsumer.subscribe | a changed subscription takes the partitions away with records still in the works |
| SafeConsumer.on_partitions_revoked | acknowledged, uncommitted offsets are dropped before the commit of a rebalance |
| SafeConsumer._commit_offsets | offsets are committed although the flush gave up or a changelog write failed |
| SafeThread | an empty fetch waits 1.5 s, whatever is wished |
| SafeProducer | a record whose answer is lost is written twice |
| SafeRecovery | streams resume while the drain loop still runs: its records are lost (upstream #596) |
| SafeConsumer._watch_rebalance | rebalances and recoveries that wait for ever, and users' records behind them |
| SafeTable (app/faust_table.py) | nobody can wait for a changelog write |
| impatient (app/kafka_client.py) | requests to a node that hangs wait for 20 minutes (producer) or 90 s (consumer) |
| keep_topics (app/kafka_client.py) | aiokafka forgets a topic while a record for it waits: it is never sent |
| Lease (app/lease.py) | a worker frozen past its session writes state for partitions it has lost |
"""

import asyncio
import logging
import os
from typing import Any

import faust
import faust.transport.drivers.aiokafka as driver
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from faust.types.tuples import FutureMessage

from app.kafka_client import impatient
from app.lease import TICK_SECONDS, Lease, keep
from app.standstill import watch

VERSION = "0.15.3"
PARK_SECONDS = 5.0
"""How long the drain loop may take to stand still before a rebalance goes on without it."""

log = logging.getLogger("broker.faust")


class CompatError(Exception):
    """The installed faust-streaming is not the one this module was written for."""


def hard_exit(reason: str) -> None:
    """End the process at once, so that nothing uncommitted is committed by an orderly stop."""
    log.critical("ending the process at once: %s; the records since the last commit are read again at restart", reason)
    logging.shutdown()
    os._exit(70)


class SafeThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread: keeps the lease, and waits for records as long as we say (Faust hard-codes 1500 ms)."""

    async def on_start(self) -> None:
        await super().on_start()
        keep(self._ensure_consumer()._coordinator, self.consumer.lease)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        wait = getattr(self.app, "fetch_wait_ms", None)
        if wait is not None:
            consumer._fetch_max_wait_ms = wait
        impatient(consumer._client, embedded=not getattr(self.app, "idempotent", False))
        return consumer


class SafeConsumer(driver.Consumer):
    """A consumer that commits nothing unfinished and hands out nothing twice."""

    _subscribed: set[str] | None = None
    _epoch = 0
    produce_failed: BaseException | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._parked = asyncio.Event()
        self._start_offset: dict[TP, int] = {}
        self._expected: dict[TP, int] = {}
        super().__init__(*args, **kwargs)
        self.lease = Lease(self.app.conf.broker_session_timeout)

    def _new_consumer_thread(self) -> SafeThread:
        return SafeThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - Faust's signature
        if not self.flow_active:
            self._parked.set()
            try:
                await self.wait(self.can_resume_flow)
            finally:
                self._parked.clear()
        generation, epoch = self.app.consumer_generation_id, self._epoch
        active = frozenset(self._get_active_partitions())
        records: Any = {}
        if active:
            records = await self._getmany(active_partitions=active, timeout=timeout)
        else:
            await self.sleep(0.1)
        if generation != self.app.consumer_generation_id or epoch != self._epoch:
            records = {}
        self._note_skipped(records)
        return records, active

    def _note_skipped(self, records: Any) -> None:
        """Record as a gap what Kafka no longer has between the place sought and the first record from there."""
        for tp in self._expected.keys() & records.keys():
            expected, first = self._expected.pop(tp), records[tp][0].offset
            if expected < first:
                self._gap[tp].addi(expected, first)

    @driver.Consumer.task
    async def _show_life(self) -> None:
        while not self.should_stop:
            self.lease.tick()
            await self.sleep(TICK_SECONDS)

    @driver.Consumer.task
    async def _watch_rebalance(self) -> None:
        await watch(self.app, lambda: not self.should_stop, lambda: (self.loop, self._thread.thread_loop), hard_exit)

    def owns(self, message: Any) -> bool:
        """Whether a record's partition is still ours, in the generation it was read in, as far as is known."""
        same = message.generation_id == self.app.consumer_generation_id
        return same and not self.lease.lost and message.tp in self.assignment()

    async def quiesce(self) -> None:
        """Bring the drain loop to a stand-still."""
        self.stop_flow()
        self.app.flow_control.suspend()
        if self.app._fetcher.started:
            try:
                await asyncio.wait_for(self._parked.wait(), PARK_SECONDS)
            except TimeoutError:
                log.warning("the drain loop did not stand still within %.0f s", PARK_SECONDS)
        self.app.flow_control.clear()

    async def perform_seek(self) -> None:
        self._epoch += 1
        mine = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        for tp in mine:
            # A commit that Kafka refused is in this book too; only its own answer counts.
            self._committed_offset.pop(tp, None)
        await super().perform_seek()
        fresh = [tp for tp in mine if not self._committed_offset.get(tp)]
        if fresh:
            first = await self._thread.earliest_offsets(*map(driver.ensure_aiokafka_TP, fresh))
            for raw_tp, offset in first.items():
                tp = TP(raw_tp.topic, raw_tp.partition)
                self._thread.seek(driver.ensure_aiokafka_TP(tp), offset or 0)
                self._read_offset[tp] = self._committed_offset[tp] = None
                self._start_offset[tp] = offset or 0
        for tp in mine:
            if self._committed_offset.get(tp):
                self._start_offset[tp] = self._committed_offset[tp]
            self._expected[tp] = self._start_offset.get(tp, 0)
            for book in (self._acked, self._acked_index, self._gap):
                book.pop(tp, None)

    def _new_offset(self, tp: TP) -> int | None:
        acked, gap = self._acked[tp], self._gap[tp]
        if not acked:
            return None
        start = position = self._committed_offset[tp] or self._start_offset.get(tp, 0)
        have = set(acked)
        while True:
            if position in have:
                position += 1
                continue
            skipped = gap.at(position) if gap else ()
            if not skipped:
                break
            position = max(interval.end for interval in skipped)
        return None if position == start else position

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        if offset_from < offset_to:
            self._gap[tp].addi(offset_from, offset_to)
            self._gap[tp].merge_overlaps()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        if self.assignment():
            self.stop_flow()
            self.app.flow_control.suspend()
            self.app.flow_control.clear()
            try:
                await self.wait_empty()
            except Exception as error:  # noqa: BLE001 - the rebalance must go on; what is uncommitted comes again
                log.warning("could not commit while partitions are taken away: %r", error)
        await super().on_partitions_revoked(revoked)

    async def subscribe(self, topics: Any) -> None:
        topics = set(topics)
        if topics == self._subscribed:
            return
        if self._subscribed is not None and self.assignment():
            await self.quiesce()
            await self.wait_empty()
        self._subscribed = topics
        await super().subscribe(topics)

    async def _commit_offsets(self, offsets: Any, start_new_transaction: bool = True) -> bool:
        await self.app.producer.flush()
        if self.app.producer.buffer.size:
            return False
        if self.produce_failed or self.app.producer.buffer.crashed:
            hard_exit(f"a table's changelog could not be written ({self.produce_failed!r})")
        done = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if done:
            self._strike_off(offsets)
        return done

    def _strike_off(self, offsets: dict[TP, int]) -> None:
        """Forget what is committed: only now, for what a commit leaves undone must be found again by the next."""
        for tp, offset in offsets.items():
            if tp in self._acked:
                self._acked[tp] = [one for one in self._acked[tp] if one >= offset]
                self._acked_index[tp] = set(self._acked[tp])
                self._gap[tp].chop(0, offset)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.lease.regain()
        await super().on_partitions_assigned(assigned, generation_id)


class SafeProducer(driver.Producer):
    """A producer that Kafka itself keeps from writing a record twice when an answer is lost."""

    def _settings_extra(self) -> dict[str, Any]:
        if getattr(self.app, "idempotent", False):
            return {"acks": "all", "enable_idempotence": True}
        return dict(super()._settings_extra())

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        impatient(producer.client, embedded=not getattr(self.app, "idempotent", False))
        return producer

    async def on_start(self) -> None:
        await super().on_start()
        sender = self._ensure_producer()._sender
        send = sender._send_produce_req

        async def fenced(node_id: Any, batches: Any) -> None:
            await self._fence(tp.topic for tp in batches)
            await send(node_id, batches)

        sender._send_produce_req = fenced

    async def _fence(self, topics: Any) -> None:
        """Let no state out that was written before this process was frozen past its session."""
        if self.app.producer_only or self.app.tables.changelog_topics.isdisjoint(topics):
            return
        lease = self.app.consumer.lease
        if lease.overslept:
            await lease.settled()
            if lease.lost:
                # Batches that have their sequence numbers cannot be taken back without ending the producer.
                hard_exit("this process was frozen longer than its session, with writes of tables on their way")


class SafeRecovery(Recovery):
    """A recovery that lets the drain loop stand still before streams resume."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        await self.app.consumer.quiesce()
        await super().on_recovery_completed(generation_id)

    async def _resume_streams(self, generation_id: int = 0) -> None:
        await self.app.consumer.quiesce()
        await super()._resume_streams(generation_id)


class SafeTableManager(TableManager):
    """A table manager that recovers with SafeRecovery."""

    _recovery: Any

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = SafeRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class SafeTransport(driver.Transport):
    """The transport that hands out the safe consumer and producer."""

    Consumer = SafeConsumer
    Producer = SafeProducer


class SafeTopic(faust.Topic):
    """A topic that reports a failed changelog write to the consumer, which then commits no more."""

    def _on_published(self, fut: Any, message: FutureMessage, producer: Any, state: Any) -> None:
        if not fut.cancelled() and fut.exception():
            name = message.message.channel.get_topic_name()
            if name in self.app.tables.changelog_topics:
                self.app.consumer.produce_failed = fut.exception()
        super()._on_published(fut, message, producer, state)


def install(app: Any, *, fetch_wait_ms: int | None, idempotent: bool) -> None:
    """Put the containment into an app made with `TableManager=SafeTableManager, Topic=SafeTopic, Table=SafeTable`.

    Raises CompatError when another version of faust-streaming is installed.
    """
    if faust.__version__ != VERSION:
        raise CompatError(
            f"faust-streaming {faust.__version__} is installed, but app/faust_compat.py contains the faults of"
            f" {VERSION}: install with constraints.txt, or take tests/faults through the new one"
        )
    app.fetch_wait_ms = fetch_wait_ms
    app.idempotent = idempotent
    app.transport = SafeTransport(app.conf.broker_consumer, app)
    app.producer_transport = SafeTransport(app.conf.broker_producer, app)
