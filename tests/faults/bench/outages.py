"""Strikes on what surrounds the broker: Kafka, the stores, the Graph API, the webhooks.

In: a bench in the midst of traffic. Out: a bench that has survived one more fault, or `Stuck`. An outage lasts until
a number of messages were written meanwhile, or for the seconds that are the fault itself.
"""

import asyncio
from typing import Any, Literal

from app.embedded.service import Service
from tests.faults.bench.bench import Bench, Stuck
from tests.faults.bench.strikes import in_traffic

Way = Literal["paused", "stopped", "killed", "emptied"]
GRAPH_STRUCK = 3
"""So many requests must have been hit before a fault of the Graph API counts as struck."""


def service_of(bench: Bench, name: str) -> Service:
    """A service of the stack by its name."""
    found: Service = getattr(bench.system.stack, name)
    return found


async def kafka_away(bench: Bench, seconds: float) -> None:
    """Kafka hangs for so long; a Kafka with a disk may also be stopped or killed."""
    await in_traffic(bench)
    kafka = bench.system.stack.kafka
    way = "paused" if kafka.embedded else bench.rng.choice(("paused", "stopped", "killed"))
    if way == "paused":
        kafka.pause()
    else:
        await (kafka.stop() if way == "stopped" else kafka.kill())
    await asyncio.sleep(seconds)
    if way == "paused":
        kafka.resume()
    else:
        await kafka.start()
    await bench.healed()


async def store_away(bench: Bench, name: str, way: Way) -> None:
    """A store goes away while routing goes on, and comes back."""
    await in_traffic(bench)
    store = service_of(bench, name)
    if way == "paused":
        store.pause()
    else:
        await (store.kill() if way == "killed" else store.stop())
    try:
        # Routing must not notice: messages are heard while the store is away.
        await bench.heard(bench.rng.randint(5, 15))
    except Stuck:
        bench.findings.add("stuck", name, f"no messages came through while {name} was {way}")
    if way == "emptied":
        store.erase()
        bench.emptied.add(name)
    if way == "paused":
        store.resume()
    else:
        await store.start()
    await bench.healed()


async def graph(bench: Bench, fault: str, **switches: Any) -> None:
    """Turn switches of the Graph API until some requests were hit, then back."""
    await in_traffic(bench)
    before = await _graph_calls(bench)
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), **switches)

    async def hit() -> bool:
        calls = await _graph_calls(bench)
        return _hits(calls, fault) - _hits(before, fault) >= GRAPH_STRUCK

    try:
        await bench.until(hit, 120.0, f"{GRAPH_STRUCK} requests hit by {fault}")
    finally:
        await bench.system.simulator.switch(
            errors=[], lose_answers=0.0, stall_rate=0.0, token_expired=False, graph_latency_max_ms=0
        )
    await bench.healed()


async def _graph_calls(bench: Bench) -> list[dict[str, Any]]:
    answer = await bench.system.simulator.call("GET", "/sim/graph-log")
    calls: list[dict[str, Any]] = answer["calls"]
    return calls


def _hits(calls: list[dict[str, Any]], fault: str) -> int:
    if fault in ("lost", "stalled"):
        return sum(1 for call in calls if call["accepted"] and not call["answered"])
    return sum(1 for call in calls if not call["accepted"])


async def webhooks(bench: Bench, **switches: Any) -> None:
    """Doubled, shuffled, batched: until some messages came through that way."""
    await in_traffic(bench)
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), **switches)
    await bench.heard(bench.rng.randint(10, 25))
    await bench.system.simulator.switch(duplicates=0.0, reorder=0.0, batch_items=1)
    await bench.healed()
