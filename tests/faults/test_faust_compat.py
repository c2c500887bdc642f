"""The faults of faust-streaming 0.15.3 in its consumer, each shown on its own class, and contained by ours.

In: books filled by hand (tests/faults/books.py). Out: for each containment one test of ours, and one of the stock
class that fails when a newer Faust no longer has the fault.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

import faust.transport.drivers.aiokafka as driver
import pytest
from faust.types import TP

from app.faust_app import BrokerApp
from app.faust_compat import SafeConsumer
from tests.faults.books import ONE, a_consumer, acknowledge, not_needed

# --- what may be committed

HELD_BACK = [
    pytest.param(None, {0}, None, id="first-never-committed"),
    pytest.param(None, {0, 1, 2}, None, id="first-three-never-committed"),
    pytest.param(5, {5}, None, id="the-head"),
    pytest.param(5, {8}, 8, id="one-in-the-middle"),
]


@pytest.mark.parametrize(("committed", "held", "expected"), HELD_BACK)
async def test_nothing_is_committed_past_a_record_that_is_not_acknowledged(
    app: BrokerApp, committed: int | None, held: set[int], expected: int | None
) -> None:
    consumer = a_consumer(app, SafeConsumer, committed)
    acknowledge(consumer, set(range(committed or 0, 20)) - held)
    assert consumer._new_offset(ONE) == expected
    acknowledge(consumer, held)
    assert consumer._new_offset(ONE) == 20


@pytest.mark.parametrize("held", [{0}, {0, 1, 2}])
async def test_stock_commits_past_a_record_that_is_not_acknowledged(app: BrokerApp, held: set[int]) -> None:
    consumer = a_consumer(app, driver.Consumer)
    acknowledge(consumer, set(range(20)) - held)
    assert consumer._new_offset(ONE) == 20, not_needed("SafeConsumer._new_offset")


async def add_a_gap(consumer: Any) -> int | None:
    """6 and 7 do not exist; 5 is acknowledged, 8 is not; what would be committed?"""
    acknowledge(consumer, [5])
    # The stock method counts both ends in, ours only the first.
    await consumer._add_gap(ONE, 6, 8)
    acknowledge(consumer, [9])
    found: int | None = consumer._new_offset(ONE)
    return found


async def test_a_gap_ends_before_the_record_behind_it(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer, 5)
    assert await add_a_gap(consumer) == 8
    acknowledge(consumer, [8])
    assert consumer._new_offset(ONE) == 10


async def test_stock_counts_the_record_behind_a_gap_as_acknowledged(app: BrokerApp) -> None:
    assert await add_a_gap(a_consumer(app, driver.Consumer, 5)) == 10, not_needed("SafeConsumer._add_gap")


async def test_records_that_kafka_deleted_do_not_hold_up_the_commits(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer, 5)
    await consumer.perform_seek()

    async def first_is_nine(**_: Any) -> Any:
        return {ONE: [SimpleNamespace(offset=9)]}

    consumer._getmany = first_is_nine
    consumer._active_partitions = {ONE}
    await consumer._wait_next_records(1.0)
    acknowledge(consumer, [9, 10])
    assert consumer._new_offset(ONE) == 11


# --- what is read


@pytest.mark.parametrize("committed", [None, 0])
async def test_a_partition_that_never_committed_is_read_from_its_beginning(
    app: BrokerApp, committed: int | None
) -> None:
    consumer = a_consumer(app, SafeConsumer, committed)
    consumer._read_offset[ONE] = 40
    acknowledge(consumer, [39])
    await consumer.perform_seek()
    assert consumer._thread.sought == {ONE: 3}
    assert consumer._read_offset[ONE] is None
    assert not consumer._acked[ONE]


async def test_stock_does_not_seek_a_partition_that_never_committed(app: BrokerApp) -> None:
    consumer = a_consumer(app, driver.Consumer)
    await consumer.perform_seek()
    assert consumer._thread.sought == {}, not_needed("SafeConsumer.perform_seek")


async def test_what_kafka_says_is_committed_counts_after_a_refused_commit(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)
    consumer._committed_offset[ONE] = 12  # The book says so, Kafka has nothing.
    await consumer.perform_seek()
    assert consumer._committed_offset[ONE] is None
    assert consumer._thread.sought == {ONE: 3}


async def fetch_while_paused(consumer: Any, between: Any) -> tuple[Any, Any]:
    """What a fetch was told to fetch once something happened under it, and what it gave."""
    seen: list[Any] = []

    async def getmany(active_partitions: Any, timeout: float) -> Any:
        await asyncio.sleep(0)
        between()
        seen.append(set(active_partitions))
        return {ONE: [SimpleNamespace(offset=0)]}

    consumer._getmany = getmany
    consumer._active_partitions = {ONE}
    records, _ = await consumer._wait_next_records(1.0)
    return seen[0], records


async def test_a_fetch_keeps_its_partitions(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)
    told, _ = await fetch_while_paused(consumer, lambda: consumer.pause_partitions({ONE}))
    assert told == {ONE}


async def test_stock_fetches_everything_when_its_partitions_are_paused(app: BrokerApp) -> None:
    consumer = a_consumer(app, driver.Consumer)
    told, _ = await fetch_while_paused(consumer, lambda: consumer.pause_partitions({ONE}))
    assert told == set(), not_needed("SafeConsumer._wait_next_records")


async def test_records_fetched_across_a_seek_are_dropped(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)

    def seek() -> None:
        consumer._epoch += 1

    assert (await fetch_while_paused(consumer, seek))[1] == {}


async def test_stock_hands_out_records_fetched_across_a_rebalance(app: BrokerApp) -> None:
    consumer = a_consumer(app, driver.Consumer)

    def rebalance() -> None:
        app.consumer_generation_id += 1

    assert (await fetch_while_paused(consumer, rebalance))[1], not_needed("SafeConsumer._wait_next_records")


# --- rebalances


async def revoke(consumer: Any) -> list[dict[TP, int]]:
    """What is committed when a partition with acknowledged records is taken away."""
    acknowledge(consumer, range(4))
    await consumer.on_partitions_revoked({ONE})
    commits: list[dict[TP, int]] = consumer._thread.commits
    return commits


async def test_what_is_acknowledged_is_committed_before_a_partition_is_given_away(app: BrokerApp) -> None:
    assert await revoke(a_consumer(app, SafeConsumer)) == [{ONE: 4}]


async def test_stock_forgets_what_was_acknowledged_when_a_partition_is_given_away(app: BrokerApp) -> None:
    assert await revoke(a_consumer(app, driver.Consumer)) == [], not_needed("SafeConsumer.on_partitions_revoked")


async def resubscribe(consumer: Any, topics: set[str]) -> list[dict[TP, int]]:
    """What is committed before Kafka hears of another subscription."""
    await consumer.subscribe({"numbers"})
    acknowledge(consumer, range(4))
    committed_before: list[list[dict[TP, int]]] = []

    async def subscribe(topics: set[str]) -> None:
        committed_before.append(list(consumer._thread.commits))

    consumer._thread.subscribe = subscribe
    await consumer.subscribe(topics)
    return committed_before[0] if committed_before else []


async def test_records_in_the_works_are_finished_before_the_subscription_changes(app: BrokerApp) -> None:
    assert await resubscribe(a_consumer(app, SafeConsumer), {"numbers", "more"}) == [{ONE: 4}]


async def test_the_same_subscription_again_costs_no_rebalance(app: BrokerApp) -> None:
    consumer = a_consumer(app, SafeConsumer)
    await consumer.subscribe({"numbers"})
    await consumer.subscribe({"numbers"})
    assert consumer._thread.subscriptions == [{"numbers"}]


async def test_stock_changes_the_subscription_under_records_in_the_works(app: BrokerApp) -> None:
    consumer = a_consumer(app, driver.Consumer)
    assert await resubscribe(consumer, {"numbers", "more"}) == [], not_needed("SafeConsumer.subscribe")
