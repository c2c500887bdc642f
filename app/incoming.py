"""Where an item of a webhook goes: to the router, to the topic `account`, or into the quarantine.

In: an item as `envelope.split` makes it, and when it came. Out: one record for Kafka. It writes nothing itself.
"""

from app import wire
from app.producing import Record
from app.topics import Topics
from app.whatsapp.envelope import Item


def record_of(item: Item, topics: Topics, at: float, headers: dict[str, bytes]) -> Record:
    """The record of an item that came `at` (seconds UTC)."""
    if item.reason is not None:
        value = wire.write_quarantine(item.reason, "webhook", item.value, at)
        return Record(topics.quarantine, value, item.key, headers)
    if item.kind == "account":
        return Record(topics.account, wire.write_account(item.value, at), item.key, headers)
    return Record(topics.webhook, item.value, item.key, headers)
