"""The registry of topics: every topic we read or write, with its partitions and settings.

In: the settings and the agents. Out: names, and topics that exist with the right number of partitions. Nothing is left
to a broker's auto-creation, which picks a number of its own.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    NotControllerError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
    for_code,
)

from app.core.register import Agent
from app.kafka_client import ANSWER_SECONDS
from app.settings import Settings

RECORD_MAX = 8 * 1024 * 1024
"""Bytes of the largest record: a 3 MB webhook in base64 inside JSON, with room."""

SENDS_KEPT_DAYS = 30
"""Days after which the sender's row of a user who was written nothing is forgotten, so that rows do not grow with
all the users there ever were. Longer than Kafka keeps `outbox`: the rows say what was done of it.
"""

HEALING = frozenset(error.errno for error in (RequestTimedOutError, NotControllerError, InvalidReplicationFactorError))
"""A controller that is being chosen, and nodes that are not there yet when a cluster starts."""

log = logging.getLogger("broker.topics")


class TopicsError(Exception):
    """Topics that cannot be used; the text names each and what to do."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic; `fixed` means another number of partitions is an error."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)
    fixed: bool = True


class Topics:
    """The names of the broker's own topics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        prefix = settings.topic_prefix
        self.webhook = f"{prefix}webhook"
        self.replies = f"{prefix}replies"
        self.sent = f"{prefix}sent"
        self.control = f"{prefix}control"
        self.outbox = f"{prefix}outbox"
        self.quarantine = f"{prefix}quarantine"
        self.account = f"{prefix}account"
        self.quarantine_marks = f"{prefix}quarantine-marks"
        self.register = f"{prefix}agents"
        self.sessions_changelog = f"{settings.app_id}-sessions-changelog"
        self.windows_changelog = f"{settings.app_id}-windows-changelog"
        self.sends_changelog = f"{settings.app_id}-sender-sends-changelog"

    @property
    def routed(self) -> tuple[str, ...]:
        """The keyed topics the router reads as one."""
        return self.webhook, self.replies, self.sent, self.control

    def own(self) -> list[TopicSpec]:
        """Every topic of the broker itself."""
        keyed = (*self.routed, self.outbox, self.quarantine, self.account)
        wide = {"max.message.bytes": str(RECORD_MAX)}
        compacted = {"cleanup.policy": "compact", "max.message.bytes": str(RECORD_MAX)}
        aging = {**compacted, "cleanup.policy": "compact,delete", "retention.ms": str(SENDS_KEPT_DAYS * 86_400_000)}
        partitions = self._settings.partitions
        return [
            *(TopicSpec(name, partitions, wide) for name in keyed),
            *(TopicSpec(name, partitions, compacted) for name in (self.sessions_changelog, self.windows_changelog)),
            TopicSpec(self.sends_changelog, partitions, aging),
            TopicSpec(self.register, 1, compacted),
            TopicSpec(self.quarantine_marks, 1, compacted),
        ]

    def is_own(self, name: str) -> bool:
        """Whether it is one of the broker's own topics."""
        return name in {spec.name for spec in self.own()}

    def reserved(self, name: str) -> bool:
        """Whether a topic name belongs to the broker, so that no agent may have it."""
        return name.startswith(self._settings.app_id + "-") or self.is_own(name)


def agent_topics(agent: Agent, settings: Settings) -> list[TopicSpec]:
    """The three topics of an agent; they may exist already with any number of partitions.

    An agent writes without a key: only in one partition do its records keep their order.
    """
    wide = {"max.message.bytes": str(RECORD_MAX)}
    return [
        TopicSpec(name, 1 if name == agent.write_topic else settings.partitions, wide, fixed=False)
        for name in agent.topics
    ]


async def ensure_topics(settings: Settings, specs: Iterable[TopicSpec], within: float = 30.0) -> None:
    """Create what is missing and check the rest, within so many seconds; raises TopicsError."""
    wanted = {spec.name: spec for spec in specs}
    refusals: list[Exception] = []
    try:
        async with asyncio.timeout(within):
            found = await _create_and_count(settings, wanted, refusals)
    except TimeoutError as error:
        servers = ", ".join(settings.kafka)
        raise TopicsError(
            f"Kafka at {servers} did not create or show the topics within {within:.0f} s"
            f" ({refusals[-1] if refusals else 'no answer'}); check that it runs and that BROKER_KAFKA is right"
        ) from error
    wrong = [
        f"topic {name} has {found[name]} partitions, not {spec.partitions}"
        for name, spec in wanted.items()
        if spec.fixed and found[name] != spec.partitions
    ]
    if wrong:
        raise TopicsError(
            "; ".join(wrong) + ": users would move between partitions. Set BROKER_PARTITIONS to the number the topics"
            " have, or use another BROKER_TOPIC_PREFIX and BROKER_APP_ID"
        )


async def count_partitions(settings: Settings, names: Iterable[str]) -> dict[str, int]:
    """The partitions of those topics that exist; raises KafkaError when Kafka is away."""
    admin = AIOKafkaAdminClient(bootstrap_servers=list(settings.kafka), request_timeout_ms=int(ANSWER_SECONDS * 1000))
    try:
        await admin.start()
        return await _count(admin, names)
    finally:
        await admin.close()


async def _count(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    # Only those in the list of all topics: asking for one by name makes some brokers create it.
    existing = set(await admin.list_topics())
    asked = [name for name in names if name in existing]
    # An empty question would be answered with every topic there is.
    described = await admin.describe_topics(asked) if asked else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}


async def _create_and_count(
    settings: Settings, wanted: dict[str, TopicSpec], refusals: list[Exception]
) -> dict[str, int]:
    """Create what is missing and count, as often as it takes, noting each refusal; the caller bounds the time.

    A Kafka that is only starting refuses, and in a cluster the client may ask the one node that is away.
    """
    with _quiet_client() as quiet:
        for attempt in itertools.count():
            try:
                return await _try_to_create_and_count(settings, wanted)
            except (KafkaError, OSError) as error:
                refusals.append(error)
                if attempt == 0:
                    log.info("waiting for Kafka at %s (%s)", ", ".join(settings.kafka), type(error).__name__)
                    quiet()
                await asyncio.sleep(0.5)
    raise AssertionError("unreachable")


async def _try_to_create_and_count(settings: Settings, wanted: dict[str, TopicSpec]) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=list(settings.kafka), request_timeout_ms=int(ANSWER_SECONDS * 1000))
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        for spec in (spec for spec in wanted.values() if spec.name not in existing):
            await _create(admin, spec, settings.replication)
        while True:
            found = await _count(admin, wanted)
            if all(found.get(name) for name in wanted):
                return found
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


class _Repeats(logging.Filter):
    """Silences the client, which would say the same twice a second, while anybody waits for Kafka."""

    waiting = 0

    def filter(self, record: logging.LogRecord) -> bool:
        return not self.waiting


_REPEATS = _Repeats()


@contextlib.contextmanager
def _quiet_client() -> Iterator[Callable[[], None]]:
    """Hands out what silences the client for the rest of the block."""
    logging.getLogger("aiokafka").addFilter(_REPEATS)
    silenced = 0

    def silence() -> None:
        nonlocal silenced
        silenced += 1
        _REPEATS.waiting += 1

    try:
        yield silence
    finally:
        _REPEATS.waiting -= silenced


def _safe(replication: int) -> dict[str, str]:
    """How many copies must have a record before it counts as acknowledged: all but one, where one may be lost.

    Kafka's default is one copy, and with its node an acknowledged record would be gone.
    """
    return {"min.insync.replicas": str(replication - 1)} if replication > 2 else {}


async def _create(admin: AIOKafkaAdminClient, spec: TopicSpec, replication: int) -> None:
    topic = NewTopic(
        name=spec.name,
        num_partitions=spec.partitions,
        replication_factor=replication,
        topic_configs={**spec.config, **_safe(replication)},
    )
    answer = await admin.create_topics([topic])
    for name, code, *message in answer.topic_errors:
        if code in HEALING:
            raise for_code(code)(f"topic {name}: {' '.join(map(str, message))}")
        if code not in (0, TopicAlreadyExistsError.errno):
            raise TopicsError(f"Kafka refused to create topic {name}: error {code} {' '.join(map(str, message))}")
