"""How far a bot has read.

In: each record whose handler has returned. Out: commits, so that it does not come again: at most one a second, when the
bot ends, and before its partitions become another process's. It must never commit what was not handled.
"""

import asyncio
import logging
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

COMMIT_SECONDS = 1.0
"""Between two commits; what was finished since the last one may come again after a crash."""
LAST_COMMIT_SECONDS = 2.0
"""What a commit may take before partitions are given back: aiokafka itself would try for as long as Kafka is away."""

log = logging.getLogger("bot")


class Progress(ConsumerRebalanceListener):
    """The offsets that are read next, of partitions in which something was handled since the last commit."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.handling = asyncio.Lock()
        """Held while a record is handled: partitions are not given away in the middle of it."""
        self._consumer = consumer
        self._next: dict[TopicPartition, int] = {}
        self._committed_at = float("-inf")

    def handled(self, partition: TopicPartition, offset: int) -> None:
        """Remember that a record was handled."""
        self._next[partition] = offset + 1

    async def commit_if_due(self) -> None:
        """Commit, unless that was done a moment ago; raises KafkaError."""
        if asyncio.get_running_loop().time() - self._committed_at >= COMMIT_SECONDS:
            await self._commit()

    async def commit_last(self) -> None:
        """Commit before the consumer stops; what fails here is logged, for it must not hide why the bot ends."""
        async with self.handling:
            try:
                async with asyncio.timeout(LAST_COMMIT_SECONDS):
                    await self._commit()
            except (KafkaError, TimeoutError) as error:
                log.warning("not committed, what was handled before %s comes again: %r", self._next, error)
            self._next.clear()  # the partitions may be another's from here on

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Commit before another process reads on; the record in hand is waited for."""
        await self.commit_last()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing to do: aiokafka reads on from the last commit."""

    async def _commit(self) -> None:
        if self._next:
            await self._consumer.commit(self._next)
            self._next.clear()
            self._committed_at = asyncio.get_running_loop().time()
