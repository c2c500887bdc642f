"""The sender: from `outbox` to Meta, per user in order, across users at once, and the result to `sent`.

In: messages to send, and Meta's statuses. Out: Graph requests, and one `send_finished` event per message. A request
that may have been written is never written again: a status with our mark settles it, else it is reported as in doubt.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from app import wire
from app.aside import set_aside
from app.core.effects import Send
from app.core.events import NotUnderstood, SendFinished, StatusCame
from app.core.messages import WITHOUT_WINDOW
from app.core.verdicts import Outcome, Verdict
from app.lanes import Lanes, is_current, let_go
from app.lease import NotOurs
from app.producing import Producer
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.graph import GraphClient
from app.whatsapp.inbound import read_item
from app.whatsapp.outbound import payload
from tables.sends import STARTED, WAITING, Sends

BACKOFF_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 8.0
SETTLED_AT_ONCE = 64

log = logging.getLogger("broker.sender")


class Sender:
    """Sends one message after another for a user."""

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        graph: GraphClient,
        producer: Producer,
        sends: Sends,
        *,
        leaving: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`leaving` tells that the worker stops or hands its partitions back: what is not on its way must wait."""
        self._settings = settings
        self._topics = topics
        self._graph = graph
        self._producer = producer
        self._sends = sends
        self._leaving = leaving
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._in_doubt: dict[str, asyncio.Event] = {}
        self.lanes: Lanes | None = None
        """What is in the works; None before the processor has started."""
        self.counts: Counter[str] = Counter()

    async def handle(self, event: Any) -> None:
        """Handle one record of `outbox`.

        Raises ProduceError when Kafka does not take the result, NotOurs when it is left to the next worker.
        """
        message = event.message
        send = wire.read_send(message.value or b"")
        if isinstance(send, NotUnderstood):
            await self.set_aside(event, send.reason)
            return
        stage = self._sends.stage(message.key, send.id)
        if stage not in (None, WAITING, STARTED):
            self.counts["repeated"] += 1
            if stage == "accepted":
                # The note comes before the report: a crash between them left it unsaid.
                await self._report(message, send, Verdict(outcome="accepted", code="repeated"))
            return
        verdict = await self._verdict(message.key, send, begun=stage == STARTED)
        if verdict.outcome == "accepted":
            # Nobody misses the report of a success; a crash after it must not turn the success into a doubt.
            await self._sends.note(message.key, send.id, verdict.outcome)
            await self._report(message, send, verdict)
        else:
            await self._report(message, send, verdict)
            await self._sends.note(message.key, send.id, verdict.outcome)

    async def settle(self, event: Any) -> None:
        """Take one record of `webhook`: a status with our mark says that Meta has the message.

        Raises ProduceError when Kafka does not take the note.
        """
        message = event.message
        happened = read_item(message.value or b"")
        if not isinstance(happened, StatusCame) or happened.mark is None:
            return
        effect = happened.mark.effect
        if self._sends.stage(message.key, effect) == STARTED:
            await self._sends.note(message.key, effect, "accepted")
            self.counts["settled"] += 1
        waiting = self._in_doubt.get(effect)
        if waiting is not None:
            waiting.set()

    async def set_aside(self, event: Any, reason: str) -> None:
        """Put a record into the quarantine; raises ProduceError when Kafka does not take it."""
        await set_aside(self._producer, self._topics, event, reason)
        self.counts["quarantined"] += 1

    async def poisoned(self, event: Any, error: Exception) -> None:
        """Put aside a record on which the sender itself failed."""
        log.error("the sender failed on a record", exc_info=error)
        await self.set_aside(event, f"the sender failed: {error!r}")
        send = wire.read_send(event.message.value or b"")
        if event.message.topic == self._topics.outbox and not isinstance(send, NotUnderstood):
            reason = "the broker itself failed on this message; it is in the quarantine"
            begun = self._sends.stage(event.message.key, send.id) == STARTED
            outcome: Outcome = "in_doubt" if begun else "refused"
            await self._report(event.message, send, Verdict(outcome=outcome, code="internal", reason=reason))

    async def _verdict(self, key: bytes, send: Send, *, begun: bool) -> Verdict:
        if begun:
            reason = "the sender stopped while the message was on its way, and no status came: it may or may not arrive"
            return await self._settled(key, send, Verdict(outcome="in_doubt", code="interrupted", reason=reason))
        late = self._too_late(send)
        if late is not None:
            return late
        try:
            body = payload(send)
        except ValueError as error:
            return Verdict(outcome="refused", code="invalid", reason=str(error))
        verdict = await self._try(key, send, body)
        return await self._settled(key, send, verdict) if verdict.outcome == "in_doubt" else verdict

    async def _try(self, key: bytes, send: Send, body: dict[str, Any]) -> Verdict:
        """Post until the verdict is final, the tries are used up or the deadline has come."""
        deadline = self._clock() + self._settings.send_deadline_seconds
        tries = 0
        while True:
            self._stay(send)
            await self._sends.note(key, send.id, STARTED)
            tries += 1
            self.counts["begun"] += 1
            verdict = await self._graph.send(send.user.phone_number_id, body)
            if verdict.final:
                return verdict
            await self._sends.note(key, send.id, WAITING)
            wait = min(BACKOFF_SECONDS * 2 ** (tries - 1), BACKOFF_MAX_SECONDS) * (0.5 + self._jitter())
            if tries >= self._settings.send_tries or self._clock() + wait >= deadline:
                reason = f"{verdict.reason}, after {tries} tries"
                return Verdict(outcome="refused", code=verdict.code, reason=reason, raw=verdict.raw)
            log.info("message %s: %s; try %d in %.1f s", send.id, verdict.reason, tries + 1, wait)
            self.counts["retried"] += 1
            await self._sleep(wait)
            late = self._too_late(send)
            if late is not None:
                return late

    async def _settled(self, key: bytes, send: Send, doubt: Verdict) -> Verdict:
        """Wait for a status to say that Meta has the message after all; only then may the user's next one leave."""
        seen = self._in_doubt.setdefault(send.id, asyncio.Event())
        deadline = self._clock() + self._settings.in_doubt_seconds
        try:
            while not seen.is_set() and self._sends.stage(key, send.id) == STARTED:
                self._stay(send)
                if self._clock() >= deadline:
                    return doubt
                await self._sleep(0.1)
        finally:
            del self._in_doubt[send.id]
        return Verdict(outcome="accepted", code="settled", reason="a status settled it")

    def _stay(self, send: Send) -> None:
        """Raise NotOurs when this worker is leaving: nothing more is to be begun."""
        if self._leaving():
            raise NotOurs(f"message {send.id} is not sent by this worker, which is stopping or being rebalanced")

    def _too_late(self, send: Send) -> Verdict | None:
        if send.message.get("kind") in WITHOUT_WINDOW or self._clock() < send.window_ends:
            return None
        reason = "the 24 hour window closed before the message could be sent (Meta's error 131047)"
        return Verdict(outcome="late", code="window_closed", reason=reason)

    async def _report(self, message: Any, send: Send, verdict: Verdict) -> None:
        self.counts[verdict.outcome] += 1
        if verdict.outcome != "accepted":
            log.warning("message %s of agent %s: %s: %s", send.id, send.agent, verdict.outcome, verdict.reason)
        finished = SendFinished(
            id=f"{send.id}:finished",
            user=send.user,
            at=self._clock(),
            effect=send.id,
            verdict=verdict.outcome,
            agent=send.agent,
            ref=send.ref,
            message_id=verdict.message_id,
            code=verdict.code or None,
            reason=verdict.reason,
            raw=verdict.raw,
        )
        headers = dict(message.headers or {})
        await self._producer.produce(self._topics.sent, wire.write_event(finished), message.key, headers)


def install_sender(
    app: Any, settings: Settings, topics: Topics, graph: GraphClient, producer: Producer, sends: Sends
) -> Sender:
    """Add the sender's two processors to a Faust app: `outbox` to Meta, and statuses that settle a doubt."""
    sender = Sender(settings, topics, graph, producer, sends, leaving=lambda: bool(app.should_stop or app.rebalancing))
    outbox = app.topic(topics.outbox, key_type=bytes, value_type=bytes)
    webhook = app.topic(topics.webhook, key_type=bytes, value_type=bytes)

    @app.agent(outbox, name="sender")
    async def post(stream: Any) -> None:
        lanes = sender.lanes = Lanes(
            sender.handle,
            sender.poisoned,
            limit=settings.sends_in_flight,
            is_current=is_current(app),
            let_go=let_go(app),
        )
        async for event in stream.noack().events():
            await lanes.put(event)

    @app.agent(webhook, name="settler")
    async def settle(stream: Any) -> None:
        lanes = Lanes(
            sender.settle, sender.poisoned, limit=SETTLED_AT_ONCE, is_current=is_current(app), let_go=let_go(app)
        )
        async for event in stream.noack().events():
            await lanes.put(event)

    return sender
