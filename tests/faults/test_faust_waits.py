"""Where faust-streaming 0.15.3 waits too long: for a node that hangs, and in a rebalance.

In: the clients that Faust and we make, on an embedded Kafka that answers; a rebalance that waits for a record nobody
acknowledges, with Faust's own time-outs made short. Out: how long each would wait. The stock tests fail when a newer
Faust no longer has the fault. What ours do on nodes that really hang is in tests/stores/test_kafka_client.py and
tests/faults/test_cluster.py; that ours ends a worker that stands still is in tests/faults/test_standstill.py.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiokafka.conn
import faust.transport.drivers.aiokafka as driver
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.metadata import MetadataRequest
from yarl import URL

from app.faust_app import EMBEDDED_FETCH_WAIT_MS, BrokerApp
from app.faust_compat import SafeConsumer, SafeProducer
from app.kafka_client import ANSWER_SECONDS
from tests.faults.books import ONE, Message, a_consumer, not_needed, nothing
from tests.stores.kafka_support import running_kafka, until

# --- a node that hangs

FAR_ABOVE = 6 * ANSWER_SECONDS
"""Seconds; from here on our own limit is worth having."""


@pytest.fixture
async def transport(app: BrokerApp) -> AsyncIterator[driver.Transport]:
    """The way to a Kafka; ours takes it for one whose producers are idempotent."""
    app.idempotent = True
    async with running_kafka() as kafka:
        yield driver.Transport([URL(f"aiokafka://{kafka.bootstrap}")], app)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long aiokafka is ready to wait, of each request that it sends."""
    found: list[float] = []
    wait_for = aiokafka.conn.wait_for

    def noted(answer: Any, seconds: float) -> Any:
        found.append(seconds)
        return wait_for(answer, seconds)

    monkeypatch.setattr(aiokafka.conn, "wait_for", noted)
    return found


async def talk(client: Any) -> None:
    """Let a client find Kafka, and ask a node of it something."""
    await client.bootstrap()
    await client.send(client.get_random_node(), MetadataRequest([]))


@asynccontextmanager
async def producer_of(kind: type[driver.Producer], transport: driver.Transport) -> AsyncIterator[AIOKafkaProducer]:
    """The aiokafka producer that a class of Faust producers makes."""
    made = kind(transport)._new_producer()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def consumer_of(kind: type[driver.Consumer], transport: driver.Transport) -> AsyncIterator[AIOKafkaConsumer]:
    """The aiokafka consumer that a class of Faust consumers makes for a worker."""
    thread: Any = kind(transport, nothing, nothing, nothing)._thread
    made = thread._create_worker_consumer(transport)
    try:
        yield made
    finally:
        await made.stop()
        thread.thread_loop.close()  # never run


async def test_our_producer_gives_a_node_up_when_kafka_does(transport: driver.Transport, waits: list[float]) -> None:
    async with producer_of(SafeProducer, transport) as producer:
        await talk(producer.client)
    assert set(waits) == {ANSWER_SECONDS}


async def test_stock_producers_wait_for_minutes(transport: driver.Transport, waits: list[float]) -> None:
    async with producer_of(driver.Producer, transport) as producer:
        await talk(producer.client)
    assert min(waits) > FAR_ABOVE, not_needed("impatient, in SafeProducer")


async def test_our_consumer_gives_a_node_up_when_kafka_does(transport: driver.Transport, waits: list[float]) -> None:
    async with consumer_of(SafeConsumer, transport) as consumer:
        await talk(consumer._client)
    assert set(waits) == {ANSWER_SECONDS}


async def test_stock_consumers_wait_longer_than_a_minute(transport: driver.Transport, waits: list[float]) -> None:
    async with consumer_of(driver.Consumer, transport) as consumer:
        await talk(consumer._client)
    assert min(waits) > FAR_ABOVE, not_needed("impatient, in SafeThread")


# --- an empty fetch


async def test_an_empty_fetch_waits_as_long_as_we_say(app: BrokerApp) -> None:
    app.fetch_wait_ms = EMBEDDED_FETCH_WAIT_MS
    async with consumer_of(SafeConsumer, app.transport) as consumer:
        assert consumer._fetch_max_wait_ms == EMBEDDED_FETCH_WAIT_MS


async def test_stock_lets_nobody_say_how_long_an_empty_fetch_waits(app: BrokerApp) -> None:
    assert not any("fetch_max_wait" in name for name in dir(app.conf)), not_needed("SafeThread")
    async with consumer_of(driver.Consumer, app.transport) as consumer:
        assert consumer._fetch_max_wait_ms == 1500, not_needed("SafeThread")


# --- a rebalance that stands still

OWN_SECONDS = 0.3
"""All of Faust's own time-outs that a rebalance could end by."""


async def test_stock_waits_in_a_rebalance_beyond_all_its_time_outs(
    app: BrokerApp, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("request_timeout", "session_timeout", "rebalance_timeout", "commit_livelock_soft_timeout"):
        setattr(app.conf, f"broker_{name}", OWN_SECONDS)
    app.conf.stream_processing_timeout = OWN_SECONDS
    consumer = a_consumer(app, driver.Consumer)
    record = Message(ONE, ONE.topic, 0)
    consumer._unacked_messages.add(record)
    async with consumer:  # with all the tasks by which a stock consumer looks after itself
        app.on_rebalance_start()
        begun = time.monotonic()
        revoking = asyncio.create_task(consumer.on_partitions_revoked({ONE}))
        # The one thing that is told: Faust's log has the places of a callback that takes longer than a session.
        await until(lambda: "Task timed out" in caplog.text, what=lambda: caplog.text)
        await until(lambda: time.monotonic() - begun > 10 * OWN_SECONDS)
        ended = revoking.done() or app.crashed or app.should_stop or consumer.crashed or consumer.should_stop
        assert not ended, not_needed("SafeConsumer._watch_rebalance")
        assert app.rebalancing
        # It was this record that it waited for.
        record.acked = True
        await asyncio.wait_for(revoking, 10)
