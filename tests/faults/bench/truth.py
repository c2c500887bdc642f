"""Everything known at the end of a run, from three independent sources: the players, Kafka, the phones.

In: a quiet system and its players. Out: one `Truth`, read whole, for the verdict.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.core.identity import user_key
from app.core.register import Register
from app.core.rules import Rules
from app.settings import Settings
from app.topics import Topics
from tests.faults.bench.kafka_log import read_whole
from tests.faults.bench.plan import Reply, Written
from tests.faults.bench.players import EchoProgram, UserPlayer
from tests.system.system import System


def broker_settings() -> Settings:
    """The settings of which the bench needs names and rules; the environment has no say."""
    return Settings(_env_file=None)


@dataclass(slots=True)
class UserTruth:
    """What concerns one user."""

    address: str
    key: str
    expected: dict[str, list[str]] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    phone: list[dict[str, Any]] = field(default_factory=list)
    """Messages of the business on the phone, in the order they came, with the mark of each."""


@dataclass(slots=True)
class Truth:
    """A whole run."""

    topics: Topics
    register: Register
    rules: Rules
    users: dict[str, UserTruth]
    records: dict[str, list[Any]]
    replies: list[Reply]
    ordered: bool
    """Whether users' messages reach the webhook in the order in which they wrote."""
    _by_key: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def of_key(self, topic: str) -> dict[str, list[Any]]:
        """The records of a keyed topic by user key, in order."""
        found = self._by_key.get(topic)
        if found is None:
            found = self._by_key[topic] = defaultdict(list)
            for record in self.records[topic]:
                found[(record.key or b"").decode()].append(record)
        return found

    def last_values(self, topic: str) -> dict[str, Any]:
        """What a changelog leaves of each key."""
        last: dict[str, Any] = {}
        for record in self.records[topic]:
            last[record.key.decode()] = orjson.loads(record.value) if record.value else None
        return {key: value for key, value in last.items() if value is not None}


async def gather_truth(
    system: System, players: list[UserPlayer], programs: list[EchoProgram], written: list[Written], *, ordered: bool
) -> Truth:
    """Read everything once."""
    settings = broker_settings()
    topics = Topics(settings)
    number = system.stack.credentials.phone_number_id
    agents = list(system.agents.values())
    names = [spec.name for spec in topics.own()]
    names += [agent[field] for agent in agents for field in ("read_topic", "write_topic", "error_topic")]
    records = await read_whole(system.stack.kafka.bootstrap, names)
    registers = [Register.from_dict(orjson.loads(one.value)) for one in records[topics.register]]
    users: dict[str, UserTruth] = {}
    for player in players:
        address = player.phone.address
        user = UserTruth(address, user_key(number, address, None), dict(player.plan.expected))
        user.written = [one for one in written if one.user == address]
        user.phone = [_with_mark(message) for message in await player.received()]
        users[user.key] = user
    replies = [reply for program in programs for reply in program.replies]
    return Truth(topics, registers[-1], settings.rules, users, records, replies, ordered)


def _with_mark(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "mark": orjson.loads(message["raw"].get("biz_opaque_callback_data") or b"{}")}
