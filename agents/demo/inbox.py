"""The demo agent's inbox: what the broker tells its agents becomes conversations, and is pushed to the pages.

In: batches of records of agents' in and error topics, each at least once. Out: documents in the store, pushes. A
user's records are handled in order, users beside each other. Raises only when the store is away, so that offsets are
held; a record nobody can read is put aside with the reason.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from agents.demo.reading import Place, Tick, Unreadable, read_record
from app.core.register import Agent
from app.stores.chat_documents import Arrival
from app.stores.conversations import Change, Conversations, StoreRefused
from app.stores.outgoing import OutgoingMessages
from app.stores.pushes import Push, joined_push, message_push

TOGETHER = 16
"""Users whose records are stored at the same time."""

log = logging.getLogger("broker.inbox")


class Inbox:
    """Stores what agents read; `find_agent` knows whose topic it is, `publish` tells the pages."""

    def __init__(
        self,
        conversations: Conversations,
        publish: Callable[[Push], None],
        find_agent: Callable[[str], Agent | None],
        *,
        phone_number_id: str,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._conversations = conversations
        self._outgoing = OutgoingMessages(conversations)
        self._publish = publish
        self._find_agent = find_agent
        self._phone_number_id = phone_number_id
        self._clock = clock
        self._new_id = new_id
        self.counts = {"stored": 0, "ticks": 0, "unreadable": 0}
        """What became of the records, for the metrics."""

    async def handle(self, batch: list[Any]) -> None:
        """Take one batch of Kafka records; raises StoreAway when it has to be read again."""
        users: dict[str, list[tuple[Arrival | Tick, bytes]]] = defaultdict(list)
        for record in batch:
            source = f"{record.topic}/{record.partition}/{record.offset}@{record.timestamp}"
            understood = self._read(record, source)
            if isinstance(understood, Unreadable):
                await self._put_aside(source, understood.reason, record.value or b"")
            else:
                users[f"{understood.agent}|{understood.user}"].append((understood, record.value))
        places = asyncio.Semaphore(TOGETHER)

        async def one_user(items: list[tuple[Arrival | Tick, bytes]]) -> None:
            async with places:
                for item, raw in items:
                    await self._take(item, raw)

        # Every user is brought to an end before the first error is raised: none is left half done in the background.
        results = await asyncio.gather(*(one_user(items) for items in users.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _read(self, record: Any, source: str) -> Arrival | Tick | Unreadable:
        agent = self._find_agent(record.topic)
        if agent is None:
            return Unreadable(f"the topic {record.topic} belongs to no agent of the register")
        place = Place(
            agent=agent.id,
            is_error=record.topic == agent.error_topic,
            source=source,
            at=record.timestamp / 1000 if record.timestamp and record.timestamp > 0 else self._clock(),
            phone_number_id=self._phone_number_id,
        )
        return read_record(record.value, place)

    async def _put_aside(self, source: str, reason: str, raw: bytes) -> None:
        await self._conversations.keep_unreadable(source, reason, raw, self._clock())
        self.counts["unreadable"] += 1
        log.warning("record %s was put aside: %s", source, reason)

    async def _take(self, item: Arrival | Tick, raw: bytes) -> None:
        try:
            change = await (self._tick(item) if isinstance(item, Tick) else self._arrive(item))
        except StoreRefused as error:
            source = item.source if isinstance(item, Arrival) else f"status of {item.ref}"
            await self._put_aside(source, str(error), raw)
            return
        self.counts["ticks" if isinstance(item, Tick) else "stored"] += 1
        if change is not None:
            self._publish(message_push(change.message, change.conversation))

    async def _tick(self, tick: Tick) -> Change | None:
        ref = tick.ref or (await self._outgoing.ref_of(tick.agent, tick.message_id) if tick.message_id else "")
        if not ref:
            return None
        return await self._outgoing.tick(tick.agent, ref, tick.tick, tick.message_id, self._clock())

    async def _arrive(self, arrival: Arrival) -> Change | None:
        if arrival.failure is not None and arrival.ref:
            return await self._outgoing.fail(arrival.agent, arrival.ref, arrival.failure, arrival.source, self._clock())
        for former in arrival.joined:
            if await self._conversations.join(arrival, former):
                self._publish(joined_push(arrival.agent, former, arrival.user))
        return await self._conversations.receive(arrival, self._new_id(), self._clock())
