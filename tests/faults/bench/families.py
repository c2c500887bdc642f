"""The families of faults: what strikes, on what sort of system.

In: a bench in the midst of conversations. Out: one strike after another, drawn from the bench's seed; each has struck
and healed, by conditions, when its function returns.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.faults.bench import file_strikes, outages, strikes
from tests.faults.bench.bench import Bench
from tests.faults.bench.kafka_log import PARTITIONS
from tests.faults.bench.plan import Habits

Strike = Callable[[Bench], Awaitable[None]]
BROKER_PARTITIONS = PARTITIONS * 6
"""Of one broker worker that is alone: four routed topics and two changelogs."""
CLOCKS = ("broker-0", "broker-1", "sender", "webhook")
HANDFUL_MAX = 13
WORKERS = ("broker-0", "broker-1", "broker-2")


@dataclass(frozen=True, slots=True)
class Family:
    """Strikes that belong together."""

    strikes: Sequence[Strike]
    system: dict[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    ordered: bool = True
    kafka: str = ""
    """Which Kafka it needs; empty: any."""

    @property
    def handful(self) -> int:
        """Faults that strike in each of the family's ways once, as far as that is quick."""
        return min(max(len(self.strikes), 3), HANDFUL_MAX)

    async def strike(self, bench: Bench, number: int) -> None:
        """The strike of this number: by turns in an order drawn from the bench's seed."""
        order = list(self.strikes)
        bench.order_rng(number // len(order)).shuffle(order)
        await order[number % len(order)](bench)


def kill(*names: str) -> list[Strike]:
    """kill -9 of one process."""
    return [partial(strikes.kill, name=name) for name in names]


def term(*names: str) -> list[Strike]:
    """SIGTERM to one process."""
    return [partial(strikes.terminate, name=name) for name in names]


def point(name: str, *points: str) -> list[Strike]:
    """A process ends at named points."""
    return [partial(strikes.end_at, name=name, point=one) for one in points]


def away(name: str, *ways: outages.Way) -> list[Strike]:
    """A store goes away in one of some ways."""
    return [partial(outages.store_away, name=name, way=way) for way in ways]


def graph(fault: str, **switches: Any) -> Strike:
    """Something is wrong with the Graph API."""
    return partial(outages.graph, fault=fault, **switches)


GRAPH: list[Strike] = [
    graph("lost", lose_answers=0.2),
    graph("refused", errors=[{"code": 130429, "http_status": 429, "rate": 0.3}]),
    graph("refused", errors=[{"code": 131056, "http_status": 400, "rate": 0.2}]),
    graph("refused", errors=[{"code": 131000, "http_status": 500, "rate": 0.3}]),
    graph("refused", errors=[{"code": 131026, "http_status": 400, "rate": 0.2}]),
    graph("stalled", stall_rate=0.2, stall_seconds=30.0),
    partial(outages.token_expired, seconds=60.0),
]
HELD: list[Strike] = [
    partial(outages.held, way="killed", renewed="later"),
    partial(outages.held, way="killed", renewed="meanwhile"),
    partial(outages.held, way="terminated", renewed="later"),
]
WEBHOOKS: list[Strike] = [
    partial(outages.webhooks, duplicates=0.5),
    partial(outages.webhooks, reorder=0.5),
    partial(outages.webhooks, batch_items=10, duplicates=0.3),
    partial(outages.webhooks, batch_items=5, reorder=0.5),
]
STORES: list[Strike] = [
    *away("valkey", "paused", "stopped", "killed", "slow"),
    *away("postgres", "paused", "stopped", "killed", "slow", "emptied"),
    *away("mongo", "paused", "stopped", "killed", "slow"),
]
EMPTIED: list[Strike] = [*away("valkey", "emptied"), *away("mongo", "emptied")]
"""Apart: of a store that was emptied nobody can say afterwards whether it ever had everything."""
POINTS: list[Strike] = [
    *point("broker-0", "effects_acknowledged", "session_written", "state_written", "bridge_carried"),
    *point("webhook", "webhook_taken"),
    *point("sender", "answer_unread", "request_unwritten", "outcome_noted"),
    partial(strikes.end_at_refusal, name="sender", point="outcome_reported"),
]
FREEZE_BROKER = [
    partial(strikes.freeze, name=one, survivor=other, partitions=BROKER_PARTITIONS)
    for one, other in (("broker-0", "broker-1"), ("broker-1", "broker-0"))
]
MEDIA: list[Strike] = [
    partial(file_strikes.ended, way="killed"),
    partial(file_strikes.ended, way="killed", times=2),
    partial(file_strikes.ended, way="terminated"),
    partial(strikes.kill_together, names=("media", "webhook", "broker-0")),
    partial(file_strikes.refused, errors=[{"code": 131000, "http_status": 500, "rate": 0.5, "on": "media"}]),
    partial(file_strikes.refused, media_url_seconds=0),
    file_strikes.directory_away,
]
PROCESSES = ("broker-0", "sender", "webhook", "chat")
KAFKA: list[Strike] = [partial(outages.kafka_away, seconds=seconds) for seconds in (5, 30, 90)]
MIXED: list[Strike] = [
    *kill("broker-0", "broker-1", "sender", "webhook", "chat"),
    partial(strikes.kill_together, names=PROCESSES),
    *term("broker-0", "broker-1", "sender", "webhook", "chat"),
    *POINTS,
    *FREEZE_BROKER,
    strikes.freeze_sender,
    partial(strikes.leave_and_come_back, names=("broker-0", "broker-1")),
    *[partial(strikes.wipe, name=one) for one in ("broker-0", "sender")],
    *STORES,
    *GRAPH,
    *HELD,
    *WEBHOOKS,
    *KAFKA[:2],
]
MIXED_SYSTEM: dict[str, Any] = {"brokers": 2, "senders": 2, "chat": True, "BROKER_TABLE_STORE": "rocksdb"}
LIVELY = Habits(bursts=True, late=True)
FAMILIES: dict[str, Family] = {
    # The two that wait longest go first: several run side by side.
    "kafka": Family(KAFKA),
    "media": Family(MEDIA, {"media": True}, Habits(pictures=True)),
    "kill": Family([*kill(*PROCESSES), partial(strikes.kill_together, names=PROCESSES)], {"chat": True}),
    "term": Family(
        [*term(*PROCESSES), *[partial(strikes.terminate_without_kafka, name=one) for one in PROCESSES]], {"chat": True}
    ),
    "points": Family(POINTS),
    "workers": Family([partial(strikes.join_and_leave, names=WORKERS)], {"brokers": 3}),
    "frozen": Family([*FREEZE_BROKER, strikes.freeze_sender], {"brokers": 2, "senders": 2}),
    "stores": Family(STORES, {"chat": True}),
    "emptied": Family(EMPTIED, {"chat": True}),
    "graph": Family(GRAPH),
    "held": Family(HELD, {"senders": 2}),
    "webhooks": Family(WEBHOOKS, habits=LIVELY, ordered=False),
    "disk": Family(
        [partial(strikes.wipe, name=one) for one in ("broker-0", "sender")], {"BROKER_TABLE_STORE": "rocksdb"}
    ),
    "clocks": Family([partial(strikes.change_clock, name=one) for one in CLOCKS], {"brokers": 2}),
    "node": Family([outages.kafka_node_away], kafka="apache3"),
    "mixed": Family(MIXED, MIXED_SYSTEM, LIVELY, ordered=False),
    "mixed_nodes": Family(
        [*MIXED, *[outages.kafka_node_away] * 5], MIXED_SYSTEM, LIVELY, ordered=False, kafka="apache3"
    ),
}
