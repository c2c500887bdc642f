"""The register as a worker follows it: the newest one, and the last known one while Kafka is away."""

import asyncio
import re
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from app.core.register import Register
from app.embedded.kafka import EmbeddedKafka
from app.register_feed import KEY, RegisterFeed
from app.settings import Settings
from app.topics import Topics, TopicSpec, ensure_topics
from tests.stores.kafka_support import running_kafka, until, write
from tests.unit.histories import DESK, SALES, SERVICE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    """One Kafka for the module."""
    async with running_kafka() as kafka:
        yield kafka


class House:
    """An installation of its own, with a register to be written."""

    def __init__(self, kafka: EmbeddedKafka, name: str) -> None:
        self.settings = Settings(
            _env_file=None, kafka=[kafka.bootstrap], embedded_kafka=True, topic_prefix=f"{name}.", partitions=1
        )
        self.topics = Topics(self.settings)

    def feed(self) -> RegisterFeed:
        """A worker's feed."""
        return RegisterFeed(self.settings, self.topics)

    async def publish(self, *versions: int) -> None:
        """Write registers of these versions."""
        agents = [SERVICE, SALES, DESK]
        values = [orjson.dumps(Register.of(agents[: 1 + v % 3], v).to_dict()) for v in versions]
        await self.write(*values)

    async def write(self, *values: bytes | None, key: bytes = KEY) -> None:
        """Write values under a key."""
        await write(self.settings.kafka[0], self.topics.register, values, key)


@pytest_asyncio.fixture(loop_scope="module")
async def house(kafka: EmbeddedKafka, request: pytest.FixtureRequest) -> House:
    """A house named after its test."""
    name = re.sub(r"[^a-z_]", "", request.node.name)
    house = House(kafka, f"{name[:60]}{request.node.callspec.indices['value'] if '[' in request.node.name else ''}")
    await ensure_topics(house.settings, [TopicSpec(house.topics.register, 1)])
    return house


async def test_the_newest_register_is_loaded_and_followed(house: House) -> None:
    await house.publish(1, 2)
    seen: list[int] = []
    async with house.feed() as feed:
        feed.subscribe(lambda register: seen.append(register.version))
        async with asyncio.timeout(30):
            await feed.loaded()
        await until(lambda: feed.register.version == 2)
        await house.publish(3)
        await until(lambda: feed.register.version == 3)
        assert [agent.name for agent in feed.register.active] == ["Consumer Service"]
    assert seen == sorted(seen)
    assert seen[-1] == 3


async def test_before_the_first_register_nobody_can_be_routed(house: House) -> None:
    async with house.feed() as feed:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await feed.loaded()
        assert not feed.is_loaded
        assert feed.register == Register()
        await house.publish(1)
        await until(lambda: feed.is_loaded)


async def test_an_older_register_does_not_replace_a_newer_one(house: House) -> None:
    await house.publish(7)
    async with house.feed() as feed:
        await until(lambda: feed.register.version == 7)
        seen: list[int] = []
        feed.subscribe(lambda register: seen.append(register.version))
        await house.publish(5, 8)
        await until(lambda: feed.register.version == 8)
    assert seen == [7, 8]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"version":2}',
        b'{"version":"two","agents":[]}',
        b'{"version":null,"agents":[]}',
        b'{"version":2,"agents":[{}]}',
        b'{"version":2,"agents":["sales"]}',
        None,
    ],
)
async def test_a_record_that_is_no_register_is_passed_over(
    house: House, value: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    await house.publish(1)
    await house.write(value)
    await house.publish(3)
    async with house.feed() as feed:
        await until(lambda: feed.register.version == 3, what=lambda: (feed.register, feed.failing))
    assert ("is no register" in caplog.text) is (value is not None)


async def test_other_keys_are_passed_over(house: House) -> None:
    await house.write(orjson.dumps(Register(version=9).to_dict()), key=b"another")
    await house.publish(2)
    async with house.feed() as feed:
        await until(lambda: feed.is_loaded)
        assert feed.register.version == 2


async def test_the_last_known_register_stays_while_kafka_hangs(house: House, kafka: EmbeddedKafka) -> None:
    await house.publish(1)
    async with house.feed() as feed:
        await until(lambda: feed.is_loaded)
        kafka.pause()
        try:
            await asyncio.sleep(1.0)
            assert feed.register.version == 1
            assert feed.is_loaded
        finally:
            kafka.resume()
        await house.publish(2)
        await until(lambda: feed.register.version == 2, 60)
