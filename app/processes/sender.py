"""The process `sender`: from the outbox to Meta. Apart from the router, so that a slow Meta slows nothing else."""

from agents.sender import install_sender
from app.core.lives import longest_life
from app.faust_app import BrokerApp, make_app
from app.processes.running import kafka_check, stamp, tables_check
from app.processes.stores import media_store
from app.producing import Producer
from app.progress import Progress
from app.sending.attaching import UPLOADS_AT_ONCE
from app.settings import Settings, SettingsError
from app.stores.token_file import read_token_file
from app.topics import Topics
from app.whatsapp.graph import GraphClient, Token
from tables.sends import Sends
from web.health import add_health


def token_of(settings: Settings) -> Token:
    """The access token, from its file or from the settings; raises SettingsError when there is none."""
    if settings.access_token_file:
        token = read_token_file(settings.access_token_file)
        if isinstance(token, str):
            raise SettingsError(f"BROKER_ACCESS_TOKEN_FILE: {token}")
        return token
    if settings.profile == "production" and not settings.access_token.get_secret_value():
        raise SettingsError(
            "neither BROKER_ACCESS_TOKEN nor BROKER_ACCESS_TOKEN_FILE is set: Meta refuses every message"
        )
    return settings.access_token


def build(settings: Settings) -> BrokerApp:
    """The Faust app of the process; raises SettingsError without a token."""
    token = token_of(settings)
    app = make_app(settings, "sender", settings.sender_port)
    # A held message keeps its partition from committing; Faust must not call that an error before it is one.
    app.conf.broker_commit_livelock_soft_timeout = longest_life(settings.send_life_seconds) + 300.0
    graph = GraphClient(
        settings.graph_url,
        settings.graph_version,
        token,
        settings.send_timeout_seconds,
        # Uploads, which last, take no message's connection.
        settings.sends_in_flight + UPLOADS_AT_ONCE,
    )
    sends = Sends(app, settings.partitions)
    sender = install_sender(app, settings, Topics(settings), graph, Producer(app), sends, media_store(settings))
    app.close_at_end(graph.close)
    add_health(
        app,
        {"kafka": kafka_check(app), "tables": tables_check(app)},
        {"sender": sender.counts},
        {
            **stamp(app),
            "circuits_open": lambda: len(sender.gates.circuits.open),
            "messages_held": lambda: sender.gates.held,
            "messages_per_second_allowed": lambda: sender.gates.full_rate,
        },
        notes={"accounts": sender.gates.problem},
        vital={"sender": Progress(lambda: sender, kafka_check(app)).check},
    )
    return app
