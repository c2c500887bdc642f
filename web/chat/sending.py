"""What operators write: stored, then handed to the agent's write topic, then watched until Kafka has it.

In: an agent, a user, a ref (the page's own id of the message), content. Out: the stored message at once, and pushes
as it goes on. A ref is sent once, however often it is asked for. A user's messages leave in the order they were
written.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from app.core.acts import Act
from app.core.agent_record import REF_MAX
from app.core.messages import List as ListMessage
from app.core.messages import Text as TextMessage
from app.core.register import Agent
from app.producing import ProduceError
from app.stores.chat_documents import Document, Failure
from app.stores.conversations import Change, Conversations, StoreAway
from app.stores.outgoing import OutgoingMessages
from app.stores.pushes import Push, message_push
from web.chat.attached import FileMessage, file_of
from web.chat.refused import Refused

SLOW_SECONDS = 5.0
"""After this long without Kafka's answer the bubble says so."""

LOST_SECONDS = 60.0
"""A message nobody is sending any more, from a worker that died, may be tried again after this long."""

STORE_TRIES = (0.2, 0.5, 1.0, 2.0, 5.0)

Content = TextMessage | ListMessage | FileMessage

log = logging.getLogger("broker.chat")


class Produces(Protocol):
    """The part of the producer that is needed here."""

    async def produce(
        self, topic: str, value: bytes, key: bytes | None = None, headers: dict[str, bytes] | None = None
    ) -> None:
        """Write one record."""


class Sending:
    """Sends operators' messages of one worker."""

    def __init__(
        self,
        conversations: Conversations,
        producer: Produces,
        publish: Callable[[Push], None],
        *,
        window_margin: float,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        self._conversations = conversations
        self._outgoing = OutgoingMessages(conversations)
        self._producer = producer
        self._publish = publish
        self._margin = window_margin
        self._clock = clock
        self._new_id = new_id
        self._slow_seconds = slow_seconds
        self._last: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._under_way: set[tuple[int, str]] = set()

    async def send(self, agent: Agent, user: str, ref: str, content: Content) -> Change:
        """Store and send a message; a known ref changes nothing. Raises Refused or StoreAway."""
        if not ref or len(ref) > REF_MAX:
            raise Refused("invalid", f"the ref of a message has 1 to {REF_MAX} characters")
        known = await self._outgoing.find(agent.id, ref)
        if known is not None:
            return await self._conversations.change(known, fresh=False)
        user = self._check(await self._conversations.conversation(agent.id, user))["user"]
        data = content.model_dump(mode="json")
        change = await self._outgoing.add(agent.id, user, ref, data, self._new_id(), self._clock())
        if change is None:
            raise Refused("unknown", "there is no such conversation")
        self._publish(message_push(change.message, change.conversation))
        if change.fresh:
            self._start(agent, change.conversation, ref, data)
        return change

    async def retry(self, agent: Agent, user: str, ref: str) -> Change:
        """Send a failed message again; raises Refused or StoreAway."""
        conversation = self._check(await self._conversations.conversation(agent.id, user))
        now = self._clock()
        busy = (agent.id, ref) in self._under_way
        message = None if busy else await self._outgoing.claim(agent.id, ref, now, now - LOST_SECONDS)
        if message is None:
            raise Refused("under_way", "this message is on its way already")
        change = await self._conversations.change(message)
        self._publish(message_push(change.message, change.conversation))
        data = {"kind": message["type"], "text": message["body"], **message["detail"]}
        self._start(agent, conversation, ref, data)
        return change

    async def act(self, agent: Agent, user: str, act: Act) -> None:
        """Close a conversation or hand it over, behind what was written before; what comes of it, a record tells.

        Raises Refused when it cannot be done, or Kafka does not take it, or StoreAway.
        """
        conversation = await self._conversations.conversation(agent.id, user)
        if conversation is None:
            raise Refused("unknown", "there is no such conversation")
        if conversation["state"] == "closed":
            raise Refused("closed", "the conversation has ended already")
        if before := self._last.get((agent.id, conversation["user"])):
            await asyncio.wait([before])
        try:
            await self._producer.produce(
                agent.write_topic, orjson.dumps(act_record(conversation, act)), key=conversation["user"].encode()
            )
        except ProduceError as error:
            log.warning("an act of agent %s did not reach Kafka: %s", agent.name, error)
            raise Refused("produce_failed", "Kafka did not take it: try again") from error

    async def finished(self) -> None:
        """Wait until everything begun has come to an end."""
        while self._last:
            await asyncio.wait(list(self._last.values()))

    def _check(self, conversation: Document | None) -> Document:
        if conversation is None:
            raise Refused("unknown", "there is no such conversation")
        if conversation["state"] == "closed":
            raise Refused("closed", "the conversation has ended: the user has to choose this agent again")
        if self._clock() >= conversation["window_ends"] - self._margin:
            raise Refused("window_closed", "the 24 hour window is closed: wait until the user writes again")
        return conversation

    def _start(self, agent: Agent, conversation: Document, ref: str, data: Mapping[str, Any]) -> None:
        lane = (agent.id, conversation["user"])
        self._under_way.add((agent.id, ref))
        task = asyncio.create_task(self._run(agent, conversation, ref, data, self._last.get(lane)))
        self._last[lane] = task
        task.add_done_callback(lambda done: self._last.pop(lane) if self._last.get(lane) is done else None)

    async def _run(
        self,
        agent: Agent,
        conversation: Document,
        ref: str,
        data: Mapping[str, Any],
        before: asyncio.Task[None] | None,
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._produce(agent, conversation, ref, data)
        finally:
            self._under_way.discard((agent.id, ref))

    async def _produce(self, agent: Agent, conversation: Document, ref: str, data: Mapping[str, Any]) -> None:
        value = orjson.dumps(out_record(conversation, ref, data))
        writing = asyncio.ensure_future(
            self._producer.produce(agent.write_topic, value, key=conversation["user"].encode())
        )
        await asyncio.wait([writing], timeout=self._slow_seconds)
        if not writing.done():
            await self._mark(agent.id, ref, Failure("waiting for Kafka", "kafka_slow", "waiting"))
        try:
            await writing
        except ProduceError as error:
            log.warning("a message of agent %s did not reach Kafka: %s", agent.name, error)
            await self._mark(agent.id, ref, Failure("Not sent: Kafka did not take it", "produce_failed"))
        except Exception:
            log.exception("a message of agent %s could not be produced", agent.name)
            await self._mark(agent.id, ref, Failure("Not sent: the chat made a mistake", "internal"))
        else:
            await self._mark(agent.id, ref, None)

    async def _mark(self, agent: int, ref: str, failure: Failure | None) -> None:
        """Store how it went; a store that is away is asked again for a while."""
        for wait in (*STORE_TRIES, None):
            try:
                if failure is None:
                    change = await self._outgoing.tick(agent, ref, "queued", now=self._clock())
                else:
                    change = await self._outgoing.fail(agent, ref, failure, now=self._clock())
            except StoreAway as error:
                if wait is None:
                    log.error("how the message %s of agent %d went cannot be stored: %s", ref, agent, error)
                    return
                await asyncio.sleep(wait)
            else:
                if change is not None:
                    self._publish(message_push(change.message, change.conversation))
                return


def act_record(conversation: Mapping[str, Any], act: Act) -> Document:
    """The record of an agent's write topic for an act."""
    fields = act.model_dump(mode="json")
    record: Document = {"waID": conversation["waID"], "message_type": fields.pop("kind"), **fields}
    if conversation.get("phone_number_id"):
        record.update(phone_number_id=conversation["phone_number_id"], user=conversation["user"])
    return record


def out_record(conversation: Mapping[str, Any], ref: str, data: Mapping[str, Any]) -> Document:
    """The record of an agent's write topic for this content."""
    record: Document = {"waID": conversation["waID"], "message_type": data["kind"], "ref": ref}
    if conversation.get("phone_number_id"):
        record.update(phone_number_id=conversation["phone_number_id"], user=conversation["user"])
    if "media" in data:
        # The file's name need not be told: it goes out with the file.
        record[data["kind"]] = file_of(data["text"], data["media"])
        return record
    record["text"] = data["text"]
    if data["kind"] == "list":
        record.update(list_title=data["button"], list_body=data["section"], list_items=data["rows"])
    return record
