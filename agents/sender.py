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

from pydantic import ValidationError

from app import wire
from app.aside import set_aside
from app.core.agent_record import explain
from app.core.codes import class_of
from app.core.effects import Send
from app.core.events import NotUnderstood, SendFinished, StatusCame, UserWrote
from app.core.lives import NOTES
from app.core.verdicts import Outcome, Verdict, from_failed_status
from app.lanes import Lanes, worker_lanes
from app.producing import ProduceError, Producer
from app.quarantine import SENDER_FAILED
from app.sending.attaching import Attached, Attacher, Uploads
from app.sending.gates import Gates
from app.sending.posting import SETTLED, Graph, Poster
from app.settings import Settings
from app.stores.media import MediaStore
from app.topics import Topics
from app.whatsapp.graph import GraphClient
from app.whatsapp.inbound import read_item
from app.whatsapp.outbound import payload
from tables.sends import STARTED, WAITING, Sends

SETTLED_AT_ONCE = 64

log = logging.getLogger("broker.sender")


class Sender:
    """Sends one message after another for a user."""

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        graph: Graph,
        producer: Producer,
        sends: Sends,
        *,
        leaving: Callable[[], bool] = lambda: False,
        mine: Callable[[], int] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        media: tuple[MediaStore, Uploads] | None = None,
    ) -> None:
        """`leaving` tells that the worker stops or hands its partitions back: what is not on its way must wait.

        `mine` counts its partitions of the outbox, for its share of the rates. Without `media` no file of ours is sent.
        """
        self._settings = settings
        self._topics = topics
        self._producer = producer
        self._sends = sends
        self._in_doubt: dict[str, asyncio.Event] = {}
        self.lanes: Lanes | None = None
        """What is in the works; None before the processor has started."""
        self.counts: Counter[str] = Counter()
        self.gates = Gates(settings, self.counts, mine=mine, leaving=leaving, sleep=sleep, clock=clock)
        self._poster = Poster(settings, graph, self.gates, jitter)
        self._attacher = Attacher(settings, *media, self.gates, jitter) if media else None

    @property
    def busy(self) -> int:
        """Messages in the works."""
        return self.lanes.busy if self.lanes else 0

    @property
    def finished(self) -> int:
        """Messages that have left the works and slices of waiting that have passed: while it grows nothing is stuck."""
        return (self.lanes.finished if self.lanes else 0) + self.gates.slices

    async def handle(self, event: Any) -> None:
        """Handle one record of `outbox`.

        Raises ProduceError when Kafka does not take the result, NotOurs when it is left to the next worker.
        """
        message = event.message
        send = wire.read_send(message.value or b"")
        if isinstance(send, NotUnderstood):
            await self.set_aside(event, send.reason)
            return
        stage = self._sends.stage(message.key, send.id, message)
        if stage not in (None, WAITING, STARTED):
            await self._repeated(message, send, stage)
            return
        verdict = await self._verdict(message.key, send, begun=stage == STARTED)
        if verdict.outcome == "accepted":
            # Nobody misses the report of a success; a crash after it must not turn the success into a doubt.
            await self._sends.note(message.key, send.id, verdict.outcome, message)
            await self._report(message, send, verdict)
        else:
            await self._report(message, send, verdict)
            await self._sends.note(message.key, send.id, verdict.outcome, message)

    async def settle(self, event: Any) -> None:
        """Take one record of `webhook`: a status with our mark says that Meta has the message.

        Raises ProduceError when Kafka does not take the note.
        """
        message = event.message
        happened = read_item(message.value or b"")
        if isinstance(happened, UserWrote):
            self.gates.received(happened.user.phone_number_id, happened.at)
        if not isinstance(happened, StatusCame) or happened.mark is None:
            return
        effect = happened.mark.effect
        # Waiting as well: Meta may have taken what it answered with an error of its own.
        if self._sends.stage(message.key, effect) in (STARTED, WAITING):
            await self._sends.note(message.key, effect, "accepted")
            self.counts["settled"] += 1
        # After the note: a record that Kafka's failure makes come again is learned from once.
        self._learn(happened, effect)
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
        await self.set_aside(event, f"{SENDER_FAILED}: {error!r}")
        message = event.message
        send = wire.read_send(message.value or b"")
        if message.topic != self._topics.outbox or isinstance(send, NotUnderstood):
            return
        stage: str | None = STARTED
        try:
            stage = self._sends.stage(message.key, send.id, message)
        except Exception:  # what failed may be the user's row itself: then nobody knows how far the message came
            log.exception("the stage of message %s cannot be read", send.id)
        if stage not in (None, WAITING, STARTED):
            return  # its end was noted before the failure
        reason = "the broker itself failed on this message; it is in the quarantine"
        outcome: Outcome = "in_doubt" if stage == STARTED else "refused"
        await self._report(message, send, Verdict(outcome=outcome, code="internal", reason=reason))
        try:
            await self._sends.note(message.key, send.id, outcome, message)
        except ProduceError:
            raise
        except Exception:  # the lane must not hang on it: the report is written
            log.exception("the end of message %s cannot be noted", send.id)

    def _learn(self, status: StatusCame, effect: str) -> None:
        failure = from_failed_status(status.errors[0] if status.errors else {}) if status.status == "failed" else None
        if failure is not None and failure.is_new:
            self.counts["unknown_code"] += 1
            log.error("Meta reported a failure that is in no table: %s", failure.reason)
        self.gates.status(status.user.phone_number_id, effect, status.at, failure)

    async def _repeated(self, message: Any, send: Send, stage: str | None) -> None:
        self.counts["repeated"] += 1
        if stage == "accepted":
            # The note comes before the report: a crash between them left it unsaid.
            await self._report(message, send, Verdict(outcome="accepted", code="repeated"))

    async def _prepared(
        self, send: Send, refused: frozenset[str] = frozenset()
    ) -> tuple[Attached, dict[str, Any]] | Verdict:
        """What is to be posted, or why it cannot be: everything that must happen before a message may leave.

        `refused` are Meta's ids of files that Meta did not take.
        """
        try:
            attached = await self._attacher.attach(send, refused) if self._attacher else Attached(send)
            return attached if isinstance(attached, Verdict) else (attached, payload(attached.send))
        except ValidationError as error:
            return Verdict(outcome="refused", code="invalid", reason=explain(error))
        except ValueError as error:
            return Verdict(outcome="refused", code="invalid", reason=str(error))

    async def _verdict(self, key: bytes, send: Send, *, begun: bool) -> Verdict:
        if begun and send.message.get("kind") not in NOTES:
            reason = "the sender stopped while the message was on its way, and no status came: it may or may not arrive"
            return await self._settled(key, send, Verdict(outcome="in_doubt", code="interrupted", reason=reason))
        prepared = await self._prepared(send)
        if isinstance(prepared, Verdict):
            return prepared

        async def note(stage: str) -> None:
            await self._sends.note(key, send.id, stage)

        def settled() -> bool:
            return self._sends.stage(key, send.id) == "accepted"

        attached, body = prepared
        verdict = await self._poster.post(send, body, note, settled)
        if attached.may_heal(verdict):
            # That try failed for certain, and the upload lasts: who takes over may begin again.
            await note(WAITING)
            log.info("message %s: %s; its files are uploaded anew", send.id, verdict.reason)
            self.counts["brought_anew"] += 1
            prepared = await self._prepared(send, attached.remembered)
            if isinstance(prepared, Verdict):
                return prepared
            verdict = await self._poster.post(send, prepared[1], note, settled)
        if verdict.outcome == "in_doubt":
            return await self._settled(key, send, verdict)
        return SETTLED if verdict.outcome != "accepted" and settled() else verdict

    async def _settled(self, key: bytes, send: Send, doubt: Verdict) -> Verdict:
        """Wait for a status to say that Meta has the message after all; only then may the user's next one leave."""
        seen = self._in_doubt.setdefault(send.id, asyncio.Event())
        deadline = self.gates.clock() + self._settings.in_doubt_seconds
        try:
            while not seen.is_set() and self._sends.stage(key, send.id) == STARTED:
                self.gates.stay(send.id)
                if self.gates.clock() >= deadline:
                    return doubt
                await self.gates.sleep(0.1)
        finally:
            self._in_doubt.pop(send.id, None)
        return SETTLED

    async def _report(self, message: Any, send: Send, verdict: Verdict) -> None:
        self.counts[verdict.outcome] += 1
        if verdict.outcome != "accepted":
            log.warning("message %s of agent %s: %s: %s", send.id, send.agent, verdict.outcome, verdict.reason)
        finished = SendFinished(
            id=f"{send.id}:finished",
            user=send.user,
            at=self.gates.clock(),
            effect=send.id,
            verdict=verdict.outcome,
            agent=send.agent,
            ref=send.ref,
            message_id=verdict.message_id,
            code=verdict.code or None,
            kind=verdict.kind or class_of(verdict.code),
            reason=verdict.reason,
            raw=verdict.raw,
        )
        headers = dict(message.headers or {})
        await self._producer.produce(self._topics.sent, wire.write_event(finished), message.key, headers)


def install_sender(
    app: Any,
    settings: Settings,
    topics: Topics,
    graph: GraphClient,
    producer: Producer,
    sends: Sends,
    files: MediaStore,
) -> Sender:
    """Add the sender's two processors to a Faust app: `outbox` to Meta, and statuses that settle a doubt."""
    sender = Sender(
        settings,
        topics,
        graph,
        producer,
        sends,
        leaving=lambda: bool(app.should_stop or app.rebalancing),
        mine=lambda: sum(tp.topic == topics.outbox for tp in app.consumer.assignment()),
        media=(files, graph),
    )
    outbox = app.topic(topics.outbox, key_type=bytes, value_type=bytes)
    webhook = app.topic(topics.webhook, key_type=bytes, value_type=bytes)

    @app.agent(outbox, name="sender")
    async def post(stream: Any) -> None:
        # How many requests are open at once is the gates' to say: a message that waits holds nobody up.
        most = settings.sends_waiting
        lanes = sender.lanes = worker_lanes(app, sender.handle, sender.poisoned, limit=most, waiting=most)
        async for event in stream.noack().events():
            await lanes.put(event)

    @app.agent(webhook, name="settler")
    async def settle(stream: Any) -> None:
        lanes = worker_lanes(app, sender.settle, sender.poisoned, limit=SETTLED_AT_ONCE)
        async for event in stream.noack().events():
            await lanes.put(event)

    return sender
