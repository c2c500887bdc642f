"""The router: reads the keyed topics as one stream, decides, and carries the decision out in the safe order.

In: `webhook`, `replies`, `sent`, `control`. Out: records to agents, to `outbox` and to the quarantine. Per user:
effects are acknowledged, then the state is written and acknowledged, then the record counts as read. Never otherwise.
"""

import logging
from collections import Counter
from dataclasses import replace
from itertools import filterfalse
from typing import Any

import orjson

from app import wire
from app.aside import set_aside
from app.core.effects import Effect, Forward, Quarantine, Send, TellAgent
from app.core.events import IdentityChanged, NotUnderstood, Routed, UserPlaced, UserWrote
from app.core.media import with_address
from app.core.rules import Rules
from app.core.signposts import HOPS_MAX, route
from app.lanes import Lanes, worker_lanes
from app.producing import Producer, Record
from app.quarantine import REPLAY
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.inbound import read_item
from tables.users import Users

IN_FLIGHT = 256
"""Users handled at the same time; more only lengthens the wait of a rebalance."""

TRACE = "trace"

HOPS = "hops"
"""Header of a record the router hands on to another key: from how many keys it has been handed on."""

log = logging.getLogger("broker.router")


class Router:
    """Carries out what `route` says."""

    def __init__(self, topics: Topics, rules: Rules, feed: RegisterFeed, producer: Producer, users: Users) -> None:
        self._topics = topics
        self._rules = rules
        self._feed = feed
        self._producer = producer
        self._users = users
        self.counts: Counter[str] = Counter()
        self.lanes: Lanes | None = None
        """What is in the works; None before the processor has started."""

    async def handle(self, event: Any) -> None:
        """Handle one record; raises ProduceError when Kafka does not take the effects."""
        message = event.message
        happened = self._read(message)
        if isinstance(happened, NotUnderstood):
            await self.set_aside(event, happened.reason)
            return
        state = self._users.load(message.key)
        hops = int(_words(dict(message.headers or {}).get(HOPS, b"0")))
        decision = route(state, happened, hops, message.timestamp, self._feed.register, self._rules)
        if any(isinstance(effect, Forward) and effect.hops > HOPS_MAX for effect in decision.effects):
            await self.set_aside(event, f"it was handed on from {hops} keys: the names of its user lead in a circle")
            return
        trace = _trace(message.headers)
        # Agents' signposts first: an agent may answer as soon as it is told, and be looked for before they know.
        for effects in ([*filter(_is_placing, decision.effects)], [*filterfalse(_is_placing, decision.effects)]):
            if effects:
                await self._producer.produce_all(self._record(effect, trace, message.timestamp) for effect in effects)
        await self._users.store(message.key, state, decision.state)
        self.counts[type(happened).__name__] += 1
        if decision.effects:
            names = ", ".join(_name(effect) for effect in decision.effects)
            log.debug("%s %s: %s", type(happened).__name__, happened.id, names)

    async def set_aside(self, event: Any, reason: str) -> None:
        """Put a record into the quarantine; raises ProduceError when Kafka does not take it."""
        await set_aside(self._producer, self._topics, event, reason)
        self.counts["quarantined"] += 1

    async def poisoned(self, event: Any, error: Exception) -> None:
        """Put aside a record on which the router itself failed."""
        log.error("the router failed on a record", exc_info=error)
        await self.set_aside(event, f"the router failed: {error!r}")

    def _read(self, message: Any) -> Routed | NotUnderstood:
        if not message.key or not message.value:
            return NotUnderstood("a record without key or value", message.value or b"")
        from_meta = message.topic == self._topics.webhook
        happened = read_item(message.value) if from_meta else wire.read_event(message.value)
        if isinstance(happened, UserWrote):
            happened = with_address(happened, self._rules.media_url)
        replay = dict(message.headers or {}).get(REPLAY)
        if replay and isinstance(happened, UserWrote | IdentityChanged):
            message_id = happened.id if isinstance(happened, UserWrote) else happened.message_id
            happened = replace(happened, id=f"{happened.id}~{_words(replay)}", message_id=message_id)
        if not isinstance(happened, NotUnderstood) and happened.user.key.encode() != message.key:
            return NotUnderstood(f"its key {message.key!r} is not its user's", message.value)
        return happened

    def _record(self, effect: Effect, trace: bytes, at: float) -> Record:
        headers = {TRACE: trace}
        match effect:
            case TellAgent():
                self.counts["told_agent"] += 1
                return Record(effect.topic, orjson.dumps(effect.record), effect.record["user"].encode(), headers)
            case Send():
                self.counts["sends"] += 1
                return Record(self._topics.outbox, orjson.dumps(effect.to_dict()), effect.user.key.encode(), headers)
            case Forward():
                self.counts["forwarded"] += 1
                key, value = effect.event.user.key.encode(), wire.write_event(effect.event)
                return Record(self._topics.replies, value, key, {**headers, HOPS: str(effect.hops).encode()})
            case Quarantine():
                self.counts["set_aside"] += 1
                return Record(
                    self._topics.quarantine, wire.write_set_aside(effect, at), effect.user.key.encode(), headers
                )


def _is_placing(effect: Effect) -> bool:
    return isinstance(effect, Forward) and isinstance(effect.event, UserPlaced)


def _name(effect: Effect) -> str:
    return f"tell {effect.topic}" if isinstance(effect, TellAgent) else type(effect).__name__.lower()


def _trace(headers: Any) -> bytes:
    return _words(dict(headers or {}).get(TRACE, b"")).encode()


def _words(header: bytes | str) -> str:
    return header.decode("utf-8", "replace") if isinstance(header, bytes) else header


def install_router(
    app: Any, settings: Settings, topics: Topics, feed: RegisterFeed, producer: Producer, users: Users
) -> Router:
    """Add the router's processor to a Faust app."""
    router = Router(topics, settings.rules, feed, producer, users)
    source = app.topic(*topics.routed, key_type=bytes, value_type=bytes)

    @app.agent(source, name="router")
    async def route(stream: Any) -> None:
        await feed.loaded()
        lanes = router.lanes = worker_lanes(app, router.handle, router.poisoned, limit=IN_FLIGHT)
        async for event in stream.noack().events():
            await lanes.put(event)

    return router
