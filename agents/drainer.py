"""Leaves the out topics that agents had before, once nobody can be waiting for what is in them.

In: the register, which says of each such topic until when it is read at least. Out: the topic is taken out of the
register when that time is over and the bridge has read it to its end. Must never leave one with records unread.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiokafka.errors import KafkaError
from mode import Service

from app.core.register import Register
from app.stores.register import RegisterAway

log = logging.getLogger("broker.register")


class Store(Protocol):
    """What is needed of the register's store (app/stores/register.py)."""

    async def leave(self, agent_id: int, topic: str) -> bool:
        """Take a former topic out of the register."""


class Feed(Protocol):
    """What is needed of the register as this worker knows it (app/register_feed.py)."""

    @property
    def register(self) -> Register:
        """The newest it has read."""


class Drainer(Service):
    """Looks every so many seconds; one runs in each broker worker, and the first to see it leaves the topic for all."""

    def __init__(
        self,
        seconds: float,
        store: Store,
        feed: Feed,
        notify: Callable[[], None],
        is_read: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`is_read` says whether the bridge has read a topic to its end; `notify` is called after a change."""
        super().__init__()
        self._seconds = seconds
        self._store = store
        self._feed = feed
        self._notify = notify
        self._is_read = is_read

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self.sleep(self._seconds)
            try:
                await self.look(time.time())
            except (RegisterAway, KafkaError, OSError) as error:
                log.warning("former topics of agents are read on, whether they can be left is not known: %s", error)
            except Exception:  # it reads on, which loses nothing
                log.exception("former topics of agents could not be left: the next round tries again")

    async def look(self, now: float) -> None:
        """Leave what is over at `now` (seconds UTC); raises RegisterAway, KafkaError."""
        for agent in self._feed.register.agents:
            for topic, until in agent.draining:
                if now >= until and await self._is_read(topic) and await self._store.leave(agent.id, topic):
                    log.info("topic %s, which agent %d (%s) had before, is read no more", topic, agent.id, agent.name)
                    self._notify()
