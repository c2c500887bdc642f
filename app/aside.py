"""Puts a record of a keyed topic aside: into the quarantine, with the reason, where it came from and its bytes.

In: an event of a stream. Out: one record in the topic `quarantine`. What goes there is logged as an error, without
showing what it says.
"""

import logging
from typing import Any

from app import wire
from app.producing import Producer
from app.topics import Topics

log = logging.getLogger("broker.quarantine")


async def set_aside(producer: Producer, topics: Topics, event: Any, reason: str) -> None:
    """Write the record of an event to the quarantine; raises ProduceError when Kafka does not take it."""
    message = event.message
    source = f"{message.topic}/{message.partition}/{message.offset}"
    log.error("record %s goes to the quarantine: %s", source, reason)
    value = wire.write_quarantine(reason, source, message.value or b"", message.timestamp)
    await producer.produce(topics.quarantine, value, message.key)
