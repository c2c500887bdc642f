"""The process `webhook`: Meta's door. A producer and a web view, no consumer: nothing it could be blocked by."""

from app.faust_app import BrokerApp, make_app
from app.processes.running import kafka_check, stamp
from app.producing import Producer
from app.settings import Settings
from app.topics import Topics
from web.health import add_health
from web.webhook import install_webhook


def build(settings: Settings) -> BrokerApp:
    """The Faust app of the process."""
    app = make_app(settings, "webhook", settings.webhook_port, producer_only=True)
    intake = install_webhook(app, settings, Topics(settings), Producer(app))
    gauges = {**stamp(app), "waiting_requests": lambda: float(intake.waiting)}
    add_health(app, {"kafka": kafka_check(app)}, {"webhook": intake.counts}, gauges)
    return app
