"""The quarantine: what could not be understood or handled, with the reason; to look at, replay or discard.

In: the topic `quarantine`, and the compacted topic of marks beside it. Out: entries; a replay puts the bytes back where
they came from, and may be repeated: ids stay the same, so what was handled already has no second effect.
"""

import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from app.incoming import record_of
from app.log_copy import read_all
from app.producing import Record
from app.register_copy import read_register
from app.settings import Settings
from app.topics import RECORD_MAX, Topics
from app.whatsapp.envelope import split

REPLAY = "replay"
"""Header of a replayed record that was read before: it makes the event a new one, the same at each replay."""

SENDER_FAILED = "the sender failed"
"""How the reason of a record begins on which the sender itself failed."""

KEPT_MAX = RECORD_MAX // 4
"""Bytes the bridge takes of an agent's record: of a longer one no more is kept."""


class ReplayRefused(Exception):
    """An entry that cannot be put back; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the quarantine."""

    id: str
    """Partition and offset, as in `3/17`."""
    at: float
    reason: str
    source: str
    key: bytes | None
    value: bytes = field(repr=False)
    mark: str | None = None
    """`replayed` or `discarded`; None while nobody has looked after it."""


class Quarantine:
    """Reads and empties the quarantine."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._topics = Topics(settings)
        self._clock = clock

    async def entries(self, *, marked: bool = False) -> list[Entry]:
        """All entries nobody has looked after yet, oldest first; `marked` adds the others."""
        found: list[Any] = []
        marks: dict[str, str] = {}
        await read_all(self._settings, [self._topics.quarantine], found.extend)
        await read_all(self._settings, [self._topics.quarantine_marks], lambda records: _note(marks, records))
        entries = [_entry(record, marks) for record in found]
        return sorted((entry for entry in entries if marked or entry.mark is None), key=lambda entry: entry.at)

    async def replay(self, entries: list[Entry]) -> None:
        """Put entries back where they came from, and mark each; raises ReplayRefused before anything is written."""
        records = [[*self.records_of(entry), self._mark(entry, "replayed")] for entry in entries]
        await self._need_readers(entries)
        await self._write(record for several in records for record in several)

    async def discard(self, entries: list[Entry]) -> None:
        """Mark entries as looked after; the records themselves stay until Kafka's retention removes them."""
        await self._write(self._mark(entry, "discarded") for entry in entries)

    def records_of(self, entry: Entry) -> list[Record]:
        """What a replay writes; raises ReplayRefused when it would only come back, or would have no effect."""
        if entry.source == "webhook":
            return self._items(entry, entry.value, {})
        if entry.source == "router":
            raw = orjson.loads(entry.value).get("raw_payload", "")
            return self._items(entry, b64decode(raw), {REPLAY: entry.id.encode()})
        topic = _topic_of(entry)
        if topic == self._topics.outbox and entry.reason.startswith(SENDER_FAILED):
            # Under its id the message has an end: the sender would take it for a repeat.
            raise ReplayRefused(f"entry {entry.id} was reported to its agent, who has to send it again")
        if self._topics.is_own(topic):
            return [Record(topic, entry.value, entry.key)]
        if len(entry.value) >= KEPT_MAX:
            raise ReplayRefused(f"entry {entry.id} was too long to be kept whole: its agent has to write it again")
        return [Record(topic, entry.value, entry.key, {REPLAY: entry.id.encode()})]

    async def _need_readers(self, entries: list[Entry]) -> None:
        """Raise ReplayRefused when an entry would go to a topic nobody reads any more."""
        named = {entry.id: _topic_of(entry) for entry in entries if entry.source not in ("webhook", "router")}
        agents = {name: topic for name, topic in named.items() if not self._topics.is_own(topic)}
        read = (await read_register(self._settings, self._topics)).written_topics if agents else frozenset()
        for name, topic in agents.items():
            if topic not in read:
                raise ReplayRefused(f"entry {name} came from {topic}, and no agent of the register writes to it now")

    def _items(self, entry: Entry, body: bytes, headers: dict[str, bytes]) -> list[Record]:
        items = split(body)
        wrong = [item.reason for item in items if item.reason]
        if wrong or not items:
            reason = wrong[0] if wrong else "it holds no webhook"
            raise ReplayRefused(f"entry {entry.id} would only come back: {reason}")
        return [record_of(item, self._topics, self._clock(), headers) for item in items]

    def _mark(self, entry: Entry, mark: str) -> Record:
        value = orjson.dumps({"mark": mark, "at": self._clock()})
        return Record(self._topics.quarantine_marks, value, entry.id.encode())

    async def _write(self, records: Iterable[Record]) -> None:
        servers = list(self._settings.kafka)
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=RECORD_MAX)
        await producer.start()
        try:
            for record in records:
                headers = list((record.headers or {}).items())
                await producer.send_and_wait(record.topic, record.value, record.key, headers=headers)
        finally:
            await producer.stop()


def _topic_of(entry: Entry) -> str:
    topic, *place = entry.source.rsplit("/", 2)
    if len(place) != 2 or not topic:
        raise ReplayRefused(f"entry {entry.id} came from {entry.source!r}, which is no topic of ours")
    return topic


def _note(marks: dict[str, str], records: list[Any]) -> None:
    for record in records:
        marks[record.key.decode()] = orjson.loads(record.value)["mark"]


def _entry(record: Any, marks: dict[str, str]) -> Entry:
    data = orjson.loads(record.value)
    name = f"{record.partition}/{record.offset}"
    return Entry(
        id=name,
        at=data["at"],
        reason=data["reason"],
        source=data["source"],
        key=record.key,
        value=b64decode(data["value"]),
        mark=marks.get(name),
    )
