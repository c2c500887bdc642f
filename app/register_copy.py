"""Reads once what Kafka has as the register, so that nobody writes an older one over it.

In: the compacted topic `agents`. Out: its last register, or an empty one of version 0. Unlike the feed, which follows
the topic for ever, it knows when it has reached the end. It never writes.
"""

import asyncio
from typing import Any

import orjson

from app.core.register import Register
from app.log_copy import read_all
from app.register_feed import KEY
from app.settings import Settings
from app.topics import Topics


async def read_register(settings: Settings, topics: Topics, within: float = 10.0) -> Register:
    """The last register in Kafka, within so many seconds; raises KafkaError or TimeoutError when Kafka is away."""
    last = Register()

    def take(records: list[Any]) -> None:
        nonlocal last
        for record in records:
            # The last one and not the highest: it is what compaction will leave.
            if record.key == KEY and record.value is not None:
                last = _register(record.value) or last

    async with asyncio.timeout(within):
        await read_all(settings, [topics.register], take)
    return last


def _register(value: bytes) -> Register | None:
    try:
        return Register.from_dict(orjson.loads(value))
    except (ValueError, KeyError, TypeError):
        # The feed, which reads the same topic, names such a record in the log.
        return None
