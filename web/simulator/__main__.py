"""`python -m web.simulator`: the fake WhatsApp as a process of its own.

The settings come in, a server on one port goes out. This is the only module that looks outside the
simulator, and it looks at the settings alone.
"""

from aiohttp import web

from app.settings import Settings, SettingsError, load_settings
from web.simulator.app import create_app
from web.simulator.config import Number, SimulatorConfig

DEMO_BUSINESS = "Example Company"
DEMO_PHONES = ("Ana", "Bruno")


def config_from(settings: Settings) -> SimulatorConfig:
    """Return what the simulator needs of the settings; raises SettingsError naming what is missing."""
    first = int(settings.display_phone_number.lstrip("+"))
    more = enumerate(settings.simulator_more_numbers, start=1)
    try:
        return SimulatorConfig(
            webhook_url=settings.simulator_webhook_url,
            access_token=settings.access_token.get_secret_value(),
            app_secrets=tuple(secret.get_secret_value() for secret in settings.app_secrets),
            phone_number_id=settings.phone_number_id,
            display_phone_number=settings.display_phone_number,
            more_numbers=tuple(Number(id=number, display=str(first + count)) for count, number in more),
            business_name=DEMO_BUSINESS,
            starting_phones=DEMO_PHONES,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None


def run(settings: Settings) -> None:
    """Serve until interrupted."""
    app = create_app(config_from(settings))
    web.run_app(app, host=settings.simulator_host, port=settings.simulator_port, print=None, access_log=None)


def main() -> None:
    """Read the settings and serve; wrong settings end the process with one line."""
    try:
        run(load_settings())
    except SettingsError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
