"""The process `media`: fetches users' files while Meta has them, and serves them to agents.

Apart from router and sender, so that a slow download or a full disk delays no message.
"""

from app.faust_app import BrokerApp, make_app
from app.media_work import MediaIntake, MediaWork
from app.processes.running import kafka_check, reader_check, stamp
from app.processes.sender import token_of
from app.processes.stores import media_store
from app.reader import TopicReader
from app.settings import Settings, SettingsError
from app.topics import Topics
from web.health import add_health
from web.media import install_media


def build(settings: Settings) -> BrokerApp:
    """The Faust app of the process; raises SettingsError without tokens or a directory."""
    token = token_of(settings)
    if not any(token.get_secret_value().strip() for token in settings.media_tokens):
        raise SettingsError(
            "BROKER_MEDIA_TOKENS is empty, so no agent could get a file: set it to one or more long random words,"
            " separated by commas (for example from: openssl rand -hex 24)"
        )
    store = media_store(settings, needed=True)
    app = make_app(settings, "media", settings.media_port, producer_only=True)
    work = MediaWork(settings, store, token)
    intake = MediaIntake(store, work.noted)
    reader = TopicReader(settings, "media-intake", intake.handle, [Topics(settings).webhook])
    app.attach(work, reader)
    install_media(app.web.web_app, store, settings.media_tokens)
    add_health(
        app,
        {"kafka": kafka_check(app), "intake": reader_check(reader), "disk": work.disk},
        {"intake": intake.counts, "files": work.counts},
        {**stamp(app), "files_on_their_way": lambda: float(work.fetcher.busy if work.fetcher else 0)},
        vital={"fetching": work.progress},
    )
    return app
