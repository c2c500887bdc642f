"""Reads topics once, from their beginning to where they end now.

In: names of topics. Out: every record, in batches, to a callback; then it returns. Without a group: it leaves no trace
in Kafka and disturbs nobody who follows the same topics.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.kafka_client import impatient
from app.settings import Settings
from app.topics import RECORD_MAX, TopicsError, count_partitions


async def read_all(
    settings: Settings, topics: Iterable[str], take: Callable[[list[Any]], None], *, silence: float = 30.0
) -> int:
    """Hand over every record there is now; returns how many.

    Raises TopicsError for a topic that is missing, KafkaError when Kafka is away, and TimeoutError when it says
    nothing for `silence` seconds before the end is reached.
    """
    partitions = await _partitions(settings, tuple(topics))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=list(settings.kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=RECORD_MAX,
        fetch_max_wait_ms=50 if settings.embedded_kafka else 500,
    )
    impatient(consumer._client, embedded=settings.embedded_kafka)
    try:
        await consumer.start()
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        return await _read_to_end(consumer, await consumer.end_offsets(partitions), take, silence)
    finally:
        await consumer.stop()


async def _partitions(settings: Settings, topics: tuple[str, ...]) -> list[TopicPartition]:
    counted = await count_partitions(settings, topics)
    missing = [topic for topic in topics if topic not in counted]
    if missing:
        raise TopicsError(f"there is no topic {missing[0]}: start the broker once, or check BROKER_APP_ID")
    return [TopicPartition(topic, number) for topic in topics for number in range(counted[topic])]


async def _read_to_end(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], take: Callable[[list[Any]], None], silence: float
) -> int:
    clock = asyncio.get_running_loop().time
    heard, count = clock(), 0
    while True:
        batches = await consumer.getmany(timeout_ms=200)
        for records in batches.values():
            count += len(records)
            take(records)
        # Not the records tell that the end is reached: compaction and transactions leave offsets without one.
        if all([await consumer.position(partition) >= end for partition, end in ends.items()]):
            return count
        if batches:
            heard = clock()
        elif clock() - heard > silence:
            raise TimeoutError(f"Kafka said nothing for {silence:.0f} s before the end of the topics was reached")
