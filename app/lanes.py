"""Lanes: many users at once, each user's records one after another, acknowledged in the order of the log.

In: events of a Faust stream taken with `noack()`. Out: one call of the handler per event, and an acknowledgement once
it and every event before it in its partition is done. A lane never lets an exception out and never acknowledges what
failed: what the handler cannot do is handed to `on_poison`, and what Kafka does not take is tried again.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.lease import NotOurs
from app.producing import ProduceError

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

WAITING_PER_PLACE = 8

log = logging.getLogger("broker.lanes")

Handler = Callable[[Any], Awaitable[None]]
Poisoned = Callable[[Any, Exception], Awaitable[None]]
IsCurrent = Callable[[Any], Awaitable[bool]]
LetGo = Callable[[Any], None]


async def _always(_: Any) -> bool:
    return True


def _keep_nothing(_: Any) -> None:
    return


class Lanes:
    """Bounded concurrency over users; `limit` events are in the works at most."""

    def __init__(
        self,
        handle: Handler,
        on_poison: Poisoned,
        *,
        limit: int,
        is_current: IsCurrent = _always,
        let_go: LetGo = _keep_nothing,
        waiting: int | None = None,
    ) -> None:
        """`let_go` is called for every event that is out of the works, whether or not it was acknowledged.

        `waiting` events at most are taken in at once, of whichever users: beyond them `put` waits.
        """
        self._handle = handle
        self._on_poison = on_poison
        self._is_current = is_current
        self._let_go = let_go
        self._places = asyncio.Semaphore(limit)
        # Those who wait for their own user hold no place: one user's burst must not stall everybody.
        self._waiting = asyncio.Semaphore(waiting or limit * WAITING_PER_PLACE)
        self._last: dict[bytes | None, tuple[asyncio.Task[None], list[Any]]] = {}
        self._lengths: Counter[bytes | None] = Counter()
        self._queues: dict[Any, deque[list[Any]]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self.finished = 0
        """How many events have left the works, done or let go."""

    @property
    def busy(self) -> int:
        """How many events are in the works."""
        return len(self._tasks)

    async def put(self, event: Any) -> None:
        """Give an event to its user's lane; waits while too many wait."""
        await self._waiting.acquire()
        cell = [event, False]
        self._queues[_log_of(event)].append(cell)
        key = event.message.key
        self._lengths[key] += 1
        task = asyncio.create_task(self._run(cell, self._last.get(key)))
        self._last[key] = task, cell
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, cell: list[Any], before: tuple[asyncio.Task[None], list[Any]] | None) -> None:
        event = cell[0]
        key, log_name = event.message.key, _log_of(event)
        try:
            if before is not None:
                await asyncio.wait([before[0]])
            # Whoever does again the event before, because it was left to them, does this one again as well.
            if before is None or before[1][1] or _log_of(before[1][0]) != log_name:
                async with self._places:
                    cell[1] = await self._until_done(event)
        finally:
            self._lengths[key] -= 1
            if not self._lengths[key]:
                del self._lengths[key], self._last[key]
            self._waiting.release()
            self.finished += 1
            if cell[1]:
                _drop_value(event)
                self._acknowledge(log_name)
            else:
                # Nothing behind it may be acknowledged.
                self._queues.pop(log_name, None)
            self._let_go(event)

    async def _until_done(self, event: Any) -> bool:
        """Whether the event is done; False when its partition has left us: then somebody else does it again."""
        tries = 0
        while await self._is_current(event):
            try:
                await self._handle(event)
                return True
            except NotOurs as error:
                log.info("%s: its record is left to the worker that has it now", error)
                return False
            except ProduceError as error:
                wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                log.warning("%s; trying again in %.1f s", error, wait)
            except Exception as error:  # noqa: BLE001 - converted: into the quarantine, counted and logged there
                if await self._set_aside(event, error):
                    return True
                wait = RETRY_SECONDS[-1]
            tries += 1
            await asyncio.sleep(wait)
        return False

    async def _set_aside(self, event: Any, error: Exception) -> bool:
        try:
            await self._on_poison(event, error)
            return True
        except Exception:
            log.exception("a record could be neither handled nor put into the quarantine; both are tried again")
            return False

    def _acknowledge(self, log_name: Any) -> None:
        queue = self._queues.get(log_name)
        while queue and queue[0][1]:
            queue.popleft()[0].ack()
        if not queue:
            self._queues.pop(log_name, None)


def _log_of(event: Any) -> tuple[Any, Any]:
    return event.message.tp, event.message.generation_id


def _drop_value(event: Any) -> None:
    """Forget what an event that is done was about: it may wait long for its acknowledgement, and many may."""
    event.value = event.message.value = None


def worker_lanes(app: Any, handle: Handler, on_poison: Poisoned, *, limit: int, waiting: int | None = None) -> Lanes:
    """The lanes of a worker of a Faust app: they ask it whose a record is, and tell it which it need not wait for."""
    return Lanes(handle, on_poison, limit=limit, is_current=is_current(app), let_go=let_go(app), waiting=waiting)


def is_current(app: Any) -> IsCurrent:
    """A check whether an event's partition is still ours, in the generation it was read in.

    A worker that was frozen past its session time-out wakes with records somebody else has by then; so the check
    waits until Kafka has said whether this worker is still in its group.
    """

    async def check(event: Any) -> bool:
        await app.consumer.lease.settled()
        return bool(app.consumer.owns(event.message))

    return check


def let_go(app: Any) -> LetGo:
    """What Faust is told of a record that nobody works on any more: not to wait for it.

    Before a rebalance, and before it stops, Faust waits for every record that is neither acknowledged nor forgotten;
    and its stream holds on to the last one it read. A record left to another worker would be waited for without end.
    """

    def forget(event: Any) -> None:
        app.consumer._unacked_messages.discard(event.message)

    return forget
