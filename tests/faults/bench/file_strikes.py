"""Strikes on the fetching of files: the process ended in the midst of it, Meta's media API failing, no directory.

In: a bench whose users send pictures. Out: a bench that has survived one more fault, or `Stuck`.
"""

from typing import Any, Literal

from tests.faults.bench.bench import Bench
from tests.faults.bench.strikes import end_orderly, in_traffic

SLOW = {"graph_latency_min_ms": 200, "graph_latency_max_ms": 900}
"""Each step of a download takes so long, so that a strike finds some on their way."""
QUICK = {"graph_latency_min_ms": 0, "graph_latency_max_ms": 0}
CALLED_SECONDS = 120.0
REFUSED = 3
"""So many calls of the media API must have failed before that counts as a strike."""
STEPS = ("locate", "download")


class MediaCalls:
    """The calls of the simulator's media API; each look asks only for those since the last."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._revision = 0

    async def look(self) -> list[dict[str, Any]]:
        """What was called since the last look."""
        answer = await self._bench.system.simulator.call("GET", "/sim/media-log", changed_after=self._revision)
        self._revision = answer["revision"]
        return list(answer["calls"])


async def in_the_midst(bench: Bench) -> None:
    """Wait until a file has come to some step on its way."""
    calls, step = MediaCalls(bench), bench.rng.choice(STEPS)
    await calls.look()

    async def called() -> bool:
        return any(call["action"] == step and call["http_status"] == 200 for call in await calls.look())

    await bench.until(called, CALLED_SECONDS, f"a file after its {step}")


async def ended(bench: Bench, way: Literal["killed", "terminated"], times: int = 1) -> None:
    """The process ends while files are on their way, perhaps once more right after it has come back."""
    await in_traffic(bench)
    process = bench.system.processes["media"]
    await bench.system.simulator.switch(**SLOW)
    try:
        for _ in range(times):
            await in_the_midst(bench)
            await (process.kill_and_wait() if way == "killed" else end_orderly(bench, process))
            await bench.some_written(bench.rng.randint(0, 10))
            await bench.start(process)
            await bench.ready("media")
    finally:
        await bench.system.simulator.switch(**QUICK)
    await bench.healed()


async def refused(bench: Bench, **switches: Any) -> None:
    """Meta's media API fails, or its addresses have run out when they are used, until some calls were hit."""
    await in_traffic(bench)
    calls, hits = MediaCalls(bench), 0
    await calls.look()
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), **switches)

    async def hit() -> bool:
        nonlocal hits
        hits += sum(call["http_status"] >= 400 for call in await calls.look())
        return hits >= REFUSED

    try:
        await bench.until(hit, CALLED_SECONDS, f"{REFUSED} calls of the media API that failed")
    finally:
        await bench.system.simulator.switch(errors=[], media_url_seconds=300)
    await bench.healed()


async def directory_away(bench: Bench) -> None:
    """The directory of files is gone for some messages, with files on their way, and comes back as it was."""
    await in_traffic(bench)
    there = bench.system.stack.data_dir / "media"
    away = there.with_name("media-away")
    await bench.system.simulator.switch(**SLOW)
    try:
        await in_the_midst(bench)
        there.rename(away)
        await bench.some_written(bench.rng.randint(5, 20))
    finally:
        if away.exists():
            away.rename(there)
        await bench.system.simulator.switch(**QUICK)
    await bench.healed()
