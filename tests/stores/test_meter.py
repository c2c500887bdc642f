"""The meter on the embedded Kafka: what agents' topics hold, who reads them, and a Kafka that hangs."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from app import meter as meter_module
from app.core.register import Agent, Register
from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port
from app.meter import Meter
from app.settings import Settings
from app.topics import agent_topics, ensure_topics
from tests.stores.kafka_support import running_kafka, write
from tests.system.frozen import freeze

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Clock:
    """A clock the test turns; it shows the real time at first."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class House:
    """One installation with an agent, and the meter that watches it."""

    def __init__(self, kafka: EmbeddedKafka, name: str, now: float) -> None:
        self.kafka = kafka
        self.settings = Settings(
            _env_file=None, kafka=[kafka.bootstrap], embedded_kafka=True, app_id=name, partitions=2
        )
        self.agent = Agent(
            id=7, name=name, read_topic=f"{name}-in", write_topic=f"{name}-out", error_topic=f"{name}-error"
        )
        self.register = Register.of([self.agent], version=1)
        self.clock = Clock(now)
        self.meter = Meter(self.settings, lambda: self.register, clock=self.clock)

    async def open(self) -> None:
        await ensure_topics(self.settings, agent_topics(self.agent, self.settings))

    async def numbers(self, later: float = 60.0) -> dict[str, Any]:
        """The agent's numbers after one more sample."""
        self.clock.now += later
        await self.meter.measure()
        assert self.meter.problem is None
        (found,) = self.meter.numbers()["agents"]
        return dict(found)

    async def write(self, topic: str, count: int, partition: int = 0) -> None:
        await write(self.kafka.bootstrap, topic, [b"{}"] * count, partition=partition)

    async def read(self, group: str, topic: str, committed: dict[int, int]) -> AIOKafkaConsumer:
        """A member of a group, which has committed so much of a topic's partitions."""
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self.kafka.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            session_timeout_ms=6000,
        )
        await consumer.start()
        await consumer.commit({TopicPartition(topic, number): offset for number, offset in committed.items()})
        return consumer


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    """One Kafka for the module; each test has agents of its own."""
    async with running_kafka() as kafka:
        yield kafka


@pytest_asyncio.fixture(loop_scope="module")
async def house(kafka: EmbeddedKafka, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    house = House(kafka, request.node.name.removeprefix("test_")[:40], time.time())
    await house.open()
    yield house
    await house.meter.on_stop()


async def test_what_flows_is_measured(house: House) -> None:
    first = await house.numbers()
    assert (first["in_per_minute"], first["out_per_minute"], first["errors_last_hour"]) == (0.0, 0.0, 0)
    assert (first["readers"], first["unread"]) == ("none", None)
    await house.write(house.agent.read_topic, 6, partition=0)
    await house.write(house.agent.read_topic, 4, partition=1)
    await house.write(house.agent.write_topic, 5)
    await house.numbers(later=150.0)
    await house.write(house.agent.error_topic, 3, partition=1)
    found = await house.numbers(later=150.0)
    assert (found["in_per_minute"], found["out_per_minute"]) == (2.0, 1.0), "10 and 5 in five minutes"
    assert (found["errors_last_minute"], found["errors_last_hour"]) == (3, 3)
    assert found["not_carried"] is None, "the bridge has committed nothing yet"
    found = await house.numbers(later=120.0)
    assert (found["errors_last_minute"], found["errors_last_hour"]) == (0, 3)


async def test_the_past_of_a_topic_is_known_at_the_first_look(house: House) -> None:
    await house.write(house.agent.read_topic, 10)
    await house.write(house.agent.error_topic, 2)
    found = await house.numbers(later=120.0)
    assert (found["in_per_minute"], found["errors_last_hour"]) == (2.0, 2), "a restart forgets nothing"
    assert found["errors_last_minute"] == 0, "and takes nothing for newer than it is"


async def test_a_gap_and_a_clock_put_back_are_taken_for_no_quiet_time_and_no_rush(house: House) -> None:
    begun = house.clock.now
    await house.numbers()
    await house.write(house.agent.error_topic, 3)
    found = await house.numbers(later=900.0)
    assert (found["errors_last_minute"], found["errors_last_hour"]) == (0, 3), "they came fifteen minutes ago"
    house.clock.now = begun
    await house.write(house.agent.error_topic, 2)
    assert (await house.numbers(later=60.0))["errors_last_hour"] == 5, "measured on"


async def test_what_programs_have_not_read_is_counted_under_any_groups_name(house: House) -> None:
    topic = house.agent.read_topic
    await house.write(topic, 10, partition=0)
    await house.write(topic, 5, partition=1)
    readers = [
        await house.read("any-name", topic, {0: 8}),
        await house.read("another", topic, {0: 10, 1: 5}),
        await house.read("elsewhere", house.agent.error_topic, {0: 0}),
    ]
    found = await house.numbers()
    assert (found["readers"], found["unread"]) == ("reading", 7)
    assert [(one["group"], one["unread"]) for one in found["groups"]] == [("another", 0), ("any-name", 7)]
    await readers[0].commit({TopicPartition(topic, 0): 10, TopicPartition(topic, 1): 5})
    found = await house.numbers()
    assert (found["unread"], found["waiting_seconds"]) == (0, None)
    for reader in readers:
        await reader.stop()


async def test_what_the_bridge_has_not_carried_is_counted(house: House) -> None:
    await house.write(house.agent.write_topic, 4)
    bridge = await house.read(f"{house.settings.app_id}-bridge", house.agent.write_topic, {0: 3})
    assert (await house.numbers())["not_carried"] == 1
    await bridge.stop()


async def test_a_new_agent_is_measured_with_the_next_sample(house: House) -> None:
    await house.numbers()
    second = Agent(id=8, name="Second", read_topic="second-in", write_topic="second-out", error_topic="second-error")
    house.register = Register.of([house.agent, second], version=2)
    await house.meter.measure()
    by_id = {one["id"]: one for one in house.meter.numbers()["agents"]}
    assert by_id[8]["in_per_minute"] is None, "its topics are not there yet"
    assert house.meter._kafka is not None
    assert await house.meter._kafka.partitions(["second-in"]) == {}, "asking makes no topic"
    await ensure_topics(house.settings, agent_topics(second, house.settings))
    house.clock.now += 70.0
    await house.meter.measure()
    by_id = {one["id"]: one for one in house.meter.numbers()["agents"]}
    assert by_id[8]["in_per_minute"] == 0.0


async def test_a_kafka_that_hangs_leaves_the_last_numbers_and_says_so(
    house: House, kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.write(house.agent.read_topic, 10)
    before = await house.numbers()
    monkeypatch.setattr(meter_module, "LIMIT_SECONDS", 0.5)
    try:
        await freeze(kafka)
        house.clock.now += 10
        await house.meter.measure()
    finally:
        kafka.resume()
    after = house.meter.numbers()
    assert "Kafka" in after["problem"] and after["agents"] == [before]
    assert after["at"] == house.clock.now - 10
    monkeypatch.undo()
    assert (await house.numbers())["in_per_minute"] is not None, "measured again"


async def test_a_kafka_that_is_away_ends_nothing() -> None:
    settings = Settings(_env_file=None, kafka=[f"127.0.0.1:{free_port()}"], embedded_kafka=True)
    meter = Meter(settings, Register)
    await meter.measure()
    assert meter.numbers()["at"] is None and "Kafka" in (meter.problem or "")
    await meter.on_stop()
