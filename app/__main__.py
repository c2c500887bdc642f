"""The command line: `python -m app <command>`.

In: a command and the environment. Out: a running process, or one line that says what is wrong and what to do.
"""

import argparse
import asyncio
import importlib
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from app.faust_compat import CompatError
from app.logs import set_up_logs
from app.settings import Settings, SettingsError, load_settings, unknown_settings
from app.topics import TopicsError

WORKERS = {name: f"{name}_port" for name in ("webhook", "broker", "sender", "media", "chat")}

log = logging.getLogger("broker.process")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        set_up_logs(settings.log_level)
        for name in unknown_settings():
            log.warning("%s is set, but no setting has that name: is it misspelt?", name)
        return _run(options, settings)
    except (SettingsError, TopicsError, CompatError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "demo":
            from app.processes.demo import demo

            return demo(settings, options.kafka)
        case "simulator":
            from web.simulator.__main__ import run

            run(settings)
            return 0
        case "mirror":
            from app.mirror_command import RebuildFailed, rebuild

            try:
                print(asyncio.run(rebuild(settings)))
            except RebuildFailed as error:
                raise SettingsError(str(error)) from error
            return 0
        case "topics":
            from app.processes.running import prepare_topics

            asyncio.run(prepare_topics(settings))
            return 0
        case "quarantine":
            from app.processes import quarantine

            with _kafka_named(settings):
                return asyncio.run(quarantine.run(settings, options))
        case "chat-codes":
            from app.processes.codes import print_codes

            with _kafka_named(settings):
                return asyncio.run(print_codes(settings))
        case worker:
            _work(worker, settings)
            return 0


@contextmanager
def _kafka_named(settings: Settings) -> Iterator[None]:
    """Turn a Kafka that is away into words about where it was looked for."""
    try:
        yield
    except (KafkaError, TimeoutError) as error:
        raise TopicsError(
            f"Kafka at {', '.join(settings.kafka)} cannot be read or written ({error!r}): check that it runs and that"
            " BROKER_KAFKA is right; what was done so far stays, and the command may be repeated"
        ) from error


def _work(name: str, settings: Settings) -> None:
    from app.processes.running import check_port, prepare, run_worker

    port: int = getattr(settings, WORKERS[name])
    check_port(settings.host, port, f"BROKER_{WORKERS[name].upper()}")
    app = importlib.import_module(f"app.processes.{name}").build(settings)
    asyncio.run(prepare(settings, name))
    log.info("%s starts on port %d", name, port)
    run_worker(app)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description="A WhatsApp broker on Faust and Kafka.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("webhook", help="worker: receives Meta's webhooks")
    commands.add_parser("broker", help="worker: routes; also bridge, mirror and admin API")
    commands.add_parser("sender", help="worker: sends through Meta's Graph API")
    commands.add_parser("media", help="worker: fetches users' files and serves them to agents")
    commands.add_parser("chat", help="worker: the demo agent with its chat page")
    commands.add_parser("simulator", help="a fake WhatsApp with phones in the browser")
    demo = commands.add_parser("demo", help="everything on this machine, without Docker")
    demo.add_argument("--kafka", choices=("embedded", "apache"), default="embedded", help="which Kafka to start")
    mirror = commands.add_parser("mirror", help="the copy of sessions in Redis")
    mirror.add_argument("action", choices=("rebuild",), help="rebuild: fill an empty Redis again")
    from app.processes.quarantine import add_arguments

    add_arguments(commands.add_parser("quarantine", help="records that could not be handled: look, replay, discard"))
    commands.add_parser("topics", help="create the broker's topics and check them")
    commands.add_parser("chat-codes", help="print the login code of each agent for the chat page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
