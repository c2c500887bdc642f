"""The families of faults: what strikes, on what sort of system.

In: a bench in the midst of conversations. Out: one strike after another, drawn from the bench's seed; each has struck
and healed, by conditions, when its function returns.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.faults.bench import outages, strikes
from tests.faults.bench.bench import Bench
from tests.faults.bench.kafka_log import PARTITIONS
from tests.faults.bench.plan import Habits

Strike = Callable[[Bench], Awaitable[None]]
BROKER_PARTITIONS = PARTITIONS * 6
"""Of one broker worker that is alone: four routed topics and two changelogs."""
WORKERS = ("broker-0", "broker-1", "broker-2")


@dataclass(frozen=True, slots=True)
class Family:
    """Strikes that belong together."""

    strikes: Sequence[Strike]
    system: dict[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    ordered: bool = True
    broker: str = ""
    """Which Kafka it needs; empty: any."""

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
    graph("refused", token_expired=True),
]
WEBHOOKS: list[Strike] = [
    partial(outages.webhooks, duplicates=0.5),
    partial(outages.webhooks, reorder=0.5),
    partial(outages.webhooks, batch_items=10, duplicates=0.3),
    partial(outages.webhooks, batch_items=5, reorder=0.5),
]
STORES: list[Strike] = [
    *away("valkey", "paused", "killed", "stopped"),
    *away("postgres", "paused", "stopped", "killed"),
]
POINTS: list[Strike] = [
    *point("broker-0", "effects_acknowledged", "session_written", "state_written", "bridge_carried"),
    *point("webhook", "webhook_taken"),
    *point("sender", "answer_unread", "request_unwritten", "outcome_reported"),
]
FREEZE_BROKER = [
    partial(strikes.freeze, name=one, survivor=other, partitions=BROKER_PARTITIONS)
    for one, other in (("broker-0", "broker-1"), ("broker-1", "broker-0"))
]
FAMILIES: dict[str, Family] = {
    "kill_broker": Family(kill("broker-0")),
    "kill_sender": Family(kill("sender")),
    "kill_webhook": Family(kill("webhook")),
    "kill_chat": Family(kill("chat"), {"chat": True}),
    "term_broker": Family(term("broker-0")),
    "term_sender": Family(term("sender")),
    "term_webhook": Family(term("webhook")),
    "term_chat": Family(term("chat"), {"chat": True}),
    "point_effects": Family(point("broker-0", "effects_acknowledged")),
    "point_session": Family(point("broker-0", "session_written")),
    "point_state": Family(point("broker-0", "state_written")),
    "point_bridge": Family(point("broker-0", "bridge_carried")),
    "point_webhook": Family(point("webhook", "webhook_taken")),
    "point_answer": Family(point("sender", "answer_unread")),
    "point_request": Family(point("sender", "request_unwritten")),
    "point_outcome": Family(point("sender", "outcome_reported")),
    "join_leave": Family([partial(strikes.join_and_leave, names=WORKERS)], {"brokers": 3}),
    "freeze_broker": Family(FREEZE_BROKER, {"brokers": 2}),
    "freeze_sender": Family([strikes.freeze_sender], {"senders": 2}),
    "kafka_away": Family([partial(outages.kafka_away, seconds=seconds) for seconds in (5, 30, 90)]),
    "redis_away": Family(away("valkey", "paused", "stopped", "killed", "emptied"), {"chat": True}),
    "postgres_away": Family(away("postgres", "paused", "stopped", "killed", "emptied")),
    "mongo_away": Family(away("mongo", "paused", "stopped", "killed", "emptied"), {"chat": True}),
    "graph": Family(GRAPH),
    "webhooks": Family(WEBHOOKS, habits=Habits(bursts=True, late=True), ordered=False),
    "disk_wiped": Family(
        [partial(strikes.wipe, name=name) for name in ("broker-0", "sender")], {"BROKER_TABLE_STORE": "rocksdb"}
    ),
    "clocks": Family(
        [partial(strikes.change_clock, name=name) for name in ("broker-0", "broker-1", "sender", "webhook")],
        {"brokers": 2},
    ),
    "handful": Family([*kill("broker-0", "sender", "webhook"), *POINTS, partial(outages.kafka_away, seconds=5)]),
    "mixed": Family(
        [
            *kill("broker-0", "broker-1", "sender", "webhook", "chat"),
            *term("broker-0", "broker-1", "sender", "webhook", "chat"),
            *POINTS,
            *FREEZE_BROKER,
            *STORES,
            *GRAPH,
            *WEBHOOKS,
            partial(outages.kafka_away, seconds=5),
            partial(outages.kafka_away, seconds=30),
        ],
        {"brokers": 2, "chat": True},
        Habits(bursts=True, late=True),
        ordered=False,
    ),
}
