"""Replays on a real Kafka: only what somebody reads is put back, and each entry is marked with its own records."""

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from app import wire
from app.core.register import Register
from app.embedded.kafka import EmbeddedKafka
from app.log_copy import read_all
from app.quarantine import REPLAY, Entry, Quarantine, ReplayRefused
from app.settings import Settings
from app.topics import Topics, TopicSpec, ensure_topics
from tests.stores.kafka_support import running_kafka
from tests.unit.histories import SALES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    async with running_kafka() as kafka:
        yield kafka


class House:
    """An installation with one entry in its quarantine, from an agent's topic."""

    def __init__(self, kafka: EmbeddedKafka) -> None:
        self.settings = Settings(_env_file=None, kafka=[kafka.bootstrap], embedded_kafka=True, partitions=1)
        self.topics = Topics(self.settings)
        self.quarantine = Quarantine(self.settings, clock=lambda: 5.0)
        self._producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")

    async def open(self) -> None:
        await ensure_topics(self.settings, [*self.topics.own(), TopicSpec(SALES.write_topic, 1)])
        await self._producer.start()
        value = wire.write_quarantine("nobody's", f"{SALES.write_topic}/0/3@1", b'{"waID": "1"}', 1.0)
        await self._producer.send_and_wait(self.topics.quarantine, value, b"k")

    async def close(self) -> None:
        await self._producer.stop()

    async def register(self, *, version: int, topic: str) -> None:
        register = Register.of([replace(SALES, write_topic=topic)], version=version)
        await self._producer.send_and_wait(self.topics.register, orjson.dumps(register.to_dict()), b"register")

    async def entry(self, mark: str | None) -> Entry:
        (entry,) = await self.quarantine.entries(marked=True)
        assert entry.mark == mark
        return entry

    async def written(self) -> list[dict[str, bytes]]:
        """The headers of what came to the agent's topic."""
        found: list[dict[str, bytes]] = []
        await read_all(
            self.settings, [SALES.write_topic], lambda records: found.extend(dict(one.headers) for one in records)
        )
        return found


async def test_what_nobody_reads_is_refused_until_somebody_does(kafka: EmbeddedKafka) -> None:
    house = House(kafka)
    await house.open()
    try:
        await house.register(version=1, topic="another-out")
        with pytest.raises(ReplayRefused, match=f"came from {SALES.write_topic}, and no agent of the register writes"):
            await house.quarantine.replay([await house.entry(mark=None)])
        await house.entry(mark=None)
        assert await house.written() == []

        await house.register(version=2, topic=SALES.write_topic)
        await house.quarantine.replay([await house.entry(mark=None)])
        entry = await house.entry(mark="replayed")
        await house.quarantine.discard([entry])
        await house.entry(mark="discarded")
        await house.quarantine.replay([entry])
        assert await house.written() == [{REPLAY: entry.id.encode()}] * 2
    finally:
        await house.close()
