"""A real PostgreSQL for the tests of the register; files that need another one have fixtures of their own."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.stores.register import RegisterStore
from tests.stores.register_support import sql


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="register-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Postgres(free_port(), Path(name) / "postgres")


@pytest.fixture
async def dsn(server: Postgres) -> AsyncIterator[SecretStr]:
    """A running server without any table."""
    await server.start()
    await sql(SecretStr(server.dsn), "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield SecretStr(server.dsn)
    await server.stop()


@pytest.fixture
async def store(dsn: SecretStr) -> AsyncIterator[RegisterStore]:
    store = RegisterStore(dsn)
    yield store
    await store.close()
