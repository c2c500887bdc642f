"""The register reaches Kafka in the order of its versions, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from agents import register_publisher
from agents.register_publisher import RegisterPublisher
from app.core.register import Agent, Register
from app.producing import ProduceError
from app.settings import Settings
from app.stores.register import RegisterAway

SALES = Agent(id=1, name="Sales", read_topic="s-in", write_topic="s-out", error_topic="s-error")
HELP = Agent(id=2, name="Help", read_topic="h-in", write_topic="h-out", error_topic="h-error")


class House:
    """PostgreSQL, Kafka and the feed, in memory."""

    def __init__(self, settings: Settings) -> None:
        self.postgres = Register.of([SALES], version=3)
        self.kafka: list[Register] = []
        self.register = Register()
        self.trouble: Exception | None = None
        self.produce_trouble: Exception | None = None
        self.acknowledge = asyncio.Event()
        self.acknowledge.set()
        self.waiting = asyncio.Event()
        self.lock = asyncio.Lock()
        self.snapshots = 0
        self.publisher = RegisterPublisher(settings, self, self, self, self.read)

    async def snapshot(self) -> Register:
        self.snapshots += 1
        if self.trouble:
            raise self.trouble
        return self.postgres

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        async with self.lock:
            yield

    async def produce(self, topic: str, value: bytes, key: bytes | None = None) -> None:
        assert (topic, key) == ("agents", b"register")
        if self.produce_trouble:
            raise self.produce_trouble
        self.waiting.set()
        await self.acknowledge.wait()
        self.kafka.append(Register.from_dict(orjson.loads(value)))

    async def read(self) -> Register:
        return self.kafka[-1] if self.kafka else Register()

    async def until(self, published: int) -> None:
        """Wait until Kafka has so many records."""
        async with asyncio.timeout(5):
            while len(self.kafka) < published:
                await asyncio.sleep(0.01)


@pytest.fixture
def house() -> House:
    return House(Settings(register_poll_seconds=0.01))


async def test_a_newer_register_is_published_whole(house: House) -> None:
    house.postgres = Register.of([SALES, HELP], version=4)
    assert await house.publisher.publish_once()
    assert house.kafka == [house.postgres]


async def test_what_the_feed_has_is_not_published_again(house: House) -> None:
    house.register = house.postgres
    assert not await house.publisher.publish_once()
    assert house.kafka == []
    assert await house.publisher.check() is None


async def test_a_feed_that_has_not_read_yet_does_not_mislead(house: House) -> None:
    """A worker that just started knows nothing; Kafka may have more than this PostgreSQL all the same."""
    house.kafka = [Register.of([SALES, HELP], version=50)]
    assert not await house.publisher.publish_once()
    assert [register.version for register in house.kafka] == [50]
    assert "set register_version.version there to 51" in str(await house.publisher.check())


@pytest.mark.parametrize("version", [3, 9])
async def test_another_database_never_replaces_what_kafka_has(house: House, version: int) -> None:
    house.register = Register.of([HELP], version=version)
    assert not await house.publisher.publish_once()
    assert house.kafka == []
    assert f"version {version}" in str(await house.publisher.check())


async def test_of_two_workers_the_older_snapshot_is_never_written_last(house: House) -> None:
    other = House(Settings())
    other.kafka, other.lock = house.kafka, house.lock
    house.acknowledge.clear()
    first = asyncio.create_task(house.publisher.publish_once())
    await house.waiting.wait()
    other.postgres = Register.of([SALES, HELP], version=4)
    second = asyncio.create_task(other.publisher.publish_once())
    await asyncio.sleep(0)
    assert not second.done()
    house.acknowledge.set()
    assert await first and await second
    assert [register.version for register in house.kafka] == [3, 4]


async def test_kafka_that_does_not_acknowledge_is_called_trouble_and_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_publisher, "PATIENCE_SECONDS", 0.01)
    house.acknowledge.clear()
    publishing = asyncio.create_task(house.publisher.publish_once())
    async with asyncio.timeout(5):
        while await house.publisher.check() is None:
            await asyncio.sleep(0.005)
    assert house.lock.locked() and not publishing.done()
    house.acknowledge.set()
    assert await publishing
    assert await house.publisher.check() is None


async def test_the_service_goes_on_through_every_absence(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.trouble = RegisterAway("PostgreSQL did not answer within 5 s")
    async with house.publisher:
        async with asyncio.timeout(5):
            while house.snapshots < 5:
                await asyncio.sleep(0.01)
        assert "PostgreSQL did not answer" in str(await house.publisher.check())
        assert caplog.text.count("PostgreSQL did not answer") == 1
        house.trouble, house.produce_trouble = None, ProduceError("Kafka did not acknowledge")
        async with asyncio.timeout(5):
            while "topic agents" not in str(await house.publisher.check()):
                await asyncio.sleep(0.01)
        house.produce_trouble = RuntimeError("a fault")
        async with asyncio.timeout(5):
            while "the log says why" not in str(await house.publisher.check()):
                await asyncio.sleep(0.01)
        house.produce_trouble = None
        await house.until(published=1)
    assert house.kafka[0] == house.postgres


async def test_notify_does_not_wait_for_the_interval() -> None:
    house = House(Settings(register_poll_seconds=3600))
    async with house.publisher:
        await house.until(published=1)
        house.register = house.postgres
        house.postgres = Register.of([SALES, HELP], version=4)
        house.publisher.notify()
        await house.until(published=2)
    assert house.kafka[1].version == 4
