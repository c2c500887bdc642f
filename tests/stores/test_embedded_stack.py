"""The four services together: what they hand out, and that nothing is left of them."""

import fcntl
import json
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded import stack as module
from app.embedded.environment import Credentials, Ports
from app.embedded.ports import PortTaken
from app.embedded.stack import Stack, remove_abandoned
from app.settings import Settings


async def test_the_environment_is_what_settings_read(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials(access_token="given", app_secrets=("one", "two"))
    async with Stack(partitions=3, ports=Ports(webhook=5005), credentials=credentials) as stack:
        environment = stack.environment()
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = Settings(_env_file=None)
        assert settings.kafka == [stack.kafka.bootstrap]
        assert settings.embedded_kafka is True
        assert settings.redis_url.get_secret_value() == stack.valkey.url
        assert settings.postgres_dsn.get_secret_value() == stack.postgres.dsn
        assert settings.mongo_url.get_secret_value() == stack.mongo.url
        assert settings.partitions == 3
        assert settings.webhook_port == 5005
        assert settings.simulator_webhook_url == "http://127.0.0.1:5005/webhook"
        assert settings.graph_url == f"http://127.0.0.1:{settings.simulator_port}"
        assert settings.access_token.get_secret_value() == "given"
        assert [one.get_secret_value() for one in settings.app_secrets] == ["one", "two"]
        assert len(json.loads(environment["BROKER_ADMIN_TOKENS"])) == 1
        assert len(settings.chat_secret.get_secret_value()) == 64
        assert settings.data_dir.is_relative_to(stack.data_dir)
    assert set(environment) <= {f"BROKER_{name.upper()}" for name in Settings.model_fields}


async def test_nothing_is_left_of_a_stack() -> None:
    async with Stack() as stack:
        processes = psutil.Process().children(recursive=True)
        # PostgreSQL starts short-lived workers, which may be gone before they are asked.
        names = set()
        for one in processes:
            with suppress(psutil.NoSuchProcess):
                names.add(one.name())
        assert {"tansu", "postgres", "valkey-server"} <= names
        assert stack.data_dir.exists()
    assert not stack.data_dir.exists()
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert not alive


async def test_a_stack_that_cannot_start_stops_what_it_started() -> None:
    async with Stack() as first:
        second = Stack(redis_port=first.valkey.port)
        with pytest.raises(PortTaken, match="valkey"):
            await second.start()
        assert not any(service.running for service in second.services)
        assert not second.data_dir.exists()
        assert all(service.running for service in first.services)


def test_secrets_are_not_in_a_repr_and_differ_each_time() -> None:
    one, two = Credentials().completed(), Credentials().completed()
    assert one.access_token != two.access_token
    assert one.admin_tokens != two.admin_tokens
    shown = repr(one)
    hidden = (one.access_token, one.verify_token, one.chat_secret, *one.app_secrets, *one.admin_tokens)
    assert not any(secret in shown for secret in hidden)


def test_only_directories_of_dead_runs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, living, foreign = (tmp_path / f"{module.PREFIX}{name}" for name in ("dead", "living", "foreign"))
    for directory in (dead, living, foreign):
        directory.mkdir()
    for directory in (dead, living):
        (directory / module.LOCK).write_text("")
    with (living / module.LOCK).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove_abandoned() == [dead]
    assert living.exists()
    assert foreign.exists()
    assert not dead.exists()
