"""The clock: looks for users about whom something has run out, and says so.

In: the tables of this worker, and whose users are in them. Out: `clock_struck` events to the topic `control`, keyed by
user; the router decides. It must never go on striking for another worker's users, whose rows a table in memory keeps.
It writes no state, so when users change workers two may strike for the same one: the event's id is the same, its effect
happens once.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from mode import Service

from app import wire
from app.core.events import ClockStruck
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from app.core.turn import silent_since
from app.owners import OwnerUnknown
from app.producing import ProduceError, Producer, Record
from app.register_feed import RegisterFeed
from app.topics import Topics
from tables.users import Users

CHUNK = 500
"""Users looked at before others get a turn on the loop."""
RETRY_SECONDS = 1.0

log = logging.getLogger("broker.sweeper")


def due(state: State, now: float, register: Register, rules: Rules) -> ClockStruck | None:
    """The strike of the clock a user is due, or None; its id is the same for the same reason."""
    window, session = state.window, state.session
    if window is None:
        return None
    key = window.user.key
    if session is not None:
        since = silent_since(session, window)
        if now - since >= rules.session_seconds:
            return ClockStruck(id=f"silent:{key}:{since}", user=window.user, at=now)
        if session.agent is not None and register.active_agent(session.agent) is None:
            return ClockStruck(id=f"gone:{key}:{session.since}", user=window.user, at=now)
    elif now - window.touched >= rules.forget_seconds:
        return ClockStruck(id=f"forgotten:{key}:{window.touched}", user=window.user, at=now)
    return None


class Sweeper(Service):
    """Strikes the clock every so many seconds, and at once when the register changes: an agent may be gone."""

    def __init__(
        self,
        topics: Topics,
        rules: Rules,
        seconds: float,
        feed: RegisterFeed,
        producer: Producer,
        users: Users,
        ready: Callable[[], bool],
        has: Callable[[bytes], bool],
    ) -> None:
        """`has` says whether a user is this worker's, or raises OwnerUnknown."""
        super().__init__()
        self._topics = topics
        self._rules = rules
        self._seconds = seconds
        self._feed = feed
        self._producer = producer
        self._users = users
        self._ready = ready
        self._has = has
        self._woken = asyncio.Event()
        feed.subscribe(lambda _: self._woken.set())

    async def on_stop(self) -> None:
        """Wait for nothing any more."""
        self._woken.set()

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self._pause()
            if not self._ready() or not self._feed.is_loaded:
                # Whoever woke us is still to be answered, soon after the rebalance.
                await self.sleep(min(RETRY_SECONDS, self._seconds))
                continue
            self._woken.clear()
            try:
                await self.sweep(time.time())
            except OwnerUnknown as error:
                log.info("the clock was not struck (%s): soon again", error)
                self._woken.set()  # or the users of an agent that went meanwhile would wait for a whole round
                await self.sleep(min(RETRY_SECONDS, self._seconds))
            except ProduceError as error:
                log.warning("the clock could not be struck (%s): next time", error)
            except Exception:  # a value nobody can read must not end the worker
                log.exception("a sweep failed: the next one tries again")

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._woken.wait()

    async def sweep(self, now: float) -> int:
        """Strike for every user of this worker who is due at `now` (seconds UTC); returns how many there were.

        Raises OwnerUnknown when nobody can say whose users they are: then it has struck for nobody.
        """
        strikes: list[Record] = []
        for number, key in enumerate(self._users.keys()):
            if number % CHUNK == CHUNK - 1:
                await asyncio.sleep(0)
            event = due(self._users.load(key), now, self._feed.register, self._rules)
            # Asked only about those who are due, for few are and the answer takes as long as looking at a user.
            if event is not None and self._has(key):
                strikes.append(Record(self._topics.control, wire.write_event(event), key))
        if strikes:
            await self._producer.produce_all(strikes)
            log.info("the clock struck for %d users", len(strikes))
        return len(strikes)
