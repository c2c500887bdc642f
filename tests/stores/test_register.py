"""The register on a real PostgreSQL: shapes of the first generation, versions, clashes, absence."""

import asyncio
from dataclasses import replace
from typing import Any

import aiopg
import pytest
from pydantic import SecretStr

from app.core.agent_rules import Clash, Draft
from app.core.register import Agent
from app.embedded.postgres import Postgres
from app.stores.register import MIGRATIONS, RegisterAway, RegisterStore, UnknownAgent
from tests.stores.register_support import HELP, SALES, sql

FIRST_GENERATION = """
    CREATE TABLE agents (
        id bigserial, name varchar(100), read_topic varchar(100), write_topic varchar(100), error_topic varchar(100),
        active int default 1
    );
    INSERT INTO agents (name, read_topic, write_topic, error_topic)
    VALUES ('Agent A', 'agent_A-in', 'agent_A-out', 'agent_A-error'), ('Half', 'half-in', NULL, 'half-error');
"""


async def test_agents_are_stored_and_read_back_in_menu_order(store: RegisterStore) -> None:
    sales, help_desk = await store.add(SALES), await store.add(HELP)
    register = await store.snapshot()
    assert register.agents == (help_desk, sales)
    assert (sales.id, sales.position, help_desk.description) == (1, 2, "Ask us")
    assert register.version == 3


async def test_every_change_raises_the_version_also_one_made_by_hand(store: RegisterStore, dsn: SecretStr) -> None:
    versions = [(await store.snapshot()).version]
    agent = await store.add(SALES)
    versions.append((await store.snapshot()).version)
    await store.change(agent.id, HELP)
    versions.append((await store.snapshot()).version)
    await sql(dsn, "UPDATE agents SET name = 'By hand'")
    versions.append((await store.snapshot()).version)
    assert await store.retire(agent.id)
    versions.append((await store.snapshot()).version)
    await sql(dsn, "DELETE FROM agents")
    versions.append((await store.snapshot()).version)
    assert versions == [1, 2, 3, 4, 5, 6]
    assert not (await store.snapshot()).agents


async def test_a_version_is_not_seen_before_its_agents(store: RegisterStore, dsn: SecretStr) -> None:
    """A change that is not committed yet shows neither its agent nor its number, and holds up no reader."""
    await store.migrate()
    async with aiopg.connect(dsn.get_secret_value()) as connection, connection.cursor() as cursor:
        await cursor.execute("BEGIN; INSERT INTO agents VALUES (50, 'Open', 'o-in', 'o-out', 'o-error')")
        before = await store.snapshot()
        await cursor.execute("COMMIT")
    after = await store.snapshot()
    assert (before.version, before.agents) == (1, ())
    assert (after.version, [agent.id for agent in after.agents]) == (2, [50])


async def test_the_table_of_the_first_generation_is_kept(store: RegisterStore, dsn: SecretStr) -> None:
    await sql(dsn, FIRST_GENERATION)
    register = await store.snapshot()
    first, half = register.agents
    assert first == Agent(
        id=1, name="Agent A", read_topic="agent_A-in", write_topic="agent_A-out", error_topic="agent_A-error"
    )
    assert (half.active, half.write_topic) == (False, "")
    assert (await store.add(SALES)).id == 3
    await sql(dsn, "INSERT INTO agents (name, read_topic, write_topic, error_topic) VALUES ('B', 'b1', 'b2', 'b3')")
    assert [agent.name for agent in (await store.snapshot()).active] == ["Agent A", "B", "Sales"]


async def test_workers_that_start_at_once_migrate_once(dsn: SecretStr) -> None:
    stores = [RegisterStore(dsn, seconds=20) for _ in range(6)]
    await asyncio.gather(*(store.migrate() for store in stores))
    done = await sql(dsn, "SELECT name FROM broker_migrations ORDER BY name")
    assert done == [(path.name,) for path in sorted(MIGRATIONS.glob("*.sql"))]
    assert await sql(dsn, "SELECT version FROM register_version") == [(1,)]
    await asyncio.gather(*(store.close() for store in stores))


async def test_of_two_workers_that_take_a_name_at_once_one_is_refused(dsn: SecretStr) -> None:
    stores = [RegisterStore(dsn, seconds=20) for _ in range(4)]
    answers = await asyncio.gather(*(store.add(SALES) for store in stores), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Agent", "Clash", "Clash", "Clash"]
    assert await sql(dsn, "SELECT count(*) FROM agents") == [(1,)]
    for store in stores:
        await store.close()


async def test_change_and_retire_refuse_what_is_not_there_or_taken(store: RegisterStore) -> None:
    sales, help_desk = await store.add(SALES), await store.add(HELP)
    with pytest.raises(Clash, match=r"name: is taken by agent 1 \(Sales\)"):
        await store.change(help_desk.id, SALES)
    for call in (store.change(99, SALES), store.retire(99)):
        with pytest.raises(UnknownAgent):
            await call
    assert await store.retire(sales.id)
    assert not await store.retire(sales.id)
    with pytest.raises(UnknownAgent):
        await store.change(sales.id, SALES)
    assert (await store.change(help_desk.id, SALES)).id == help_desk.id


async def test_a_retired_agent_stays_in_the_snapshot(store: RegisterStore) -> None:
    agent = await store.add(SALES)
    await store.retire(agent.id)
    register = await store.snapshot()
    assert register.active == ()
    found = register.agent(agent.id)
    assert found is not None and found.name == "Sales"


async def test_texts_reach_the_table_as_they_are(store: RegisterStore) -> None:
    """Quotes, percent signs and letters of any script are data, never SQL."""
    draft = Draft(
        name="'); DROP --%s%", read_topic="a", write_topic="b", error_topic="c", description="ção 🙂 \\ %(x)s"
    )
    await store.add(draft)
    (agent,) = (await store.snapshot()).agents
    assert (agent.name, agent.description) == (draft.name, draft.description)


async def test_every_change_leaves_a_row_of_the_audit(store: RegisterStore, dsn: SecretStr) -> None:
    agent = await store.add(SALES)
    await store.change(agent.id, HELP)
    await store.retire(agent.id)
    await sql(dsn, "DELETE FROM agents")
    rows = await sql(
        dsn,
        "SELECT agent_id, before->>'name', after->>'name', before->'active', after->'active'"
        " FROM agents_audit ORDER BY id",
    )
    assert rows == [
        (1, None, "Sales", None, 1),
        (1, "Sales", "Help", 1, 1),
        (1, "Help", "Help", 1, 0),
        (1, "Help", None, 0, None),
    ]
    assert await sql(dsn, "SELECT DISTINCT actor = session_user FROM agents_audit") == [(True,)]


async def test_the_audit_names_who_acted_for_one_transaction_only(store: RegisterStore) -> None:
    agent = await store.add(SALES, "ana")
    await store.change(agent.id, replace(HELP, active=False), "o'brien")
    with pytest.raises(UnknownAgent):
        await store.change(agent.id, SALES, "ana")
    assert (await store.change(agent.id, replace(SALES, active=True))).active
    await store.retire(agent.id, "bob")
    changes = await store.audit(10)
    assert [change["actor"] for change in changes] == ["bob", "postgres", "o'brien", "ana"]
    newest = changes[0]
    assert (newest["agent_id"], newest["before"]["active"], newest["after"]["active"]) == (agent.id, 1, 0)
    assert newest["at"] > 1_700_000_000
    assert await store.audit(1) == changes[:1]


async def test_after_a_restart_of_postgres_the_next_call_works(store: RegisterStore, server: Postgres) -> None:
    agent = await store.add(SALES)
    await server.restart()
    assert (await store.snapshot()).agents == (agent,)


async def test_a_postgres_that_comes_back_empty_gets_its_tables(store: RegisterStore, server: Postgres) -> None:
    await store.add(SALES)
    await server.restart(empty=True)
    assert (await store.snapshot()).agents == ()
    assert (await store.add(HELP)).name == "Help"


async def test_without_postgres_calls_end_in_register_away_and_heal(store: RegisterStore, server: Postgres) -> None:
    await store.add(SALES)
    await server.kill()
    for _ in range(2):
        with pytest.raises(RegisterAway, match="PostgreSQL cannot serve the register"):
            await store.snapshot()
    assert await store.check() is not None
    await server.start()
    assert await store.check() is None
    assert len((await store.snapshot()).agents) == 1


async def test_a_postgres_that_hangs_costs_bounded_time(dsn: SecretStr, server: Postgres) -> None:
    store = RegisterStore(dsn, seconds=0.5)
    await store.migrate()
    server.pause()
    try:
        clock = asyncio.get_running_loop().time
        begun = clock()
        with pytest.raises(RegisterAway, match=r"did not answer within 0\.5 s"):
            await store.snapshot()
        with pytest.raises(RegisterAway):
            await store.add(SALES)
        assert clock() - begun < 3
    finally:
        server.resume()
    assert (await store.add(SALES)).name == "Sales"
    await store.close()


async def test_a_table_locked_by_hand_is_register_away_and_heals(dsn: SecretStr) -> None:
    store = RegisterStore(dsn, seconds=0.5)
    await store.migrate()
    async with aiopg.connect(dsn.get_secret_value()) as connection, connection.cursor() as cursor:
        await cursor.execute("BEGIN; LOCK TABLE agents IN EXCLUSIVE MODE")
        with pytest.raises(RegisterAway):
            await store.add(SALES)
        assert (await store.snapshot()).agents == ()
        await cursor.execute("COMMIT")
    await store.add(SALES)
    assert len((await store.snapshot()).agents) == 1
    await store.close()


async def test_a_statement_the_server_cancels_does_not_look_like_our_own_end(dsn: SecretStr) -> None:
    slow = SecretStr(dsn.get_secret_value() + " options='-c statement_timeout=200'")
    store = RegisterStore(slow)
    await store.migrate()
    async with aiopg.connect(dsn.get_secret_value()) as connection, connection.cursor() as cursor:
        await cursor.execute("BEGIN; LOCK TABLE agents IN ACCESS EXCLUSIVE MODE")
        handled: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))
        with pytest.raises(RegisterAway, match="cancelled"):
            await store.snapshot()
        await cursor.execute("COMMIT")
    await store.close()


async def test_one_worker_at_a_time_publishes(dsn: SecretStr) -> None:
    first, second = RegisterStore(dsn), RegisterStore(dsn, seconds=0.5)
    await first.migrate()
    async with first.publishing():
        assert (await first.snapshot()).version == 1
        with pytest.raises(RegisterAway):
            async with second.publishing():
                pytest.fail("two workers publish at once")
    async with second.publishing():
        pass
    await first.close()
    await second.close()


@pytest.mark.parametrize("text", ["host", "postgres://broker:hunter2@h:x/y", "password=hunter2 wrong"])
async def test_a_wrong_connection_string_is_not_quoted(text: str) -> None:
    with pytest.raises(RegisterAway) as caught:
        await RegisterStore(SecretStr(text), seconds=2).snapshot()
    assert "hunter2" not in str(caught.value)


async def test_a_host_name_is_looked_up_beside_the_loop(dsn: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def lookup(host: str, *_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    named = SecretStr(dsn.get_secret_value().replace("host=127.0.0.1", "host=register.invalid"))
    store = RegisterStore(named)
    assert (await store.snapshot()).version == 1
    assert asked == ["register.invalid"]
    await store.close()


async def test_a_wrong_password_is_register_away(dsn: SecretStr) -> None:
    store = RegisterStore(SecretStr(dsn.get_secret_value() + "x"))
    with pytest.raises(RegisterAway, match="password authentication failed"):
        await store.snapshot()
