"""Lanes: many users at once, each user's records one after another, acknowledged in the order of the log.

In: events of a Faust stream taken with `noack()`. Out: one call of the handler per event, and an acknowledgement once
it and every event before it in its partition is done. A lane never lets an exception out and never acknowledges what
failed: what the handler cannot do is handed to `on_poison`, and what Kafka does not take is tried again.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine
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
        per_user: int | None = None,
        on_full: Handler | None = None,
    ) -> None:
        """`let_go` is called for every event that is out of the works, whether or not it was acknowledged.

        `waiting` events at most are taken in at once. With `per_user`, an event whose user has so many in the works is
        handled by `on_full`, at once and beside the lane: one user must not fill what all share.
        """
        self._handle = handle
        self._on_poison = on_poison
        self._is_current = is_current
        self._let_go = let_go
        self._places = asyncio.Semaphore(limit)
        # Those who wait for their own user hold no place: one user's burst must not stall everybody.
        self._waiting = asyncio.Semaphore(waiting or limit * WAITING_PER_PLACE)
        self._per_user = per_user
        self._on_full = on_full or handle
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
        if self._per_user is not None and self._lengths[key] >= self._per_user:
            self._start(self._run(cell, self._on_full))
            return
        self._lengths[key] += 1
        task = self._start(self._run_in_lane(cell, self._last.get(key)))
        self._last[key] = task, cell

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run_in_lane(self, cell: list[Any], before: tuple[asyncio.Task[None], list[Any]] | None) -> None:
        key = cell[0].message.key
        try:
            if before is not None:
                await asyncio.wait([before[0]])
            await self._run(cell, self._handle, before[1] if before else None)
        finally:
            self._lengths[key] -= 1
            if not self._lengths[key]:
                del self._lengths[key]
                del self._last[key]

    async def _run(self, cell: list[Any], handle: Handler, before: list[Any] | None = None) -> None:
        event = cell[0]
        try:
            # Whoever does again the event before, because it was left to them, does this one again as well.
            if before is None or before[1] or _log_of(before[0]) != _log_of(event):
                async with self._places:
                    cell[1] = await self._until_done(event, handle)
        finally:
            self._waiting.release()
            self.finished += 1
            if cell[1]:
                self._acknowledge(_log_of(event))
            else:
                # Nothing behind it may be acknowledged.
                self._queues.pop(_log_of(event), None)
            self._let_go(event)

    async def _until_done(self, event: Any, handle: Handler) -> bool:
        """Whether the event is done; False when its partition has left us: then somebody else does it again."""
        tries = 0
        while await self._is_current(event):
            try:
                await handle(event)
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
