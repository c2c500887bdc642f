"""What the tests of the register share: two agents to be, and statements made by hand."""

from typing import Any

import aiopg
from pydantic import SecretStr

from app.core.agent_rules import Draft

SALES = Draft(name="Sales", read_topic="sales-in", write_topic="sales-out", error_topic="sales-error", position=2)
HELP = Draft(name="Help", read_topic="help-in", write_topic="help-out", error_topic="help-error", description="Ask us")


async def sql(dsn: SecretStr, statement: str) -> list[Any]:
    """What a statement made by hand answers."""
    async with aiopg.connect(dsn.get_secret_value()) as connection, connection.cursor() as cursor:
        await cursor.execute(statement)
        return list(await cursor.fetchall()) if cursor.description else []
