"""Compose file, image and gateway fit together and fit the settings, as far as that shows without Docker."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.__main__ import _parser
from app.core.media import LARGEST
from app.embedded.apache_kafka import VERSION as KAFKA_VERSION
from app.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "whatsapp-broker:0.1.0"}
SCALED = ("webhook", "broker", "sender", "chat")
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
SECRET = re.compile(r"(PASSWORD|TOKENS?|SECRETS?|AUTH)$")


def _example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _environment(name: str) -> dict[str, str]:
    """A service's variables as compose would fill them in after `make env`."""
    values = {key: value or f"made-up-{key.lower()}" for key, value in _example().items()}

    def fill(found: re.Match[str]) -> str:
        variable, kind, default = found.groups()
        return values.get(variable) or (default if kind == "-" else "")

    return {key: VARIABLE.sub(fill, str(value)) for key, value in SERVICES[name].get("environment", {}).items()}


def _settings(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    for variable in [*Settings.model_fields]:
        monkeypatch.delenv(f"BROKER_{variable.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env
    for variable, value in _environment(name).items():
        monkeypatch.setenv(variable, value)
    return load_settings()


def test_our_processes_are_all_there() -> None:
    assert set(OURS) == {"topics", "webhook", "broker", "sender", "media", "chat", "simulator"}
    [subcommands] = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    for name, service in OURS.items():
        assert service["command"] == [name]
        assert name in subcommands.choices


@pytest.mark.parametrize("name", OURS)
def test_a_process_gets_settings_it_can_use(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _settings(name, monkeypatch, tmp_path)
    assert settings.kafka == ["kafka:19092"]
    assert settings.partitions == int(_example()["BROKER_PARTITIONS"])
    assert not settings.embedded_kafka
    assert settings.profile == "production"
    if name in SCALED:
        port = getattr(settings, f"{name}_port")
        assert SERVICES[name]["environment"]["HEALTH_URL"] == f"http://127.0.0.1:{port}/ready"


def test_addresses_name_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broker = _settings("broker", monkeypatch, tmp_path)
    assert "host=postgres port=5432" in broker.postgres_dsn.get_secret_value()
    assert broker.redis_url.get_secret_value().endswith("@redis:6379/0")
    chat = _settings("chat", monkeypatch, tmp_path)
    assert "@mongo:27017/" in chat.mongo_url.get_secret_value()
    simulator = _settings("simulator", monkeypatch, tmp_path)
    assert simulator.simulator_webhook_url == "http://webhook:5000/webhook"
    assert simulator.simulator_host == "0.0.0.0"
    assert _settings("sender", monkeypatch, tmp_path).graph_url == f"http://simulator:{simulator.simulator_port}"


def test_each_process_gets_its_own_secrets_only() -> None:
    allowed = {
        "topics": set(),
        "webhook": {"BROKER_APP_SECRETS", "BROKER_VERIFY_TOKEN"},
        "broker": {"BROKER_ADMIN_TOKENS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"},
        "sender": {"BROKER_ACCESS_TOKEN"},
        "media": {"BROKER_ACCESS_TOKEN", "BROKER_MEDIA_TOKENS"},
        "chat": {"BROKER_CHAT_SECRET", "MONGO_PASSWORD", "REDIS_PASSWORD"},
        "simulator": {"BROKER_ACCESS_TOKEN", "BROKER_APP_SECRETS"},
    }
    for name, service in OURS.items():
        used = {found[0] for found in VARIABLE.findall(str(service["environment"]))}
        assert {variable for variable in used if SECRET.search(variable)} == allowed[name], name


def test_no_secret_stands_in_the_file_or_in_the_example() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not SECRET.search(variable) or VARIABLE.fullmatch(str(value)), f"{name}: {variable}"
    assert [variable for variable, value in _example().items() if SECRET.search(variable) and value] == []


def test_the_example_names_every_variable_and_no_other() -> None:
    used = {found[0] for found in VARIABLE.findall((ROOT / "docker-compose.yaml").read_text())}
    assert used | {"COMPOSE_PROFILES"} == set(_example())
    assert _example()["COMPOSE_PROFILES"] in SERVICES["simulator"]["profiles"]


def test_an_empty_secret_stops_compose() -> None:
    guarded = {found[0] for found in VARIABLE.findall((ROOT / "docker-compose.yaml").read_text()) if found[1] == "?"}
    assert {variable for variable in _example() if SECRET.search(variable)} <= guarded


def test_everything_starts_in_the_order_of_health() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other] or other in OURS, (
                    f"{name} waits for {other}, which has no check"
                )
    assert SERVICES["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    for name in SCALED:
        assert SERVICES[name]["depends_on"]["topics"]["condition"] == "service_completed_successfully"


def test_scaled_processes_hold_no_port_and_no_volume() -> None:
    for name in SCALED:
        assert not {"ports", "container_name", "hostname"} & set(SERVICES[name]), name
        # Files are shared on purpose, by processes that expect it.
        assert SERVICES[name].get("volumes", []) == (
            SERVICES["media"]["volumes"] if name in ("sender", "chat") else []
        ), name


def test_files_are_on_a_volume_under_the_published_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    media = _settings("media", monkeypatch, tmp_path)
    [volume], [port] = SERVICES["media"]["volumes"], SERVICES["media"]["ports"]
    name, place = volume.split(":")
    for other in ("sender", "chat"):
        assert _settings(other, monkeypatch, tmp_path).media_dir == media.media_dir
    assert name in COMPOSE["volumes"] and media.media_dir.is_relative_to(place)
    assert port.endswith(f":{media.media_port}:{media.media_port}")
    assert SERVICES["media"]["environment"]["HEALTH_URL"] == f"http://127.0.0.1:{media.media_port}/ready"
    assert _settings("broker", monkeypatch, tmp_path).media_url == f"http://127.0.0.1:{media.media_port}"


def test_the_gateway_leads_to_processes() -> None:
    ways = re.findall(r"set \$workers http://(\w+):(\d+);", (ROOT / "docker" / "gateway.conf").read_text())
    settings = Settings()
    assert {(name, getattr(settings, f"{name}_port")) for name in ("webhook", "chat", "broker")} == {
        (name, int(port)) for name, port in ways
    }
    published = {str(port).rsplit(":", 1)[1] for port in SERVICES["gateway"]["ports"]}
    assert published == {port for _, port in ways}


def test_the_gateway_lets_through_what_the_processes_take() -> None:
    servers = (ROOT / "docker" / "gateway.conf").read_text().split("server {")[1:]
    most = {
        port: int(megabytes) * 1024 * 1024
        for server in servers
        for port in re.findall(r"listen (\d+);", server)
        for megabytes in re.findall(r"client_max_body_size (\d+)m;", server)
    }
    assert most["5000"] >= Settings().webhook_max_bytes
    assert most["7000"] > max(LARGEST.values())


def test_the_pages_know_that_the_gateway_stands_before_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("chat", "broker"):
        assert _settings(name, monkeypatch, tmp_path).proxies == 1
    assert "X-Forwarded-For $proxy_add_x_forwarded_for;" in (ROOT / "docker" / "gateway.conf").read_text()


def test_nothing_is_published_to_other_machines_unasked() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert port.startswith(("127.0.0.1:", "${PUBLISH_ADDRESS:-127.0.0.1}:")), f"{name}: {port}"
    assert _example()["PUBLISH_ADDRESS"] == "127.0.0.1"


def test_kafka_is_the_one_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_named_volumes_are_declared() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_image_holds_every_file_the_code_reads() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    packed = {path for package, globs in patterns.items() for glob in globs for path in (ROOT / package).glob(glob)}
    dockerfile, ignored = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text().splitlines()
    for package in ("app", "agents", "tables", "web"):
        assert f"COPY {package} ./{package}\n" in dockerfile
        assert f"!{package}" in ignored
        files = (path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        assert [path for path in files if path.suffix not in (".py", ".pyc") and path not in packed] == []


def test_no_secret_file_reaches_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in ignored if not line.startswith("#")) == "*"
    assert not any(line.startswith("!.env") for line in ignored)
