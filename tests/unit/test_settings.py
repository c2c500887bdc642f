"""The environment, read once: every mistake is named, no secret is shown."""

import os
from pathlib import Path

import pytest

from app.__main__ import main
from app.core.media import LARGEST_FETCHED
from app.core.rules import Rules
from app.settings import Settings, SettingsError, load_settings, unknown_settings

SECRETS = {
    "BROKER_ACCESS_TOKEN": "hidden-token",
    "BROKER_APP_SECRETS": "hidden-one, hidden-two",
    "BROKER_VERIFY_TOKEN": "hidden-verify",
    "BROKER_ADMIN_TOKENS": '["hidden-admin"]',
    "BROKER_POSTGRES_DSN": "host=db password=hidden-password",
    "BROKER_REDIS_URL": "redis://:hidden-redis@cache/0",
    "BROKER_MONGO_URL": "mongodb://u:hidden-mongo@docs",
    "BROKER_CHAT_SECRET": "hidden-chat",
    "BROKER_MEDIA_TOKENS": "hidden-media",
}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours, and a directory without an .env file."""
    for name in [name for name in os.environ if name.startswith("BROKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """The settings of an environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_without_any_variable_the_defaults_are_whole() -> None:
    settings = load_settings()
    assert (settings.webhook_port, settings.broker_port, settings.sender_port) == (5000, 8000, 8001)
    assert settings.kafka_url == "aiokafka://127.0.0.1:9092"
    assert settings.profile == "production"


def test_the_default_rules_are_those_of_the_rules_themselves() -> None:
    assert load_settings().rules == Rules(texts=load_settings().texts)


@pytest.mark.parametrize("value", ["a:1,b:2", " a:1 , b:2 ,", '["a:1", "b:2"]', ' ["a:1","b:2"]'])
def test_a_list_is_words_or_json(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    settings = load(monkeypatch, BROKER_KAFKA=value)
    assert settings.kafka == ["a:1", "b:2"]
    assert settings.kafka_url == "aiokafka://a:1;aiokafka://b:2"


def test_secrets_are_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **SECRETS)
    assert settings.access_token.get_secret_value() == "hidden-token"
    assert [one.get_secret_value() for one in settings.app_secrets] == ["hidden-one", "hidden-two"]
    assert [one.get_secret_value() for one in settings.admin_tokens] == ["hidden-admin"]
    assert "hidden" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BROKER_WEBHOOK_PORT", "0"),
        ("BROKER_PARTITIONS", "many"),
        ("BROKER_GRAPH_VERSION", "25"),
        ("BROKER_PRODUCE_SECONDS", "6"),
        ("BROKER_SEND_LIFE_SECONDS", "0"),
        ("BROKER_TABLE_STORE", "paper"),
        ("BROKER_KAFKA", "[broken"),
        ("BROKER_TOPIC_PREFIX", "a b"),
        ("BROKER_TEXT_MENU_BUTTON", "x" * 21),
        ("BROKER_TEXT_FAREWELL", "Bye {nobody}"),
        ("BROKER_TEXT_FAREWELL", "Bye {user"),
        ("BROKER_TEXT_FAREWELL", "Bye {0}"),
        ("BROKER_TEXT_FAREWELL", "Bye {user.name}"),
        ("BROKER_TEXT_FAREWELL", "Bye {user:>999999999}"),
        ("BROKER_TEXT_MENU", ""),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"wrong settings: {name}: "):
        load(monkeypatch, **{name: value})


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, BROKER_WEBHOOK_PORT="x", BROKER_PARTITIONS="0", BROKER_APP_SECRETS="[hidden")
    for name in ("BROKER_WEBHOOK_PORT", "BROKER_PARTITIONS", "BROKER_APP_SECRETS"):
        assert name in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None, "pydantic's own error would show the values"


def test_sentences_and_rules_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        BROKER_TEXT_TRANSFERRING="Um momento, {agent}",
        BROKER_EXIT_WORDS="#exit, sair",
        BROKER_SESSION_SECONDS="600",
        BROKER_KEPT_MESSAGES="3",
    )
    assert settings.rules.texts.transferring == "Um momento, {agent}"
    assert settings.rules.is_exit("  SAIR ")
    assert (settings.rules.session_seconds, settings.rules.kept_messages) == (600, 3)


def test_an_env_file_is_read_and_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BROKER_WEBHOOK_PORT=5001\nBROKER_BROKER_PORT=8011\nBROKER_TEXT_STALE=old\n")
    settings = load(monkeypatch, BROKER_WEBHOOK_PORT="5002")
    assert (settings.webhook_port, settings.broker_port, settings.texts.stale) == (5002, 8011, "old")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load_settings(), "webhook_port", 1)  # noqa: B010 - mypy knows it is frozen


def test_misspelt_variables_are_found() -> None:
    environment = dict.fromkeys(
        ["BROKER_WEBHOK_PORT", "BROKER_TEXT_MENUE", "BROKER_KAFKA", "BROKER_TEXT_MENU", "BROKER_TEST_KAFKA", "HOME"],
        "x",
    )
    assert unknown_settings(environment) == ["BROKER_TEXT_MENUE", "BROKER_WEBHOK_PORT"]


def test_every_setting_says_what_it_is_for() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description and name != "texts"]
    assert undescribed == []


def test_sizes_of_files_are_given_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = load(monkeypatch, BROKER_MEDIA_MAX_BYTES_BY_KIND="image=1000, video=2000").media_max_bytes_by_kind
    assert sizes == {**LARGEST_FETCHED, "image": 1000, "video": 2000}


@pytest.mark.parametrize("wrong", ["imgae=1000", "image", "image=", "image=0", "image=5MB", "1000", "{}"])
def test_misspelt_sizes_of_files_are_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    with pytest.raises(SettingsError, match="BROKER_MEDIA_MAX_BYTES_BY_KIND"):
        load(monkeypatch, BROKER_MEDIA_MAX_BYTES_BY_KIND=wrong)


@pytest.mark.parametrize("wrong", ["", "broker:8002", "https://user@host", "https://host?x=1"])
def test_the_address_of_files_has_no_secret_and_no_query(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    with pytest.raises(SettingsError, match="BROKER_MEDIA_URL"):
        load(monkeypatch, BROKER_MEDIA_URL=wrong)


def test_a_simulator_without_secrets_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulator"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("simulator: ") and "BROKER_APP_SECRETS" in said and len(said.splitlines()) == 1
