"""What the tests on the embedded Kafka share: a broker, a way to wait, a way to write and to look at offsets."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port


@asynccontextmanager
async def running_kafka() -> AsyncIterator[EmbeddedKafka]:
    """An embedded Kafka on a free port."""
    with tempfile.TemporaryDirectory(prefix="kafka-", ignore_cleanup_errors=True) as name:
        async with EmbeddedKafka(free_port(), Path(name)) as kafka:
            yield kafka


async def until(condition: Callable[[], object], seconds: float = 30, what: Callable[[], object] = str) -> None:
    """Wait until a condition holds; fails with what there was instead."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:.0f} s; there was {what()}") from None


async def write(
    bootstrap: str, topic: str, values: Iterable[bytes | None], key: bytes | None = None, partition: int | None = None
) -> None:
    """Write values to a topic, in order."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, key=key, partition=partition)
    finally:
        await producer.stop()


async def committed(bootstrap: str, group: str, topic: str, partitions: int) -> list[int | None]:
    """What a group has committed of each partition of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        mine = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(mine)
        return [await consumer.committed(partition) for partition in mine]
    finally:
        await consumer.stop()
