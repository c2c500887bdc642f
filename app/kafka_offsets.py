"""Asks Kafka for offsets: where topics begin and end, where they were at a time, what consumer groups have committed.

In: names of topics. Out: plain numbers. It joins no group, reads no record and makes no topic. Raises KafkaError or
OSError while Kafka is away: then close it and make another one.
"""

from collections.abc import Iterable, Iterator, Mapping

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.core.numbers import Group, Offsets
from app.kafka_client import ANSWER_SECONDS, impatient
from app.settings import Settings

Partitions = Mapping[str, int]
"""Topic → how many partitions it has."""
CHUNK = 200
"""Partitions of one question: reading a longer answer would hold up everything else on the loop."""


class KafkaOffsets:
    """Two clients that only ask."""

    def __init__(self, settings: Settings) -> None:
        servers, wait = list(settings.kafka), int(ANSWER_SECONDS * 1000)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers, enable_auto_commit=False, request_timeout_ms=wait, metadata_max_age_ms=60_000
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=wait)
        impatient(self._consumer._client, embedded=settings.embedded_kafka)

    async def open(self) -> None:
        """Connect."""
        await self._consumer.start()
        await self._admin.start()

    async def close(self) -> None:
        """Disconnect."""
        try:
            await self._admin.close()
        finally:
            await self._consumer.stop()

    async def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions those topics have that exist."""
        # All topics: asking for one by name makes some brokers create it.
        wanted = set(topics)
        found = await self._admin.describe_topics()
        counted = {topic["topic"]: len(topic["partitions"]) for topic in found if not topic["error_code"]}
        return {topic: count for topic, count in counted.items() if topic in wanted and count}

    async def ends(self, topics: Partitions) -> dict[str, Offsets]:
        """One above the last record of each partition."""
        found: dict[TopicPartition, int] = {}
        for some in _chunks(topics):
            found |= await self._consumer.end_offsets(some)
        return _by_topic(topics, found)

    async def begins(self, topics: Partitions) -> dict[str, Offsets]:
        """The first record each partition still has."""
        found: dict[TopicPartition, int] = {}
        for some in _chunks(topics):
            found |= await self._consumer.beginning_offsets(some)
        return _by_topic(topics, found)

    async def at(self, topics: Partitions, at: float, ends: Mapping[str, Offsets]) -> dict[str, Offsets]:
        """Where each partition ended at a time (seconds UTC), by the time-stamps of its records."""
        found: dict[TopicPartition, int] = {}
        for some in _chunks(topics):
            for place, after in (await self._consumer.offsets_for_times(dict.fromkeys(some, int(at * 1000)))).items():
                is_there = after is not None and after.timestamp >= 0
                found[place] = after.offset if is_there else ends[place.topic][place.partition]
        return _by_topic(topics, found)

    async def groups(self) -> set[str]:
        """Every consumer group Kafka knows."""
        return {name for name, *_ in await self._admin.list_consumer_groups()}

    async def committed(self, group: str, topics: Partitions) -> dict[str, Group]:
        """What a group has committed of those topics of which it has committed anything."""
        if not topics:
            return {}
        node = await self._admin.find_coordinator(group)
        found: dict[TopicPartition, OffsetAndMetadata] = {}
        for some in _chunks(topics):
            found |= await self._admin.list_consumer_group_offsets(group, node, some)
        offsets = {
            topic: tuple(_or_none(found, TopicPartition(topic, number)) for number in range(count))
            for topic, count in topics.items()
        }
        committed = {topic: of for topic, of in offsets.items() if any(at is not None for at in of)}
        members = await self._members(group, node) if committed else 0
        return {topic: Group(group, of, members) for topic, of in committed.items()}

    async def _members(self, group: str, node: int) -> int | None:
        # One group at a time: aiokafka 0.14 misreads an answer about several from newer brokers.
        (answer,) = await self._admin.describe_consumer_groups([group], node)
        ((_, _, state, _, _, members, *_),) = answer.groups
        # A group of the newest protocol is described to clients of the older one as one that is not there.
        return None if state == "Dead" else len(members)


def _chunks(topics: Partitions) -> Iterator[list[TopicPartition]]:
    each = [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]
    for first in range(0, len(each), CHUNK):
        yield each[first : first + CHUNK]


def _by_topic(topics: Partitions, found: Mapping[TopicPartition, int]) -> dict[str, Offsets]:
    """Topics of which every partition is known: a part would look like records that came or went."""
    asked = {topic: [TopicPartition(topic, number) for number in range(count)] for topic, count in topics.items()}
    return {
        topic: tuple(found[partition] for partition in partitions)
        for topic, partitions in asked.items()
        if all(partition in found for partition in partitions)
    }


def _or_none(found: Mapping[TopicPartition, OffsetAndMetadata], partition: TopicPartition) -> int | None:
    committed = found.get(partition)
    return committed.offset if committed is not None and committed.offset >= 0 else None
