"""What Kafka has: whole topics from beginning to end, and how far consumer groups have come.

In: bootstrap servers. Out: records in each partition's order, offsets. It reads only.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.system.system import until

PARTITIONS = 4
KNOWN_SECONDS = 60.0


async def read_whole(bootstrap: str, topics: Iterable[str]) -> dict[str, list[Any]]:
    """Every record of some topics so far, each partition in its order."""
    found: dict[str, list[Any]] = {topic: [] for topic in topics}
    # Without `earliest` an assignment may begin at the end before the seek to the beginning counts.
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
        max_partition_fetch_bytes=8 << 20,
    )
    await consumer.start()
    try:
        partitions = await _partitions(consumer, found)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while True:
            batches = await consumer.getmany(timeout_ms=500)
            for partition, batch in batches.items():
                found[partition.topic].extend(batch)
            # The embedded broker's end is that of the last batch's first record: so read on until nothing comes.
            if not batches and all([await consumer.position(one) >= ends[one] for one in partitions]):
                return found
    finally:
        await consumer.stop()


async def ends_of(bootstrap: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """The end of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, topics)
        return {(one.topic, one.partition): end for one, end in (await consumer.end_offsets(partitions)).items()}
    finally:
        await consumer.stop()


async def lag_of(bootstrap: str, group: str, topics: Iterable[str]) -> int:
    """How many records of some topics a group has not committed yet."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, topics)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        committed = {one: await consumer.committed(one) or 0 for one in partitions}
        return sum(max(0, ends[one] - committed[one]) for one in partitions)
    finally:
        await consumer.stop()


async def in_step(bootstrap: str, copies: int) -> bool:
    """Whether every partition has so many copies with all records; False while a node cannot be asked."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        await admin.start()
        topics = await admin.describe_topics()
    except KafkaError:
        return False
    finally:
        await admin.close()
    partitions = [partition for topic in topics for partition in topic["partitions"]]
    return all(len(partition["isr"]) >= min(copies, len(partition["replicas"])) for partition in partitions)


async def until_known(consumer: AIOKafkaConsumer) -> None:
    """Wait until a started consumer knows the brokers: a Kafka that has just come back may name none at first."""

    async def known() -> bool:
        return bool(consumer._client.cluster.brokers()) or await consumer._client.force_metadata_update()

    await until(known, KNOWN_SECONDS, "Kafka naming its brokers")


async def _partitions(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    wanted = list(topics)
    await until_known(consumer)
    await consumer._client.force_metadata_update()
    await consumer._client.set_topics(wanted)
    found = []
    for topic in wanted:

        async def named(topic: str = topic) -> set[int]:
            numbers = consumer._client.cluster.partitions_for_topic(topic)
            if not numbers:
                await consumer._client.force_metadata_update()
            return set(numbers or ())

        numbers = await until(named, KNOWN_SECONDS, f"Kafka naming the partitions of {topic}")
        found += [TopicPartition(topic, number) for number in sorted(numbers)]
    return found
