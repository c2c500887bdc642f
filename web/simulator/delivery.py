"""Posts webhooks: each user's items in order, users side by side, retried until answered with 200.

Items come in without waiting; signed POSTs go out. The switches duplicate, swap and batch here. Nothing
is dropped before the configured limit, and a drop is written into the webhook log.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from web.simulator.config import SimulatorConfig
from web.simulator.faults import Faults
from web.simulator.webhooks import SIGNATURE, Item, build_body, encode, sign
from web.simulator.world import World

logger = logging.getLogger(__name__)
BATCH_LANE = "batch"
DUPLICATE_SPREAD_SECONDS = 0.02


@dataclass(slots=True)
class Lane:
    """Items that must keep their order, and the news that another one came."""

    items: deque[Item] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Delivery:
    """The way from the simulator to one webhook address."""

    def __init__(self, config: SimulatorConfig, world: World, faults: Faults, http: aiohttp.ClientSession) -> None:
        self._config = config
        self._world = world
        self._faults = faults
        self._http = http
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, item: Item) -> None:
        """Queue an item behind the earlier ones of its lane."""
        name = BATCH_LANE if self._faults.switches.batch_items > 1 else item.lane
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane()
            self._start(self._run(name, lane))
        lane.items.append(item)
        lane.arrived.set()

    async def post_raw(self, raw: bytes, signature: str | None) -> tuple[int, str]:
        """Post bytes once as they are and return status and body; raises aiohttp.ClientError or TimeoutError."""
        headers = {"Content-Type": "application/json"} | ({SIGNATURE: signature} if signature is not None else {})
        limit = aiohttp.ClientTimeout(total=self._config.webhook_timeout_seconds)
        async with self._http.post(self._config.webhook_url, data=raw, headers=headers, timeout=limit) as answer:
            return answer.status, await answer.text(errors="replace")

    async def stop(self) -> None:
        """Drop everything on its way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str, lane: Lane) -> None:
        while lane.items:
            for items in await self._take(name, lane):
                await self._deliver(items)
        # no await since the check above, so no item can slip in between
        del self._lanes[name]

    async def _take(self, name: str, lane: Lane) -> list[list[Item]]:
        """Return the next POSTs of a lane, each a list of items."""
        switches = self._faults.switches
        if name == BATCH_LANE:
            await self._await_items(lane, switches.batch_items, switches.batch_ms / 1000)
            items = [lane.items.popleft() for _ in range(min(switches.batch_items, len(lane.items)))]
            if len(items) > 1 and self._faults.strikes(switches.reorder):
                first = self._faults.rng.randrange(len(items) - 1)
                items[first], items[first + 1] = items[first + 1], items[first]
            return [items]
        if self._faults.strikes(switches.reorder):
            await self._await_items(lane, 2, switches.reorder_hold_ms / 1000)
            if len(lane.items) > 1:
                held, following = lane.items.popleft(), lane.items.popleft()
                return [[following], [held]]
        return [[lane.items.popleft()]]

    async def _await_items(self, lane: Lane, wanted: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while len(lane.items) < wanted and loop.time() < deadline:
            lane.arrived.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await lane.arrived.wait()
            except TimeoutError:
                return

    async def _deliver(self, items: list[Item]) -> None:
        raw = encode(build_body(items, self._config, self._faults.rng))
        if self._faults.strikes(self._faults.switches.duplicates):
            self._start(self._repeat(items, raw, self._faults.rng.uniform(0, DUPLICATE_SPREAD_SECONDS)))
        accepted = await self._until_accepted(items, raw, duplicate=False)
        for item in items:
            if item.settled is not None:
                item.settled(accepted)

    async def _repeat(self, items: list[Item], raw: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._until_accepted(items, raw, duplicate=True)

    async def _until_accepted(self, items: list[Item], raw: bytes, *, duplicate: bool) -> bool:
        loop = asyncio.get_running_loop()
        started = loop.time()
        signature = sign(raw, self._config.app_secrets[0])
        summaries = [item.summary() for item in items]
        pause = self._config.retry_first_seconds
        attempt = 1
        while True:
            status, error = None, None
            try:
                status, _ = await self.post_raw(raw, signature)
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                error = f"{type(problem).__name__}: {problem}"
            self._world.log_webhook(status=status, items=summaries, attempt=attempt, duplicate=duplicate, error=error)
            if status == 200:
                return True
            if loop.time() - started + pause > self._config.max_retry_seconds:
                logger.error(
                    "webhook dropped after %d tries in %.0f s: POST %s answered %s; check that the webhook runs there",
                    attempt,
                    loop.time() - started,
                    self._config.webhook_url,
                    status or error,
                )
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._config.retry_cap_seconds)
            attempt += 1
