"""A reader with its own group on the embedded Kafka: nothing lost, in order, committed only when handled."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from app import reader as module
from app.embedded.kafka import EmbeddedKafka
from app.reader import TopicReader
from app.settings import Settings
from app.topics import TopicSpec, ensure_topics
from tests.stores.kafka_support import committed, running_kafka, until, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
PARTITIONS = 3


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    """One Kafka for the module."""
    async with running_kafka() as kafka:
        yield kafka


class Bench:
    """Readers of one group, what their handler was given, and a way to make it fail."""

    def __init__(self, kafka: EmbeddedKafka, name: str) -> None:
        self.name = name
        self.settings = Settings(_env_file=None, kafka=[kafka.bootstrap], embedded_kafka=True, app_id="house")
        self.batches: list[list[tuple[str, int, bytes]]] = []
        self.failures: list[Exception] = []
        self.begun = 0
        self.gate: asyncio.Event | None = None

    def topic(self, word: str = "a") -> str:
        """A topic of this test."""
        return f"{self.name}.{word}"

    async def make(self, *words: str) -> None:
        """Create topics."""
        await ensure_topics(self.settings, [TopicSpec(self.topic(word), PARTITIONS, fixed=False) for word in words])

    async def write(self, values: Iterable[int], word: str = "a", partition: int = 0) -> None:
        """Write numbers to a partition."""
        written = [str(value).encode() for value in values]
        await write(self.settings.kafka[0], self.topic(word), written, partition=partition)

    async def handle(self, records: list[Any]) -> None:
        """Take a batch, or fail."""
        self.begun += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append([(record.topic, record.partition, record.value) for record in records])

    @asynccontextmanager
    async def reading(self, *words: str) -> AsyncIterator[TopicReader]:
        """A running reader."""
        reader = TopicReader(self.settings, self.name, self.handle, [self.topic(word) for word in words])
        async with reader:
            yield reader

    def read(self, word: str = "a", partition: int = 0) -> list[int]:
        """The numbers handled of a partition, in order."""
        return [
            int(value)
            for batch in self.batches
            for topic, number, value in batch
            if (topic, number) == (self.topic(word), partition)
        ]

    async def reads(self, wanted: Iterable[int], word: str = "a", partition: int = 0) -> None:
        """Wait until every one of these was handled."""
        wanted = set(wanted)
        await until(lambda: set(self.read(word, partition)) >= wanted, what=lambda: self.read(word, partition))

    async def committed(self) -> list[int | None]:
        """What the group has committed of topic a."""
        return await committed(self.settings.kafka[0], f"house-{self.name}", self.topic(), PARTITIONS)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(kafka: EmbeddedKafka, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with quick retries and a topic a."""
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.05,))
    bench = Bench(kafka, request.node.name.removeprefix("test_")[:60])
    await bench.make("a")
    return bench


async def test_records_come_in_the_order_of_their_partition(bench: Bench) -> None:
    for partition in range(PARTITIONS):
        await bench.write(range(50), partition=partition)
    async with bench.reading("a"):
        for partition in range(PARTITIONS):
            await bench.reads(range(50), partition=partition)
    for partition in range(PARTITIONS):
        assert bench.read(partition=partition) == list(range(50))
    assert all(len({(topic, number) for topic, number, _ in batch}) == 1 for batch in bench.batches)


async def test_a_later_reader_goes_on_where_the_last_one_ended(bench: Bench) -> None:
    await bench.write(range(10))
    async with bench.reading("a"):
        await bench.reads(range(10))
        await until(lambda: len(bench.batches) > 0)
        async with asyncio.timeout(20):
            while (await bench.committed())[0] != 10:
                await asyncio.sleep(0.05)
    await bench.write(range(10, 20))
    async with bench.reading("a"):
        await bench.reads(range(20))
    assert bench.read() == list(range(20))


async def test_a_batch_whose_handler_fails_comes_again_and_nothing_overtakes_it(bench: Bench) -> None:
    bench.failures = [ConnectionError("the store is away")] * 5
    await bench.write(range(20))
    async with bench.reading("a") as reader:
        await until(lambda: bench.begun >= 3)
        assert "the store is away" in str(reader.problem)
        assert bench.batches == []
        await bench.reads(range(20))
        await until(lambda: reader.problem is None)
    assert bench.read() == list(range(20))


async def test_nothing_is_committed_before_it_is_handled(bench: Bench) -> None:
    bench.gate = asyncio.Event()
    await bench.write(range(5))
    async with bench.reading("a"):
        await until(lambda: bench.begun > 0)
        assert await bench.committed() == [None] * PARTITIONS
    assert await bench.committed() == [None] * PARTITIONS, "nor when it is stopped in the middle"
    bench.gate = None
    async with bench.reading("a"):
        await bench.reads(range(5))


async def test_a_reader_can_be_stopped_while_its_handler_fails(bench: Bench) -> None:
    bench.failures = [ConnectionError("the store is away")] * 10_000
    await bench.write(range(5))
    async with asyncio.timeout(40):
        async with bench.reading("a"):
            await until(lambda: bench.begun > 1)
    assert await bench.committed() == [None] * PARTITIONS


async def test_topics_come_and_go_while_it_runs(bench: Bench) -> None:
    async with bench.reading("a") as reader:
        await bench.write([1])
        await bench.reads([1])
        await bench.make("b")
        await bench.write([2], "b")
        reader.follow([bench.topic("a"), bench.topic("b")])
        await bench.reads([2], "b")
        reader.follow([bench.topic("b")])
        await until(lambda: reader.problem is None)
        await bench.write([3])
        await bench.write([4], "b")
        await bench.reads([4], "b")
        assert 3 not in bench.read()
        reader.follow([bench.topic("a"), bench.topic("b")])
        await bench.reads([1, 3])


async def test_without_topics_it_waits_for_some(bench: Bench) -> None:
    async with bench.reading() as reader:
        assert reader.problem is None
        await bench.write([1])
        reader.follow([bench.topic()])
        await bench.reads([1])


async def test_a_topic_that_is_not_there_yet_does_not_stop_the_others(bench: Bench) -> None:
    async with bench.reading("a", "later"):
        await bench.write([1])
        await bench.reads([1])
        await bench.make("later")
        await bench.write([2], "later")
        await bench.reads([2], "later")


async def test_two_readers_of_a_group_share_the_partitions(bench: Bench) -> None:
    async with bench.reading("a") as first, bench.reading("a") as second:
        await until(lambda: first.problem is None and second.problem is None)
        for partition in range(PARTITIONS):
            await bench.write(range(30), partition=partition)
        for partition in range(PARTITIONS):
            await bench.reads(range(30), partition=partition)
    for partition in range(PARTITIONS):
        once = list(dict.fromkeys(bench.read(partition=partition)))
        assert once == list(range(30)), "in order, whoever reads"


async def test_it_goes_on_after_kafka_hung(bench: Bench, kafka: EmbeddedKafka) -> None:
    async with bench.reading("a"):
        await bench.write([1])
        await bench.reads([1])
        kafka.pause()
        try:
            await asyncio.sleep(1.0)
        finally:
            kafka.resume()
        await bench.write([2])
        await bench.reads([2])


async def test_the_group_has_read_a_topic_when_every_partition_is_committed_to_its_end(bench: Bench) -> None:
    reader = TopicReader(bench.settings, bench.name, bench.handle)
    assert await reader.has_read(bench.topic())
    await bench.write(range(3), partition=1)
    assert not await reader.has_read(bench.topic())
    async with bench.reading("a"):
        await bench.reads(range(3), partition=1)
    assert await reader.has_read(bench.topic())
    await bench.write([3], partition=2)
    assert not await reader.has_read(bench.topic())
    assert await reader.has_read("never-made")
