"""The audit of orders about users on a real PostgreSQL and the embedded Kafka."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiopg
import pytest
from pydantic import SecretStr

from agents.auditor import Auditor
from app.core.events import EndOrdered, MoveOrdered
from app.core.identity import User
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.reader import TopicReader
from app.settings import Settings
from app.stores.audit import SELECT_ORDERS
from app.stores.register import RegisterStore
from app.topics import TopicSpec, ensure_topics
from app.wire import write_event
from tests.stores.kafka_support import running_kafka, until, write

USER = User.at("106", "5511999990000", None, "Ana")
MOVE = MoveOrdered(id="m", user=USER, at=1_790_000_000.5, agent=2, note="secret", actor="ana", before=1)
END = EndOrdered(id="e", user=USER, at=1_790_000_001.0, actor="ben", before=None)


@pytest.fixture
async def server() -> AsyncIterator[Postgres]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="orders-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        server = Postgres(free_port(), Path(name) / "postgres")
        await server.start()
        yield server
        await server.stop()


@pytest.fixture
async def store(server: Postgres) -> AsyncIterator[RegisterStore]:
    store = RegisterStore(SecretStr(server.dsn), seconds=2.0)
    yield store
    await store.close()


async def test_an_order_about_a_user_is_written_down_once(store: RegisterStore) -> None:
    await store.record_orders([MOVE, END])
    await store.record_orders([MOVE])
    first = {"actor": "ben", "action": "end", "user": USER.key, "from": None, "to": None, "order": "e"}
    second = {"actor": "ana", "action": "move", "user": USER.key, "from": 1, "to": 2, "order": "m"}
    found = await store.orders(10)
    assert [{name: row[name] for name in row if name not in ("id", "at")} for row in found] == [first, second]
    assert [row["at"] for row in found] == [1_790_000_001.0, 1_790_000_000.5]
    assert await store.orders(1) == found[:1]
    assert "secret" not in str(found)


async def test_the_newest_orders_are_found_without_sorting_all(server: Postgres, store: RegisterStore) -> None:
    await store.migrate()
    async with aiopg.connect(server.dsn) as connection, connection.cursor() as cursor:
        await cursor.execute("""
            INSERT INTO orders_audit (at, actor, action, user_key, order_id)
            SELECT to_timestamp(n % 1000), 'ana', 'end', 'user', n::text FROM generate_series(1, 20000) n
        """)
        await cursor.execute("ANALYZE orders_audit")
        await cursor.execute("EXPLAIN " + SELECT_ORDERS, (10,))
        plan = " ".join(line for (line,) in await cursor.fetchall())
    assert "Index Scan" in plan and "Sort" not in plan


async def test_an_order_given_while_postgres_is_away_is_written_down_afterwards(
    server: Postgres, store: RegisterStore
) -> None:
    await store.migrate()
    async with running_kafka() as kafka:
        settings = Settings(_env_file=None, kafka=[kafka.bootstrap], embedded_kafka=True, app_id="orders")
        await ensure_topics(settings, [TopicSpec("control", 1)])
        auditor = Auditor(store)
        async with TopicReader(settings, "audit", auditor.handle, ["control"]) as reader:
            await write(kafka.bootstrap, "control", [write_event(MOVE)])
            await until(lambda: auditor.counts["recorded"] == 1, what=lambda: reader.failing)
            await server.stop()
            await write(kafka.bootstrap, "control", [write_event(END), write_event(END)])
            await until(lambda: "RegisterAway" in (reader.failing or ""), what=lambda: reader.failing)
            await server.start()
            await until(lambda: auditor.counts["recorded"] == 3, what=lambda: reader.failing)
    assert [row["order"] for row in await store.orders(10)] == ["e", "m"]
