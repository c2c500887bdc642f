"""The register's way from PostgreSQL through Kafka to a worker, on real servers."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from mode import Service
from pydantic import SecretStr

from agents.register_publisher import RegisterPublisher
from app.core.agent_rules import Draft
from app.core.register import Register
from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.register_copy import read_register
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.stores.register import RegisterStore
from app.topics import Topics, ensure_topics
from tests.system.frozen import freeze

SALES = Draft(name="Sales", read_topic="sales-in", write_topic="sales-out", error_topic="sales-error")
HELP = Draft(name="Help", read_topic="help-in", write_topic="help-out", error_topic="help-error")


class World:
    """PostgreSQL, Kafka, and workers to be started on them."""

    def __init__(self, settings: Settings, kafka: EmbeddedKafka, postgres: Postgres) -> None:
        self.settings = settings
        self.kafka = kafka
        self.postgres = postgres
        self.topics = Topics(settings)
        self.producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)

    async def produce(self, topic: str, value: bytes, key: bytes | None = None) -> None:
        await self.producer.send_and_wait(topic, value, key=key)

    def store(self) -> RegisterStore:
        return RegisterStore(self.settings.postgres_dsn)

    async def read(self) -> Register:
        return await read_register(self.settings, self.topics)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="published-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)
        postgres = Postgres(free_port(), directory / "postgres")
        async with EmbeddedKafka(free_port(), directory / "kafka") as kafka, postgres:
            settings = Settings(
                app_id="house",
                kafka=[kafka.bootstrap],
                embedded_kafka=True,
                postgres_dsn=SecretStr(postgres.dsn),
                register_poll_seconds=0.1,
            )
            world = World(settings, kafka, postgres)
            await ensure_topics(settings, Topics(settings).own())
            await world.producer.start()
            yield world
            await world.producer.stop()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_changes_reach_every_worker_once_and_in_order(world: World) -> None:
    stores = [world.store() for _ in range(3)]
    feeds = [RegisterFeed(world.settings, world.topics) for _ in stores]
    publishers = [
        RegisterPublisher(world.settings, store, feed, world) for store, feed in zip(stores, feeds, strict=True)
    ]
    seen: list[int] = []
    feeds[0].subscribe(lambda register: seen.append(register.version))
    services: list[Service] = [*feeds, *publishers]
    for service in services:
        await service.start()
    for number, draft in enumerate((SALES, HELP)):
        await stores[number].add(draft)
        publishers[number].notify()
        await until(lambda: all(len(feed.register.active) == number + 1 for feed in feeds))  # noqa: B023
    await stores[2].retire(1)
    await until(lambda: all([agent.name for agent in feed.register.active] == ["Help"] for feed in feeds))
    assert seen == sorted(set(seen))
    assert (await world.read()) == feeds[0].register
    for service in reversed(services):
        await service.stop()
    for store in stores:
        await store.close()


async def test_routing_keeps_its_agents_while_postgres_is_away(world: World) -> None:
    store = world.store()
    feed = RegisterFeed(world.settings, world.topics)
    publisher = RegisterPublisher(world.settings, store, feed, world)
    await store.add(SALES)
    async with feed, publisher:
        await until(lambda: len(feed.register.active) == 1)
        await world.postgres.kill()
        async with asyncio.timeout(10):
            while "routing goes on" not in str(await publisher.check()):
                await asyncio.sleep(0.02)
        assert len(feed.register.active) == 1
        await world.postgres.start()
        await store.add(HELP)
        await until(lambda: len(feed.register.active) == 2)
        assert await publisher.check() is None
    await store.close()


async def test_reading_kafkas_copy_takes_the_last_record_that_is_a_register(world: World) -> None:
    assert await world.read() == Register()
    for version in (3, 7, 5):
        register = Register.of([SALES.as_agent(version)], version=version)
        await world.produce("agents", orjson.dumps(register.to_dict()), b"register")
    await world.produce("agents", b"{no register", b"register")
    await world.produce("agents", b'{"version": 99}', b"register")
    await world.produce("agents", orjson.dumps(Register(version=98).to_dict()), b"another key")
    assert (await world.read()).version == 5


async def test_reading_kafkas_copy_ends_when_kafka_hangs(world: World) -> None:
    try:
        await freeze(world.kafka)
        with pytest.raises(TimeoutError):
            await read_register(world.settings, world.topics, within=1.0)
    finally:
        world.kafka.resume()
