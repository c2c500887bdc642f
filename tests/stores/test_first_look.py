"""Stores that are away are named when a process starts, with what goes on without them."""

import logging

import pytest

from app.processes.stores import look_at_stores
from app.settings import Settings


@pytest.fixture
def nowhere() -> Settings:
    return Settings.model_validate(
        {
            "postgres_dsn": "host=127.0.0.1 port=1 dbname=broker_db user=postgres",
            "redis_url": "redis://127.0.0.1:1/0",
            "mongo_url": "mongodb://127.0.0.1:1",
        }
    )


@pytest.mark.parametrize(
    ("process", "stores"),
    [("broker", {"PostgreSQL", "Redis"}), ("chat", {"MongoDB", "Redis"}), ("webhook", set()), ("sender", set())],
)
async def test_each_store_that_is_away_is_one_line(
    nowhere: Settings, process: str, stores: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="broker.process"):
        assert set(await look_at_stores(nowhere, process)) == stores
    lines = [record.getMessage() for record in caplog.records if record.name == "broker.process"]
    assert len(lines) == len(stores)
    assert all("starting without it" in line and "\n" not in line for line in lines)
