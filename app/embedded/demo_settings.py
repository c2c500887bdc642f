"""What the demo takes from the settings: ports and given secrets, and whether the ports can be had.

In: settings. Out: ports, credentials, and one line per port that cannot be had. Starts nothing.
"""

from app.embedded.environment import Credentials, Ports
from app.embedded.ports import PortTaken, claim_port
from app.settings import Settings


def ports_of(settings: Settings) -> Ports:
    """The ports of the six processes."""
    return Ports(
        webhook=settings.webhook_port,
        broker=settings.broker_port,
        sender=settings.sender_port,
        chat=settings.chat_port,
        simulator=settings.simulator_port,
        media=settings.media_port,
    )


def credentials_of(settings: Settings) -> Credentials:
    """The secrets that settings give; the others stay empty, to be generated."""
    return Credentials(
        access_token=settings.access_token.get_secret_value(),
        verify_token=settings.verify_token.get_secret_value(),
        chat_secret=settings.chat_secret.get_secret_value(),
        app_secrets=tuple(secret.get_secret_value() for secret in settings.app_secrets),
        admin_tokens=tuple(secret.get_secret_value() for secret in settings.admin_tokens),
        media_tokens=tuple(secret.get_secret_value() for secret in settings.media_tokens),
        phone_number_id=settings.phone_number_id or Credentials.phone_number_id,
    )


def busy_ports(settings: Settings) -> list[str]:
    """One line per fixed port that is taken, or wanted twice, naming the setting to change."""
    names = ["webhook_port", "broker_port", "sender_port", "chat_port", "simulator_port", "media_port"]
    names += ["demo_kafka_port", "demo_redis_port", "demo_postgres_port", "demo_mongo_port"]
    lines: list[str] = []
    users: dict[int, str] = {}
    for name in names:
        port: int = getattr(settings, name)
        variable = f"BROKER_{name.upper()}"
        if port == 0:
            continue
        if port in users:
            lines.append(f"{users[port]} and {variable} both say {port}: change one of them")
            continue
        users[port] = variable
        try:
            user = name.removesuffix("_port").removeprefix("demo_")
            claim_port(settings.demo_host, port, user, variable)
        except PortTaken as error:
            lines.append(str(error))
    return lines
