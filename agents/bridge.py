"""The bridge: from any program's `<agent>-out` records to the keyed topic `replies`.

In: records of every agent's out topic, without a key, from any client. Out: valid ones keyed by user, the others as an
error record to the agent that wrote them. Its own consumer group: agents come and go without moving the router.
"""

import logging
from collections import Counter
from typing import Any

import orjson

from app import wire
from app.core import records
from app.core.agent_record import BadRecord, read_agent_record
from app.core.effects import effect_id
from app.core.events import AgentReplied
from app.core.identity import User
from app.core.register import Agent
from app.producing import Producer, Record
from app.quarantine import KEPT_MAX, REPLAY
from app.register_feed import RegisterFeed
from app.topics import Topics

VALUE_MAX = KEPT_MAX
"""Bytes of an agent's record: with its copy in base64 it must fit into one of ours, or it would block every agent."""

log = logging.getLogger("broker.bridge")


class Bridge:
    """Validates agents' records and keys them by user."""

    def __init__(self, topics: Topics, feed: RegisterFeed, producer: Producer, default_number: str) -> None:
        self._topics = topics
        self._feed = feed
        self._producer = producer
        self._default_number = default_number
        self.counts: Counter[str] = Counter()

    async def handle(self, batch: list[Any]) -> None:
        """Carry a batch over; raises ProduceError when Kafka does not take it."""
        await self._producer.produce_all([self._carry(record) for record in batch])

    def _carry(self, record: Any) -> Record:
        # The time-stamp too: a topic that is deleted and made again counts its offsets from the beginning.
        source = f"{record.topic}/{record.partition}/{record.offset}@{record.timestamp}"
        value, at = record.value or b"", record.timestamp / 1000
        agent = self._feed.register.writer_of(record.topic)
        if agent is None:
            reason = "no agent of the register writes to this topic any more"
            self.counts["quarantined"] += 1
            kept = value[:VALUE_MAX]
            return Record(self._topics.quarantine, wire.write_quarantine(reason, source, kept, at), record.key)
        try:
            # A replay may be repeated: what it brings is the same each time.
            replay = dict(record.headers or ()).get(REPLAY)
            return self._read(agent, f"{record.topic}/{REPLAY}/{replay.decode()}" if replay else source, value, at)
        except Exception as error:
            log.exception("record %s of agent %s could not be read", source, agent.name)
            reason = f"the record could not be read ({type(error).__name__})"
            return self._refuse(agent, BadRecord(reason=reason, code="invalid"), source, value, at)

    def _read(self, agent: Agent, source: str, value: bytes, at: float) -> Record:
        if len(value) > VALUE_MAX:
            reason = f"the record has {len(value)} bytes; {VALUE_MAX} are allowed"
            return self._refuse(agent, BadRecord(reason=reason, code="too_large"), source, b"", at)
        read = read_agent_record(value, self._default_number)
        if isinstance(read, BadRecord):
            return self._refuse(agent, read, source, value, at)
        if read.user:
            user = User(key=read.user, phone_number_id=read.phone_number_id)
        else:
            user = User.at(read.phone_number_id, read.wa_id, read.user_id)
        event = AgentReplied(
            id=source,
            user=user,
            at=at,
            agent=agent.id,
            message=read.message.model_dump(mode="json"),
            ref=read.ref,
            deadline=at + read.ttl if read.ttl is not None else None,
            raw=value,
            anywhere=read.anywhere,
        )
        self.counts["carried"] += 1
        return Record(self._topics.replies, wire.write_event(event), user.key.encode())

    def _refuse(self, agent: Agent, bad: BadRecord, source: str, value: bytes, at: float) -> Record:
        # Not the reason: it quotes what the agent wrote, and logs show nobody's words.
        log.info("record %s of agent %s is refused: %s", source, agent.name, bad.code)
        self.counts["refused"] += 1
        told = records.error_record(None, bad.reason, bad.code, value, at=at, ref=bad.ref, address=bad.address)
        return Record(agent.error_topic, orjson.dumps({**told, "id": effect_id(source, 0)}))
