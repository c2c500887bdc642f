"""Strikes on what surrounds the broker: Kafka, the stores, the Graph API, the webhooks.

In: a bench in the midst of traffic. Out: a bench that has survived one more fault, or `Stuck`. An outage lasts until
a number of messages were written meanwhile, or for the seconds that are the fault itself.
"""

import asyncio
from typing import Any, Literal

import aiohttp

from app.embedded.apache_cluster import ApacheCluster
from app.embedded.service import Service
from tests.faults.bench.bench import Bench, Stuck
from tests.faults.bench.kafka_log import in_step
from tests.faults.bench.strikes import end_orderly, in_traffic

Way = Literal["paused", "stopped", "killed", "emptied", "slow"]
GRAPH_STRUCK = 3
"""So many requests must have been hit before a fault of the Graph API counts as struck."""
SLOW_SECONDS = 0.4
"""A slow store's line holds each chunk back for so long."""
IN_STEP_SECONDS = 90.0


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


async def kafka_node_away(bench: Bench) -> None:
    """One of three nodes is killed, stopped or frozen; messages flow without it, and it comes back."""
    await in_traffic(bench)
    kafka = bench.system.stack.kafka
    assert isinstance(kafka, ApacheCluster)
    node = bench.rng.choice(kafka.nodes)
    way = bench.rng.choice(("killed", "killed", "stopped", "paused"))
    if way == "paused":
        node.pause()
    else:
        await (node.stop() if way == "stopped" else node.kill())
    try:
        await bench.heard(bench.rng.randint(5, 15))
    except Stuck:
        bench.findings.add("stuck", "kafka", f"no messages came through while one of three nodes was {way}")
    if way == "paused":
        node.resume()
    else:
        await node.start()

    async def caught_up() -> bool:
        return await in_step(kafka.bootstrap, kafka.replication)

    # The next one may be struck only when this one has everything again: two would be more than is promised.
    await bench.until(caught_up, IN_STEP_SECONDS, "the node with every record again")
    await bench.healed()


async def store_away(bench: Bench, name: str, way: Way) -> None:
    """A store goes away while routing goes on, and comes back."""
    await in_traffic(bench)
    store = service_of(bench, name)
    match way:
        case "slow":
            bench.system.lines[name].delay = SLOW_SECONDS
        case "paused":
            store.pause()
        case "killed":
            await store.kill()
        case _:
            await store.stop()
    try:
        # Routing must not notice: messages are heard while the store is away.
        await bench.heard(bench.rng.randint(5, 15))
    except Stuck:
        bench.findings.add("stuck", name, f"no messages came through while {name} was {way}")
    if way == "emptied":
        store.erase()
        bench.emptied.add(name)
    match way:
        case "slow":
            bench.system.lines[name].delay = 0.0
        case "paused":
            store.resume()
        case _:
            await store.start()
    if name == "postgres":
        await _admin_answers(bench)
    await bench.healed()


async def _admin_answers(bench: Bench) -> None:
    """Wait until the admin API has the register again."""
    system = bench.system

    async def answers() -> bool:
        try:
            await system.admin("GET", "/agent")
        except (AssertionError, aiohttp.ClientError, TimeoutError):
            return False
        return True

    try:
        await bench.until(answers, 60.0, "the admin API answering again")
    except Stuck as stuck:
        bench.findings.add("stuck", "postgres", str(stuck))


async def graph(bench: Bench, fault: str, **switches: Any) -> None:
    """Turn switches of the Graph API until some requests were hit, then back."""
    await in_traffic(bench)
    calls = GraphCalls(bench)
    await calls.look()
    before = calls.hits(fault)
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), **switches)

    async def hit() -> bool:
        await calls.look()
        return calls.hits(fault) - before >= GRAPH_STRUCK

    try:
        await bench.until(hit, 120.0, f"{GRAPH_STRUCK} requests hit by {fault}")
    finally:
        await bench.system.simulator.switch(errors=[], lose_answers=0.0, stall_rate=0.0, graph_latency_max_ms=0)
    await bench.healed()


class GraphCalls:
    """The requests the simulator's Graph API got; each look asks only for what has changed since the last."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._calls: dict[int, dict[str, Any]] = {}
        self._revision = 0

    async def look(self) -> None:
        """Read what has changed."""
        query = {"changed_after": self._revision}
        answer = await self._bench.system.simulator.call("GET", "/sim/graph-log", **query)
        self._calls |= {call["seq"]: call for call in answer["calls"]}
        self._revision = answer["revision"]

    def hits(self, fault: str) -> int:
        """How many requests a fault has hit so far."""
        if fault in ("lost", "stalled"):
            return sum(1 for call in self._calls.values() if call["accepted"] and not call["answered"])
        return sum(1 for call in self._calls.values() if not call["accepted"])


async def token_expired(bench: Bench, seconds: float) -> None:
    """Meta refuses our token for so long."""
    await in_traffic(bench)
    await bench.system.simulator.switch(token_expired=True)
    try:
        await asyncio.sleep(seconds)
    finally:
        await bench.system.simulator.switch(token_expired=False)
    await bench.healed()


async def held(bench: Bench, way: Literal["killed", "terminated"], renewed: Literal["meanwhile", "later"]) -> None:
    """Meta refuses our token, messages are held, and their sender ends; a token that is good comes while it is away
    or after it is back."""
    await in_traffic(bench)
    calls = GraphCalls(bench)
    await calls.look()
    before = calls.hits("refused")
    await bench.system.simulator.switch(token_expired=True)

    async def hit() -> bool:
        await calls.look()
        return calls.hits("refused") > before

    sender = bench.system.processes["sender"]
    try:
        await bench.until(hit, 120.0, "a message refused for the token")
        await bench.some_written(bench.rng.randint(2, 8))
        if way == "killed":
            await sender.kill_and_wait()
        else:
            await end_orderly(bench, sender)
        if renewed == "meanwhile":
            await bench.system.simulator.switch(token_expired=False)
        await bench.start(sender)
        await bench.ready("sender")
        await bench.some_written(bench.rng.randint(0, 4))
    finally:
        await bench.system.simulator.switch(token_expired=False)
    await bench.healed()


async def webhooks(bench: Bench, **switches: Any) -> None:
    """Doubled, shuffled, batched: until some messages came through that way."""
    await in_traffic(bench)
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), **switches)
    await bench.heard(bench.rng.randint(10, 25))
    await bench.system.simulator.switch(duplicates=0.0, reorder=0.0, batch_items=1)
    await bench.healed()
