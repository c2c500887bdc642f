"""The register's home: the table `agents` in PostgreSQL. The only module of the broker that speaks to it.

In: drafts that keep the rules. Out: snapshots, each with the version it belongs to. While PostgreSQL is away every call
ends in `RegisterAway` within a bounded time, and the next one connects anew. Routing must never wait for this.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiopg
import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import SecretStr

from app.core.agent_rules import Draft, refuse_clashes
from app.core.agent_texts import read_texts
from app.core.events import EndOrdered, MoveOrdered
from app.core.hours import Hours, read_hours
from app.core.register import Agent, Register
from app.stores.audit import INSERT_ORDER, SELECT_CHANGES, SELECT_ORDERS, order_values

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK, PUBLISHING_LOCK = 7_202_411_001, 7_202_411_002
"""Advisory locks: any numbers do, as long as every worker uses the same ones."""

FIELDS = (
    "name",
    "read_topic",
    "write_topic",
    "error_topic",
    "description",
    "position",
    "hours",
    "closed_message",
    "welcome_message",
    "texts",
)
READ = ("id", *FIELDS, "draining", "active")
COLUMNS = ", ".join((*FIELDS, "active"))
PLACES = ", ".join(["%s"] * (len(FIELDS) + 1))
# Rows of the first generation may hold NULL: such an agent cannot be routed to, so it counts as inactive.
SELECT_AGENTS = """
    SELECT id, coalesce(name, ''), coalesce(read_topic, ''), coalesce(write_topic, ''), coalesce(error_topic, ''),
           description, position, hours::text, closed_message, welcome_message, texts::text, draining::text,
           coalesce(active = 1 AND least(length(name), length(read_topic), length(write_topic), length(error_topic)) > 0
                    AND name IS NOT NULL AND read_topic IS NOT NULL
                    AND write_topic IS NOT NULL AND error_topic IS NOT NULL, false)
    FROM agents ORDER BY id
"""

log = logging.getLogger("broker.register")


class RegisterAway(Exception):
    """PostgreSQL cannot be asked now; nothing is known to have changed, and the call may be repeated."""


class UnknownAgent(Exception):
    """No active agent has this id."""

    def __init__(self, agent_id: int) -> None:
        super().__init__(f"there is no agent {agent_id}")
        self.agent_id = agent_id


class RegisterStore:
    """The agents in PostgreSQL, through one connection that is opened when needed."""

    def __init__(self, dsn: SecretStr, *, seconds: float = 5.0, drain_seconds: float = 600.0) -> None:
        """`seconds` bounds each call, waiting for the connection included.

        A former out topic of a changed agent is to be read for at least `drain_seconds`.
        """
        self._dsn = dsn
        self._seconds = seconds
        self._drain_seconds = drain_seconds
        # One connection, one call at a time: the admin API is small, and nothing has to be guessed about a pool.
        self._turn = asyncio.Lock()
        self._connection: Any = None

    async def close(self) -> None:
        """Close the connection; the next call would open another."""
        async with self._turn:
            self._drop()

    async def migrate(self) -> None:
        """Bring the tables up to date; safe while other workers do the same. Raises RegisterAway."""
        async with self._transaction():
            pass

    async def check(self) -> str | None:
        """What keeps the register from being read, None when nothing does."""
        try:
            await self.snapshot()
        except RegisterAway as error:
            return str(error)
        return None

    async def snapshot(self) -> Register:
        """All agents, also inactive ones, with the version they belong to; raises RegisterAway."""
        async with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as cursor:
            return Register.of(await _agents(cursor), version=await _version(cursor))

    async def add(self, draft: Draft, actor: str = "") -> Agent:
        """Store a new agent; raises Clash when a name or topic is taken, RegisterAway.

        `actor` is whom the audit names, the user of the database when it is empty.
        """
        async with self._writing(actor) as cursor:
            refuse_clashes(draft, await _agents(cursor))
            statement = f"INSERT INTO agents ({COLUMNS}) VALUES ({PLACES}) RETURNING id"  # noqa: S608
            await cursor.execute(statement, _values(draft))
            (agent_id,) = await cursor.fetchone()
            return draft.as_agent(agent_id)

    async def change(self, agent_id: int, draft: Draft, actor: str = "") -> Agent:
        """Replace an agent; raises UnknownAgent, Clash when a name or topic is taken, RegisterAway.

        One that is not active is unknown, unless the draft says what it is to be.
        """
        async with self._writing(actor) as cursor:
            agents = await _agents(cursor)
            if not any(agent.id == agent_id and (agent.active or draft.active is not None) for agent in agents):
                raise UnknownAgent(agent_id)
            refuse_clashes(draft, agents, own_id=agent_id)
            statement = f"UPDATE agents SET ({COLUMNS}) = ({PLACES}) WHERE id = %s"  # noqa: S608
            await cursor.execute(statement, (*_values(draft), agent_id))
            return next(agent for agent in await _agents(cursor) if agent.id == agent_id)

    async def retire(self, agent_id: int, actor: str = "") -> bool:
        """Take an agent out of the menu, keeping its row; False when it was out already. Raises UnknownAgent."""
        async with self._writing(actor) as cursor:
            found = next((agent for agent in await _agents(cursor) if agent.id == agent_id), None)
            if found is None:
                raise UnknownAgent(agent_id)
            if found.active:
                await cursor.execute("UPDATE agents SET active = 0 WHERE id = %s", (agent_id,))
            return found.active

    async def leave(self, agent_id: int, topic: str) -> bool:
        """Take a former out topic out of the register; False when it was out already. Raises RegisterAway."""
        async with self._writing("broker") as cursor:
            statement = "UPDATE agents SET draining = draining - %s WHERE id = %s AND draining ? %s"
            await cursor.execute(statement, (topic, agent_id, topic))
            return bool(cursor.rowcount)

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """The newest changes of agents, the newest first; raises RegisterAway."""
        async with self._transaction("BEGIN READ ONLY") as cursor:
            await cursor.execute(SELECT_CHANGES, (limit,))
            return [json.loads(row) for (row,) in await cursor.fetchall()]

    async def orders(self, limit: int) -> list[dict[str, Any]]:
        """The newest orders about users, the newest first; raises RegisterAway."""
        async with self._transaction("BEGIN READ ONLY") as cursor:
            await cursor.execute(SELECT_ORDERS, (limit,))
            return [json.loads(row) for (row,) in await cursor.fetchall()]

    async def record_orders(self, orders: Iterable[MoveOrdered | EndOrdered]) -> None:
        """Write down orders about users, each id once; raises RegisterAway."""
        async with self._transaction() as cursor:
            for order in orders:
                await cursor.execute(INSERT_ORDER, order_values(order))

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        """Be the one worker that publishes the register, for as long as the block lasts; raises RegisterAway."""
        # A connection of its own: the lock ends with it whatever happens, and other calls need not wait meanwhile.
        async with self._bounded():
            connection = await self._connect()
            try:
                async with connection.cursor() as cursor:
                    await cursor.execute("SELECT pg_advisory_lock(%s)", (PUBLISHING_LOCK,))
            except BaseException:
                await connection.close()
                raise
        try:
            yield
        finally:
            await connection.close()

    @asynccontextmanager
    async def _writing(self, actor: str) -> AsyncIterator[Any]:
        # The table's own lock holds off other workers and statements made by hand alike; readers are not held off.
        async with self._transaction("BEGIN; LOCK TABLE agents IN SHARE ROW EXCLUSIVE MODE") as cursor:
            words = "SELECT set_config('broker.actor', %s, true), set_config('broker.drain_seconds', %s, true)"
            await cursor.execute(words, (actor, str(self._drain_seconds)))
            yield cursor

    @asynccontextmanager
    async def _transaction(self, begin: str = "BEGIN") -> AsyncIterator[Any]:
        async with self._bounded(), self._turn:
            cursor = await self._begun(begin)
            try:
                yield cursor
                await cursor.execute("COMMIT")
            except BaseException:
                # Rolls back on the server, and leaves no connection behind of which we do not know the state.
                self._drop()
                raise
            cursor.close()

    async def _begun(self, begin: str) -> Any:
        if self._connection is not None:
            try:
                return await self._execute(begin)
            except psycopg2.Error as error:
                log.info("the connection to PostgreSQL had ended (%s): connecting again", _words(error))
        self._drop()
        self._connection = await self._connect()
        try:
            # With every new connection: behind it may be another database, or the same one emptied.
            await self._migrate()
            return await self._execute(begin)
        except BaseException:
            self._drop()
            raise

    async def _execute(self, statement: str) -> Any:
        cursor = await self._connection.cursor()
        await cursor.execute(statement)
        return cursor

    async def _migrate(self) -> None:
        cursor = await self._execute("BEGIN")
        await cursor.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        await cursor.execute("CREATE TABLE IF NOT EXISTS broker_migrations (name text PRIMARY KEY, at timestamptz)")
        await cursor.execute("SELECT name FROM broker_migrations")
        done = {name for (name,) in await cursor.fetchall()}
        for path in sorted(MIGRATIONS.glob("*.sql")):
            if path.name not in done:
                await cursor.execute(path.read_text(encoding="utf-8"))
                await cursor.execute("INSERT INTO broker_migrations VALUES (%s, now())", (path.name,))
                log.info("register: migration %s applied", path.name)
        await cursor.execute("COMMIT")
        cursor.close()

    async def _connect(self) -> Any:
        dsn = await _resolved(self._dsn.get_secret_value())
        options = {"enable_hstore": False, "enable_json": False, "enable_uuid": False}
        return await aiopg.connect(dsn, timeout=self._seconds, application_name="whatsapp-broker", **options)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Give a call its time, and turn every failure of PostgreSQL into RegisterAway."""
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise RegisterAway(f"PostgreSQL did not answer within {self._seconds:g} s") from None
        except (psycopg2.Error, OSError) as error:
            raise RegisterAway(f"PostgreSQL cannot serve the register: {_words(error)}") from error
        except asyncio.CancelledError as error:
            # aiopg raises this also when the server cancels a statement, which must not look like our own end.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RegisterAway("PostgreSQL cancelled the statement") from error


async def _resolved(dsn: str) -> str:
    """The connection string with the host's addresses looked up; libpq would stop the whole worker meanwhile."""
    try:
        parts = parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        # The driver's own message quotes the string, which holds the password.
        raise RegisterAway("BROKER_POSTGRES_DSN is no connection string that PostgreSQL understands") from None
    host = parts.get("host", "")
    if "hostaddr" in parts or not host or host.startswith(("/", "@")) or "," in host:
        return dsn
    found = await asyncio.get_running_loop().getaddrinfo(host, None)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return str(make_dsn(dsn, host=",".join([host] * len(addresses)), hostaddr=",".join(addresses)))


async def _agents(cursor: Any) -> list[Agent]:
    await cursor.execute(SELECT_AGENTS)
    rows = [dict(zip(READ, row, strict=True)) for row in await cursor.fetchall()]
    read = {"hours": _hours, "texts": _texts, "draining": _draining}
    return [Agent(**row | {field: reader(row) for field, reader in read.items()}) for row in rows]


def _hours(row: dict[str, Any]) -> Hours | None:
    try:
        return None if row["hours"] is None else read_hours(json.loads(row["hours"]))
    except ValueError as error:
        # Only a statement made by hand writes such hours; one row must not keep the other agents from the workers.
        log.error("the hours of agent %d in PostgreSQL are none, so it counts as always open: %s", row["id"], error)
        return None


def _texts(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    texts, wrong = read_texts(json.loads(row["texts"]))
    for name, reason in wrong:
        # As above: a statement made by hand. The broker's own sentence stands for it.
        log.error("the texts of agent %d in PostgreSQL: %s %s", row["id"], name, reason)
    return texts


def _draining(row: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    try:
        return tuple(sorted((topic, float(until)) for topic, until in json.loads(row["draining"]).items()))
    except (AttributeError, TypeError, ValueError) as error:
        # As above: a statement made by hand.
        log.error("the former topics of agent %d in PostgreSQL are not understood: %s", row["id"], error)
        return ()


async def _version(cursor: Any) -> int:
    await cursor.execute("SELECT version FROM register_version")
    (version,) = await cursor.fetchone()
    return int(version)


def _values(draft: Draft) -> tuple[Any, ...]:
    hours = json.dumps(draft.hours.to_dict()) if draft.hours else None
    written = {"hours": hours, "texts": json.dumps(dict(draft.texts))}
    values = (written[field] if field in written else getattr(draft, field) for field in FIELDS)
    return (*values, 0 if draft.active is False else 1)


def _words(error: BaseException) -> str:
    """The first line of a driver's message, or what kind of error it is."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
