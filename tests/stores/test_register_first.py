"""The first generation's table is taken over in place, and the SQL of docs/register.md finds what our rules forbid."""

import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiopg
import pytest
from pydantic import SecretStr

from app.core.agent_rules import Draft
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.stores.register import RegisterStore

DOCUMENT = (Path(__file__).parents[2] / "docs" / "register.md").read_text()
SECTION = DOCUMENT.split("## From the first generation")[1].split("\n## ")[0]
FILLED = """
    CREATE TABLE agents (
        id bigserial, name varchar(100), read_topic varchar(100), write_topic varchar(100), error_topic varchar(100),
        active int default 1
    );
    INSERT INTO agents (name, read_topic, write_topic, error_topic, active) VALUES
        ('Agent A', 'agent_A-in', 'agent_A-out', 'agent_A-error', 1),
        ('Gone', 'agent_A-in', 'x y', NULL, 0),
        ('A name that is far too long', 'c-in', 'c-out', 'c-error', 1),
        ('42', 'd-in', 'd out', 'd-error', 1),
        (' agent a', 'e-in', 'e-in', NULL, 1),
        ('F', 'c-out', 'f-out', 'f-error', 1);
"""


@pytest.fixture
async def dsn() -> AsyncIterator[SecretStr]:
    """A PostgreSQL with the first generation's table."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="first-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        server = Postgres(free_port(), Path(name) / "postgres")
        await server.start()
        await sql(SecretStr(server.dsn), FILLED)
        yield SecretStr(server.dsn)
        await server.stop()


async def sql(dsn: SecretStr, statement: str) -> list[Any]:
    """What a statement made by hand answers."""
    async with aiopg.connect(dsn.get_secret_value()) as connection, connection.cursor() as cursor:
        await cursor.execute(statement)
        return list(await cursor.fetchall()) if cursor.description else []


async def test_what_the_rules_forbid_is_found_and_the_table_taken_over(dsn: SecretStr) -> None:
    (statement,) = re.findall(r"```sql\n(.*?)```", SECTION, re.DOTALL)
    found = await sql(dsn, statement)
    expected = [
        (1, "another agent has the name"),
        (3, "another agent has one of the topics"),
        (3, "the name must have 1 to 24 characters"),
        (4, "a topic is missing or no name Kafka allows"),
        (4, "the name must not be a number"),
        (5, "a topic is missing or no name Kafka allows"),
        (5, "another agent has the name"),
        (5, "two of its topics are the same"),
        (6, "another agent has one of the topics"),
    ]
    assert sorted((number, problem) for number, _, problem in found) == sorted(expected)

    store = RegisterStore(dsn)
    register = await store.snapshot()
    assert [(agent.id, agent.active) for agent in register.agents] == [
        (1, True),
        (2, False),
        (3, True),
        (4, True),
        (5, False),
        (6, True),
    ]
    first = register.agent(1)
    assert first is not None and first.topics == ("agent_A-in", "agent_A-out", "agent_A-error")
    mended = Draft(name="C", read_topic="c-in", write_topic="c-new", error_topic="c-error")
    assert (await store.change(3, mended, "ana")).draining[0][0] == "c-out"
    assert (await store.add(Draft(name="G", read_topic="g1", write_topic="g2", error_topic="g3"))).id == 7
    assert await sql(dsn, statement.replace("a.active = 1", "a.id = 3")) == [], "mended"
    await store.close()
