"""Carries the register from PostgreSQL into Kafka, from where every process reads it.

In: snapshots of the store, at intervals and at once after a change. Out: the topic `agents`, whose one key holds the
whole register. Must never put an older version over a newer one, and never end because PostgreSQL or Kafka is away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

import orjson
from aiokafka.errors import KafkaError
from mode import Service

from app import register_copy
from app.core.register import Register
from app.producing import ProduceError
from app.register_feed import KEY
from app.settings import Settings
from app.stores.register import RegisterAway
from app.topics import Topics

PATIENCE_SECONDS = 10.0
"""Kafka's acknowledgement is waited for without end, but after so long it is called trouble."""

log = logging.getLogger("broker.register")


class Store(Protocol):
    """What is needed of the register's store (app/stores/register.py)."""

    async def snapshot(self) -> Register:
        """All agents, with their version."""

    def publishing(self) -> AbstractAsyncContextManager[None]:
        """Be the one worker that publishes."""


class Feed(Protocol):
    """What is needed of the register as this worker knows it (app/register_feed.py)."""

    @property
    def register(self) -> Register:
        """The newest it has read."""


class Producer(Protocol):
    """What is needed of the producer (app/producing.py)."""

    async def produce(self, topic: str, value: bytes, key: bytes | None = None) -> None:
        """Write one record and wait for Kafka."""


class RegisterPublisher(Service):
    """Publishes every newer register; one runs in each broker worker."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        feed: Feed,
        producer: Producer,
        read_register: Callable[[], Awaitable[Register]] | None = None,
    ) -> None:
        """`read_register` reads Kafka's copy to its end, by default with a consumer of its own."""
        super().__init__()
        topics = Topics(settings)
        self._store = store
        self._feed = feed
        self._producer = producer
        self._topic = topics.register
        self._read_register = read_register or partial(register_copy.read_register, settings, topics)
        self._seconds = settings.register_poll_seconds
        self._wake = asyncio.Event()
        self._failing: str | None = None

    def notify(self) -> None:
        """Compare at once: the register was changed."""
        self._wake.set()

    async def check(self) -> str | None:
        """What keeps changes of the register from reaching the workers, None when nothing does."""
        return self._failing

    async def publish_once(self) -> bool:
        """Publish the register if it is newer than Kafka's copy; raises RegisterAway, ProduceError, KafkaError."""
        # Read before the snapshot: whatever Kafka has by now, PostgreSQL had committed before.
        known = self._feed.register
        snapshot = await self._store.snapshot()
        if snapshot.version <= known.version:
            self._note(_contradiction(snapshot, known))
            return False
        # One worker at a time, from the snapshot to the acknowledgement: so an older snapshot is never written last,
        # and a feed that has not read the topic yet cannot mislead us.
        async with self._store.publishing():
            snapshot = await self._store.snapshot()
            published = await self._read_register()
            if snapshot.version <= published.version:
                self._note(_contradiction(snapshot, published))
                return False
            await self._produce(orjson.dumps(snapshot.to_dict()))
        self._note(None)
        log.info("register version %d published, %d agents", snapshot.version, len(snapshot.agents))
        return True

    @Service.task
    async def _publish_for_ever(self) -> None:
        while not self.should_stop:
            self._wake.clear()
            try:
                await self.publish_once()
            except RegisterAway as error:
                self._note(f"{error}; routing goes on with the agents of version {self._feed.register.version}")
            except (ProduceError, KafkaError, TimeoutError) as error:
                self._note(f"the register could not be written to topic {self._topic}: {error!r}")
            except Exception:
                # A task that raises would end the whole worker, and routing does not need this one.
                log.exception("the register could not be published; trying again")
                self._failing = "the register could not be published; the log says why"
            await self.wait(self._wake, timeout=self._seconds)

    async def _produce(self, value: bytes) -> None:
        writing = asyncio.ensure_future(self._producer.produce(self._topic, value, KEY))
        try:
            done, _ = await asyncio.wait({writing}, timeout=PATIENCE_SECONDS)
            if not done:
                # Giving up would let another worker go first, and our record could still arrive after its newer one.
                self._note(f"Kafka has not acknowledged the register for {PATIENCE_SECONDS:.0f} s; waiting on")
            await writing
        finally:
            writing.cancel()

    def _note(self, trouble: str | None) -> None:
        """Log trouble when it begins, changes or ends, not at every round."""
        if trouble != self._failing:
            if trouble is None:
                log.info("the register reaches the workers again")
            else:
                log.warning("%s", trouble)
        self._failing = trouble


def _contradiction(snapshot: Register, published: Register) -> str | None:
    """What is wrong when PostgreSQL knows less than Kafka; it may be the wrong database, so nothing is done."""
    if snapshot == published:
        return None
    return (
        f"PostgreSQL has the register's version {snapshot.version}, which is not what Kafka has as version"
        f" {published.version}: was it restored, or is BROKER_POSTGRES_DSN another database? Routing goes on with"
        f" Kafka's. To make PostgreSQL's count, set register_version.version there to {published.version + 1}"
    )
