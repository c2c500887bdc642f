"""The way of a message without Kafka: the webhook's intake, the router and its state, with a list for a log.

In: bodies of webhooks. Out: what agents read, what is sent, what is put aside. Everything but Kafka is the real part.
"""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import orjson
from pydantic import SecretStr

from agents.router import Router
from app.core.identity import User
from app.core.register import Agent
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.producing import Producer, Record
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.topics import Topics
from tables.users import Users
from tests.unit.histories import NOW, REGISTER
from web.webhook import Intake

SECRET = "the-app-secret"


class Log:
    """Every record written, in order; each acknowledged after others have had their turn."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def produce_all(self, records: Iterable[Record]) -> None:
        """Take records."""
        await asyncio.sleep(0)
        self.records += records

    async def produce(self, topic: str, value: bytes, key: bytes | None = None, headers: Any = None) -> None:
        """Take one record."""
        await self.produce_all([Record(topic, value, key, headers)])


class Known:
    """What is known of the users, as JSON, as in the tables."""

    def __init__(self) -> None:
        self._rows: dict[bytes, tuple[bytes | None, bytes | None]] = {}

    def load(self, key: bytes) -> State:
        """A user's state."""
        session, window = self._rows.get(key, (None, None))
        return State(
            session=Session.from_dict(orjson.loads(session)) if session else None,
            window=Window.from_dict(orjson.loads(window)) if window else None,
        )

    def connect(self, key: bytes, agent: Agent) -> None:
        """Put a user with an agent."""
        session = Session(since=NOW, agent=agent.id)
        self._rows[key] = orjson.dumps(session.to_dict()), self._rows.get(key, (None, None))[1]

    def point(self, key: bytes, home: bytes) -> None:
        """Make a key a signpost to another."""
        window = Window(user=User(key=key.decode(), phone_number_id="1"), home=home.decode())
        self._rows[key] = None, orjson.dumps(window.to_dict())

    async def store(self, key: bytes, old: State, new: State) -> None:
        """Keep a user's state."""
        session = orjson.dumps(new.session.to_dict()) if new.session else None
        self._rows[key] = session, orjson.dumps(new.window.to_dict()) if new.window else None


class Line:
    """A webhook and a router, one behind the other."""

    def __init__(self, rules: Rules | None = None) -> None:
        settings = Settings(_env_file=None, app_secrets=[SecretStr(SECRET)])
        self.topics = Topics(settings)
        self.log, self.known = Log(), Known()
        producer = cast(Producer, self.log)
        feed = cast(RegisterFeed, SimpleNamespace(register=REGISTER))
        self.intake = Intake(settings, self.topics, producer)
        self.router = Router(self.topics, rules or Rules(), feed, producer, cast(Users, self.known))
        self._read = 0

    async def post(self, *bodies: bytes, at: float = NOW) -> None:
        """Let bodies in at the same time, and the router read what they made of them `at` seconds UTC."""
        assert all(await asyncio.gather(*map(self.intake.take, bodies)))
        await self.run(at)

    async def run(self, at: float = NOW) -> None:
        """Let the router read what it has not yet read."""
        while self._read < len(self.log.records):
            record = self.log.records[self._read]
            self._read += 1
            if record.topic in self.topics.routed:
                await self.router.handle(_event(record, self._read, at))

    def forget(self) -> None:
        """Begin a new log; what is known of the users stays."""
        self.log.records.clear()
        self.intake.counts.clear()
        self._read = 0

    def of(self, topic: str) -> list[dict[str, Any]]:
        """The records of a topic as JSON."""
        return [orjson.loads(record.value) for record in self.log.records if record.topic == topic]

    def heard(self, topic: str) -> list[tuple[str, str]]:
        """What an agent read on a topic: type and text."""
        return [(str(record.get("type", record.get("code"))), str(record["text"])) for record in self.of(topic)]

    def reasons(self) -> list[str]:
        """Why things were put aside."""
        return [record["reason"] for record in self.of(self.topics.quarantine)]


def _event(record: Record, offset: int, at: float) -> Any:
    headers = list((record.headers or {}).items())
    message = SimpleNamespace(
        topic=record.topic,
        partition=0,
        offset=offset,
        key=record.key,
        value=record.value,
        headers=headers,
        timestamp=at,
    )
    return SimpleNamespace(message=message)
