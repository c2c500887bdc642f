"""The one place where the environment is read.

In: variables named `BROKER_…` and an optional `.env` file. Out: one frozen, typed `Settings`, passed down from the
entry point. Secrets are `SecretStr`, so that no log or repr shows them. Nothing else reads the environment.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.errors import SettingsError
from app.core.media import LARGEST_FETCHED
from app.core.rules import Rules, Texts

PREFIX = "BROKER_"

__all__ = ["PREFIX", "Settings", "SettingsError", "TextSettings", "load_settings", "unknown_settings"]


def _split(value: object) -> object:
    """A list setting is a JSON list or words separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        import orjson

        return orjson.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _sizes(value: object) -> object:
    """Sizes are words like `image=1000000`; a kind that is not named keeps Meta's limit."""
    given = (
        dict(word.partition("=")[::2] for word in value.split(",") if word.strip()) if isinstance(value, str) else value
    )
    if not isinstance(given, dict):
        return value
    named = {str(kind).strip(): size for kind, size in given.items()}
    unknown = sorted(set(named) - set(LARGEST_FETCHED))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no kind of file: use {', '.join(LARGEST_FETCHED)}")
    return {**LARGEST_FETCHED, **named}


Sizes = Annotated[dict[str, Annotated[int, Field(ge=1)]], NoDecode, BeforeValidator(_sizes)]
Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Port = Annotated[int, Field(ge=1, le=65535)]
Demo = Annotated[int, Field(ge=0, le=65535)]


class TextSettings(Texts, BaseSettings):
    """The broker's sentences, each `BROKER_TEXT_…`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "TEXT_", env_file=".env", extra="ignore", frozen=True)


class Settings(BaseSettings):
    """All settings of all processes; each process uses a part."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    # --- identity of the installation
    app_id: str = Field("whatsapp-broker", description="prefix of consumer groups and changelog topics")
    profile: Literal["production", "demo"] = Field("production", description="`demo` allows missing secrets, loudly")
    host: str = Field("0.0.0.0", description="address the web servers listen on")
    advertised_host: str = Field("127.0.0.1", description="name by which other workers reach this one")
    proxies: int = Field(
        0, ge=0, le=5, description="proxies before the pages: the browser's address is taken from X-Forwarded-For"
    )
    webhook_port: Port = Field(5000, description="webhook process: the only port Meta must reach")
    broker_port: Port = Field(8000, description="broker process: admin API, health, metrics")
    sender_port: Port = Field(8001, description="sender process: health, metrics")
    media_port: Port = Field(8002, description="media process: users' files, health, metrics")
    chat_port: Port = Field(7000, description="chat process: chat page, health, metrics")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of our own loggers")
    data_dir: Path = Field(Path(".data"), description="where table stores live; one folder per worker")

    # --- Kafka
    kafka: Words = Field(["127.0.0.1:9092"], description="bootstrap servers, comma separated")
    embedded_kafka: bool = Field(False, description="short group time-outs and fetch waits for the embedded broker")
    partitions: int = Field(8, ge=1, le=1024, description="of every keyed topic and table; fixed once chosen")
    replication: int = Field(1, ge=1, le=9, description="replication factor of topics we create")
    table_store: Literal["memory", "rocksdb"] = Field("memory", description="where tables live between changelogs")
    topic_prefix: str = Field(
        "", pattern=r"^[a-zA-Z0-9._-]*$", description="before the names of the broker's own topics"
    )
    produce_seconds: float = Field(4.0, gt=0, le=5, description="webhook waits this long for Kafka, then answers 503")

    # --- stores
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="mirror and chat fan-out")
    postgres_dsn: SecretStr = Field(
        SecretStr("host=127.0.0.1 port=5432 dbname=broker_db user=postgres"),
        description="the agents' register",
    )
    mongo_url: SecretStr = Field(SecretStr("mongodb://127.0.0.1:27017"), description="the chat's conversations")
    mongo_database: str = Field("broker_chat", description="its database")

    # --- WhatsApp
    graph_url: str = Field("https://graph.facebook.com", description="base of Meta's Graph API, or the simulator's")
    graph_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="Graph API version")
    phone_number_id: str = Field(
        "",
        description="id (not the number) of the business number; of several, the one that replies without one mean",
    )
    access_token: SecretStr = Field(SecretStr(""), description="system user token for the Graph API")
    access_token_file: str = Field(
        "", description="a file with the token instead, read again so that a new one needs no restart"
    )
    app_secrets: Secrets = Field(
        [], description="Meta app secrets valid for webhook signatures; several while rotating"
    )
    verify_token: SecretStr = Field(SecretStr(""), description="token of the webhook's verification handshake")
    webhook_max_bytes: int = Field(
        3 * 1024 * 1024 + 64 * 1024, description="largest webhook body; Meta sends up to 3 MB"
    )

    # --- routing
    exit_words: Words = Field(["#exit"], description="words that end a conversation, any case, spaces around allowed")
    session_seconds: int = Field(
        86_400,
        ge=60,
        description="a session ends after this long without the user; where agents write first or answer later than a"
        " day, set more than the window's 86400 (259200: three days), else a template finds its user gone",
    )
    window_seconds: int = Field(86_400, ge=60, le=86_400, description="Meta's customer service window")
    window_margin_seconds: int = Field(60, ge=0, description="the window counts as closed this long before its end")
    kept_messages: int = Field(20, ge=0, le=100, description="messages kept for the agent to come, per user")
    recent_ids: int = Field(128, ge=16, le=1024, description="ids remembered per user against repeats")
    sweep_seconds: float = Field(30.0, gt=0, description="how often silent sessions are looked for")

    # --- sending
    sends_in_flight: int = Field(200, ge=1, le=2000, description="concurrent Graph requests per sender worker")
    sends_waiting: int = Field(
        5000, ge=10, le=100_000, description="messages a sender worker has in memory while they wait for their turn"
    )
    number_rate: float = Field(
        80.0, gt=0, le=10_000, description="messages per second from one business number, all workers together"
    )
    pair_seconds: float = Field(
        6.0, gt=0, le=60, description="a user gets one message in so many seconds in the long run; Meta's limit is 6"
    )
    send_timeout_seconds: float = Field(10.0, gt=0, description="of one Graph request")
    send_tries: int = Field(8, ge=1, le=20, description="tries of a message when Meta's servers fail")
    send_life_seconds: float = Field(
        900.0, gt=0, le=86_400, description="an agent's message that could not be sent for so long is too late"
    )
    circuit_probe_seconds: float = Field(
        5.0, gt=0, le=60, description="after an account error the first probe comes so late; the time between doubles"
    )
    in_doubt_seconds: float = Field(
        20.0, ge=0, le=55, description="a send without an answer waits for a status so long"
    )

    # --- media
    media_dir: Path = Field(Path(".data/media"), description="where users' files are kept; shared by media workers")
    media_url: str = Field(
        "http://127.0.0.1:8002",
        pattern=r"^https?://[^@?#\s]+$",
        description="under which agents reach the media process; stands in their records",
    )
    media_tokens: Secrets = Field([], description="bearer tokens of agents who get files; several while rotating")
    media_keep_days: float = Field(30.0, ge=1, le=3650, description="a file is deleted after so many days")
    media_max_bytes_by_kind: Sizes = Field(
        LARGEST_FETCHED,
        description="largest file to fetch, by kind, as in `image=1000000,video=8000000`; others as Meta has them",
    )

    # --- admin
    admin_tokens: Secrets = Field([], description="bearer tokens of the admin API, each `token` or `name:token`")
    register_poll_seconds: float = Field(
        2.0, gt=0, description="how often workers compare PostgreSQL with Kafka's copy"
    )
    drain_seconds: float = Field(
        600.0, ge=0, le=30 * 86_400, description="an agent's former out topic is read on for at least so long"
    )

    # --- demo agent
    chat_secret: SecretStr = Field(SecretStr(""), description="key from which login codes and cookies are derived")
    chat_agents: Words = Field([], description="names of the agents the chat serves; empty means all")
    chat_session_seconds: int = Field(12 * 3600, ge=60, description="an operator's login lasts this long")

    # --- demo and simulator
    demo_host: str = Field("127.0.0.1", description="address of everything the demo starts")
    demo_kafka_port: Demo = Field(9092, description="port of the demo's Kafka")
    demo_redis_port: Demo = Field(0, description="port of the demo's Valkey; 0 picks a free one")
    demo_postgres_port: Demo = Field(0, description="port of the demo's PostgreSQL; 0 picks a free one")
    demo_mongo_port: Demo = Field(0, description="port of the demo's MongoDB protocol server; 0 picks a free one")
    simulator_host: str = Field("127.0.0.1", description="address the simulator listens on")
    simulator_port: Port = Field(9000, description="fake WhatsApp: phones page, Graph API, control API")
    simulator_webhook_url: str = Field(
        "http://127.0.0.1:5000/webhook", description="where the simulator posts webhooks"
    )
    display_phone_number: str = Field(
        "551155501234", pattern=r"^\+?\d{5,20}$", description="the simulator's business number as shown"
    )
    simulator_more_numbers: Words = Field(
        [],
        description="phone number ids of further business numbers the simulator plays; shown counted up from the first",
    )

    texts: TextSettings = Field(default_factory=TextSettings, exclude=True)

    @model_validator(mode="after")
    def _window_can_open(self) -> "Settings":
        if self.window_margin_seconds >= self.window_seconds:
            raise ValueError(
                "BROKER_WINDOW_MARGIN_SECONDS must be less than BROKER_WINDOW_SECONDS: no window would open"
            )
        return self

    @cached_property
    def kafka_url(self) -> str:
        """The bootstrap servers in the form Faust wants."""
        return ";".join(f"aiokafka://{server}" for server in self.kafka)

    @cached_property
    def rules(self) -> Rules:
        """What routing needs of the settings."""
        return Rules(
            texts=self.texts,
            exit_words=tuple(self.exit_words),
            session_seconds=self.session_seconds,
            window_seconds=self.window_seconds,
            window_margin_seconds=self.window_margin_seconds,
            kept_messages=self.kept_messages,
            recent_ids=self.recent_ids,
            media_url=self.media_url.rstrip("/"),
            default_number=self.phone_number_id,
        )


def load_settings() -> Settings:
    """Read the environment once; raises SettingsError naming every wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        prefix = PREFIX + ("TEXT_" if error.title == TextSettings.__name__ else "")
        lines = [
            f"{prefix}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise SettingsError("wrong settings: " + "; ".join(lines)) from None


def unknown_settings(environment: dict[str, str] | None = None) -> list[str]:
    """Names of `BROKER_…` variables that no setting reads, most likely misspelt."""
    names = {*os.environ, *dotenv_values(".env")} if environment is None else set(environment)
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}TEXT_{name.upper()}" for name in Texts.model_fields}
    return sorted(name for name in names if name.startswith(PREFIX) and name not in known and "_TEST_" not in name)
