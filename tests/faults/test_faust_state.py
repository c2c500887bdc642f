"""The faults of faust-streaming 0.15.3 in commits and state, each shown on its own class, and contained by ours.

In: books filled by hand (tests/faults/books.py), once an embedded Kafka. Out: for each containment one test of ours,
and one of the stock class that fails when a newer Faust no longer has the fault.
"""

import asyncio
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import faust
import faust.transport.drivers.aiokafka as driver
import pytest
from faust.tables.recovery import Recovery
from yarl import URL

from app import faust_compat, faust_table
from app.faust_app import BrokerApp
from app.faust_compat import CompatError, SafeConsumer, SafeProducer, SafeRecovery
from app.faust_table import SafeTable
from app.lease import NotOurs
from tests.faults.books import ONE, a_consumer, acknowledge, not_needed
from tests.stores.kafka_support import running_kafka

# --- commits and changelogs


async def test_nothing_is_committed_while_the_flush_has_not_got_everything_out(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)
    acknowledge(consumer, range(4))
    app._producer.buffer.size = 1
    await consumer.commit()
    assert consumer._thread.commits == []
    app._producer.buffer.size = 0
    await consumer.commit()
    assert consumer._thread.commits == [{ONE: 4}]
    acknowledge(consumer, range(4, 6))
    await consumer.commit()
    assert consumer._thread.commits == [{ONE: 4}, {ONE: 6}]


async def test_stock_commits_although_the_flush_gave_up(app: BrokerApp) -> None:
    consumer = a_consumer(app, driver.Consumer)
    acknowledge(consumer, range(4))
    app._producer.buffer.size = 1
    await consumer.commit()
    assert consumer._thread.commits == [{ONE: 4}], not_needed("SafeConsumer._commit_offsets")


class Ended(Exception):
    """The process would have ended."""


def fail_a_changelog_write(app: BrokerApp) -> None:
    """Let Kafka refuse a record of a table's changelog."""
    table = app.Table("last", key_type=bytes, value_type=bytes, partitions=8)
    app.tables._changelogs = {table.changelog_topic.get_topic_name(): table}
    pending = table.send_changelog(0, b"user", b"1")
    refused = asyncio.get_running_loop().create_future()
    refused.set_exception(ValueError("refused"))
    table.changelog_topic._on_published(refused, pending, app._producer, None)
    assert isinstance(pending.exception(), ValueError)


async def test_nothing_is_committed_after_a_changelog_write_failed(
    app: BrokerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(reason: str) -> None:
        raise Ended(reason)

    monkeypatch.setattr(faust_compat, "hard_exit", end)
    consumer = a_consumer(app, SafeConsumer)
    fail_a_changelog_write(app)
    acknowledge(consumer, range(4))
    with pytest.raises(Ended, match="could not be written"):
        await consumer.commit()
    assert consumer._thread.commits == []


async def test_stock_commits_after_a_changelog_write_failed(app: BrokerApp) -> None:
    app.conf.Topic = faust.Topic
    consumer = a_consumer(app, driver.Consumer)
    fail_a_changelog_write(app)
    acknowledge(consumer, range(4))
    await consumer.commit()
    assert consumer._thread.commits == [{ONE: 4}], not_needed("SafeTopic and SafeConsumer._commit_offsets")


# --- recovery


async def parked_when_streams_resume(app: BrokerApp, kind: type[Recovery], consumer: Any, way: str) -> bool:
    """Whether the drain loop stands still at the moment a recovery lets records flow again."""
    fetching = False
    seen: list[bool] = []

    async def getmany(**_: Any) -> Any:
        nonlocal fetching
        fetching = True
        await asyncio.sleep(0.05)
        fetching = False
        return {}

    async def drain() -> None:
        while True:
            async for _ in consumer.getmany(1.0):
                pass
            await asyncio.sleep(0)

    consumer._getmany = getmany
    consumer._active_partitions = {ONE}
    app._fetcher._started.set()
    app._assignor = SimpleNamespace(assigned_standbys=set)
    drainer = asyncio.create_task(drain())
    while not fetching:
        await asyncio.sleep(0)
    resume = app.flow_control.resume

    def resume_and_look() -> None:
        seen.append(not fetching)
        resume()

    app.flow_control.resume = resume_and_look
    recovery = kind(app, app.tables)
    await getattr(recovery, way)(app.consumer_generation_id)
    drainer.cancel()
    await asyncio.gather(drainer, return_exceptions=True)
    return seen[0]


WAYS = pytest.mark.parametrize("way", ["on_recovery_completed", "_resume_streams"], ids=["tables", "no-tables"])


@WAYS
async def test_the_drain_loop_stands_still_when_streams_resume(app: BrokerApp, way: str) -> None:
    assert await parked_when_streams_resume(app, SafeRecovery, a_consumer(app, SafeConsumer), way)


@WAYS
async def test_stock_resumes_streams_under_a_running_fetch(app: BrokerApp, way: str) -> None:
    found = await parked_when_streams_resume(app, Recovery, a_consumer(app, driver.Consumer), way)
    assert not found, not_needed("SafeRecovery")


# --- tables


def an_event(app: BrokerApp, generation: int = 0) -> Any:
    """An event of the partition that is ours."""
    return SimpleNamespace(message=SimpleNamespace(tp=ONE, topic=ONE.topic, partition=0, generation_id=generation))


def a_table(app: BrokerApp, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app's table, at the moment an event of the partition that is ours is handled."""
    made = app.Table("last", key_type=bytes, value_type=bytes, partitions=8)
    event = an_event(app)
    made.handled = event
    monkeypatch.setattr(faust_table, "current_event", lambda: event)
    monkeypatch.setattr("faust.tables.base.current_event", lambda: event)
    made.partition_for_key = lambda _: 0
    return made


@pytest.fixture
def table(app: BrokerApp, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = a_table(app, monkeypatch)
    assert isinstance(made, SafeTable)
    return made


@pytest.fixture
def stock_table(app: BrokerApp, monkeypatch: pytest.MonkeyPatch) -> Any:
    app.conf.Table = faust.Table
    app.conf.Topic = faust.Topic
    made = a_table(app, monkeypatch)
    assert type(made) is faust.Table
    return made


def lose(app: BrokerApp, consumer: Any) -> None:
    """Let the one partition go to another worker, in the next generation of the group."""
    consumer._thread.assigned.clear()
    app.consumer_generation_id += 1


async def test_a_write_ends_when_kafka_has_it(app: BrokerApp, table: Any) -> None:
    a_consumer(app, SafeConsumer)
    written: list[Any] = []
    app._producer.send_soon = written.append
    writing = asyncio.create_task(table.write(b"user", b"1"))
    while not written:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not writing.done()
    written[0].set_result(None)
    await writing
    assert table[b"user"] == b"1"


def test_stock_tables_tell_nobody_when_kafka_has_a_write() -> None:
    assert not hasattr(faust.Table, "write"), not_needed("SafeTable")


async def test_a_worker_out_of_the_group_writes_no_state(app: BrokerApp, table: Any) -> None:
    consumer = a_consumer(app, SafeConsumer)
    consumer.lease.lost = True
    with pytest.raises(NotOurs, match="numbers"):
        await table.write(b"user", b"1")
    consumer.lease.regain()
    app.consumer_generation_id += 1
    with pytest.raises(NotOurs):
        await table.write(b"user", b"1")
    assert b"user" not in table


async def test_stock_writes_state_of_a_partition_that_is_another_workers(app: BrokerApp, stock_table: Any) -> None:
    consumer = a_consumer(app, driver.Consumer)
    written: list[Any] = []
    app._producer.send_soon = written.append
    await consumer.on_partitions_revoked({ONE})
    lose(app, consumer)
    stock_table[b"user"] = b"1"
    assert stock_table[b"user"] == b"1", not_needed("Lease, in SafeTable.change")
    changes = [(change.message.channel, change.message.key, change.message.value) for change in written]
    assert changes == [(stock_table.changelog_topic, b"user", b"1")], not_needed("Lease, in SafeTable.change")


async def test_stock_lets_state_out_that_was_written_before_the_partition_was_lost(
    app: BrokerApp, stock_table: Any
) -> None:
    consumer = a_consumer(app, driver.Consumer)
    changelog = stock_table.changelog_topic_name
    app.tables._changelogs = {changelog: stock_table}
    async with running_kafka() as kafka:
        transport = driver.Transport([URL(f"aiokafka://{kafka.bootstrap}")], app)
        async with driver.Producer(transport) as producer:
            app._producer = producer
            on_its_way = await producer.send(changelog, b"user", b"1", 0, None, None)
            assert not on_its_way.done()
            lose(app, consumer)
            written = await asyncio.wait_for(on_its_way, 30)
    assert (written.topic, written.offset) == (changelog, 0), not_needed("Lease, in SafeProducer._fence")


async def test_a_state_larger_than_kafka_takes_is_refused_before_it_is_anywhere(app: BrokerApp, table: Any) -> None:
    a_consumer(app, SafeConsumer)
    with pytest.raises(ValueError, match="Kafka takes"):
        await table.write(b"user", b"x" * app.conf.producer_max_request_size)
    assert b"user" not in table


# --- what ends a process, the producer, the version


def test_the_producer_of_a_real_kafka_is_idempotent(app: BrokerApp) -> None:
    app.idempotent = True
    transport = driver.Transport(app.conf.broker_producer, app)
    assert SafeProducer(transport)._settings_extra() == {"acks": "all", "enable_idempotence": True}


def test_stock_producers_are_not_idempotent(app: BrokerApp) -> None:
    transport = driver.Transport(app.conf.broker_producer, app)
    assert not driver.Producer(transport)._settings_extra(), not_needed("SafeProducer")


def test_a_hard_exit_ends_the_process_with_a_reason() -> None:
    words = "import atexit; atexit.register(print, 1); from app.faust_compat import hard_exit; hard_exit('a reason')"
    ended = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "a reason" in ended.stderr


def test_another_version_of_faust_is_refused(app: BrokerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust, "__version__", "0.15.4")
    with pytest.raises(CompatError, match=r"0\.15\.4"):
        faust_compat.install(app, fetch_wait_ms=None, idempotent=False)
