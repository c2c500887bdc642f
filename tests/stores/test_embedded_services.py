"""Each embedded service: answers its own client, keeps or forgets its data as promised, survives pause and kill -9."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiopg
import motor.motor_asyncio
import psycopg2
import pytest
import redis.asyncio as redis
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.embedded.kafka import EmbeddedKafka
from app.embedded.mongo import Mongo
from app.embedded.ports import PortTaken, free_port
from app.embedded.postgres import Postgres, closed_directory
from app.embedded.process import ProcessFailed
from app.embedded.service import Service
from app.embedded.valkey import Valkey


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that every user may enter, unlike pytest's own: root runs PostgreSQL as nobody."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
async def kafka(directory: Path) -> AsyncIterator[EmbeddedKafka]:
    async with EmbeddedKafka(free_port(), directory / "kafka") as service:
        yield service


@pytest.fixture
async def valkey(directory: Path) -> AsyncIterator[Valkey]:
    async with Valkey(free_port(), directory / "valkey") as service:
        yield service


@pytest.fixture
async def mongo(directory: Path) -> AsyncIterator[Mongo]:
    async with Mongo(free_port(), directory / "mongo") as service:
        yield service


@pytest.fixture
async def postgres(directory: Path) -> AsyncIterator[Postgres]:
    async with Postgres(free_port(), directory / "postgres") as service:
        yield service


async def kafka_topics(kafka: EmbeddedKafka) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def test_kafka_takes_topics_and_records_and_forgets_them_when_it_stops(kafka: EmbeddedKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("greetings", 2, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    first = await producer.send_and_wait("greetings", b"hello", key=b"ana")
    await producer.stop()
    assert first.offset == 0
    assert "greetings" in await kafka_topics(kafka)

    kafka.pause()
    kafka.resume()
    assert "greetings" in await kafka_topics(kafka)

    await kafka.restart()
    assert "greetings" not in await kafka_topics(kafka)


async def valkey_get(valkey: Valkey, name: str) -> object:
    client: redis.Redis = redis.from_url(valkey.url)
    try:
        return await client.get(name)
    finally:
        await client.aclose()


async def test_valkey_keeps_its_data_over_stop_and_kill_and_can_be_emptied(valkey: Valkey) -> None:
    client: redis.Redis = redis.from_url(valkey.url)
    await client.set("agent", "sales")
    await client.aclose()
    await valkey.restart()
    assert await valkey_get(valkey, "agent") == b"sales"
    await valkey.kill()
    assert not valkey.running
    await valkey.start()
    assert await valkey_get(valkey, "agent") == b"sales"
    await valkey.restart(empty=True)
    assert await valkey_get(valkey, "agent") is None


async def test_a_paused_valkey_hangs_and_goes_on_when_resumed(valkey: Valkey) -> None:
    client: redis.Redis = redis.from_url(valkey.url, socket_timeout=0.3, retry=None)
    await client.set("agent", "sales")
    valkey.pause()
    with pytest.raises(redis.TimeoutError):
        await client.get("agent")
    valkey.resume()
    assert await client.get("agent") == b"sales"
    await client.aclose()


async def postgres_run(postgres: Postgres, *statements: str) -> list[tuple[object, ...]]:
    async with aiopg.connect(postgres.dsn) as connection, connection.cursor() as cursor:
        for statement in statements:
            await cursor.execute(statement)
        return list(await cursor.fetchall())


async def test_postgres_keeps_its_data_over_stop_and_kill_and_can_be_emptied(postgres: Postgres) -> None:
    making = "CREATE TABLE agent (name text)", "INSERT INTO agent VALUES ('olá')"
    assert await postgres_run(postgres, *making, "SELECT name FROM agent") == [("olá",)]
    assert await postgres_run(postgres, "SELECT current_database()") == [("broker_db",)]
    before = postgres.dsn
    await postgres.restart()
    assert postgres.dsn == before
    await postgres.kill()
    await postgres.start()
    assert await postgres_run(postgres, "SELECT name FROM agent") == [("olá",)]
    await postgres.restart(empty=True)
    assert await postgres_run(postgres, "SELECT to_regclass('agent')::text") == [(None,)]


async def test_postgres_wants_its_password(postgres: Postgres) -> None:
    wrong = " ".join(word for word in postgres.dsn.split() if not word.startswith("password="))
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        async with aiopg.connect(wrong + " password=guess"):
            pass


async def test_a_paused_postgres_hangs_on_open_connections_too(postgres: Postgres) -> None:
    async with aiopg.connect(postgres.dsn, timeout=10) as connection, connection.cursor() as cursor:
        postgres.pause()
        query = asyncio.create_task(cursor.execute("SELECT 1"))
        done, _ = await asyncio.wait({query}, timeout=0.3)
        assert not done
        postgres.resume()
        await query
        assert await cursor.fetchone() == (1,)


async def test_postgres_closed_directories_are_found(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert closed_directory(closed) is not None
    assert closed_directory(Path("/")) is None


async def mongo_texts(mongo: Mongo) -> list[str]:
    client: motor.motor_asyncio.AsyncIOMotorClient = motor.motor_asyncio.AsyncIOMotorClient(mongo.url)
    try:
        return [found["text"] async for found in client.chat.messages.find().sort("text", 1)]
    finally:
        client.close()


async def test_mongo_keeps_its_data_over_stop_and_kill_and_can_be_emptied(mongo: Mongo) -> None:
    client: motor.motor_asyncio.AsyncIOMotorClient = motor.motor_asyncio.AsyncIOMotorClient(mongo.url)
    await client.chat.messages.insert_many([{"text": "b"}, {"text": "a"}])
    client.close()
    await mongo.restart()
    assert await mongo_texts(mongo) == ["a", "b"]
    await mongo.kill()
    await mongo.start()
    assert await mongo_texts(mongo) == ["a", "b"]
    await mongo.restart(empty=True)
    assert await mongo_texts(mongo) == []


async def test_a_taken_port_and_a_second_start_are_refused(directory: Path, valkey: Valkey) -> None:
    other = Valkey(valkey.port, directory / "other")
    with pytest.raises(PortTaken, match=f"port {valkey.port} on 127.0.0.1, wanted for valkey, is in use"):
        await other.start()
    with pytest.raises(ProcessFailed, match="runs already"):
        await valkey.start()
    with pytest.raises(ProcessFailed, match="still runs"):
        valkey.erase()


async def test_a_service_that_cannot_start_says_why(directory: Path) -> None:
    class Broken(Valkey):
        def argv(self) -> list[str]:
            return [*super().argv(), "--maxmemory", "nonsense"]

    broken: Service = Broken(free_port(), directory / "broken")
    with pytest.raises(ProcessFailed, match=r"valkey ended with exit code 1 (.|\n)*maxmemory"):
        await broken.start()
    assert not broken.running
