"""Follows the changelogs of sessions and windows into Redis, so that others can look them up.

In: batches of records, from a consumer group of its own. Out: images in the mirror. While Redis is away the batch fails
and is read again. Must never be asked by routing, and never write a word of a user.
"""

from collections import Counter
from typing import Any

from aiokafka import ConsumerRecord

from app.mirroring import Imager
from app.settings import Settings
from app.stores.mirror import MirrorStore
from app.topics import Topics


class Mirror:
    """The handler of a TopicReader."""

    def __init__(self, settings: Settings, topics: Topics, store: MirrorStore) -> None:
        self._imager = Imager(settings, topics)
        self._store = store
        self.counts: Counter[str] = Counter()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to follow."""
        return self._imager.topics

    async def handle(self, records: list[ConsumerRecord[Any, Any]]) -> None:
        """Mirror a batch; raises MirrorAway, and then the same batch must come again."""
        images = self._imager.newest(records)
        written = await self._store.write(images)
        self.counts["written"] += written
        self.counts["passed_over"] += len(images) - written

    async def check(self) -> str | None:
        """What keeps the mirror from following, None when nothing does."""
        return await self._store.check()
