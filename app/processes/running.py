"""What every process does the same way: prepare, run a Faust worker, say in one line what keeps it from running.

In: the settings and a Faust app. Out: a process that ends with 0 after SIGTERM, with 1 when it could not start.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable

import faust
from aiokafka.errors import KafkaError

from app.faust_app import BrokerApp
from app.processes.stores import look_at_stores
from app.reader import TopicReader
from app.register_feed import RegisterFeed
from app.settings import Settings, SettingsError
from app.topics import Topics, ensure_topics

Check = Callable[[], Awaitable[str | None]]

log = logging.getLogger("broker.process")


async def prepare_topics(settings: Settings) -> None:
    """See that the broker's own topics are there, waiting a while for Kafka; raises TopicsError."""
    await ensure_topics(settings, Topics(settings).own())


async def prepare(settings: Settings, process: str) -> None:
    """What comes before a worker starts: topics are there, tables up to date, stores looked at. Raises TopicsError."""
    await asyncio.gather(prepare_topics(settings), look_at_stores(settings, process))


def check_port(host: str, port: int, setting: str) -> None:
    """Raise SettingsError when a port is taken, before half a process has started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} on {host} cannot be used ({error.strerror}): stop what holds it, or set {setting}"
            ) from None


def run_worker(app: BrokerApp) -> None:
    """Run a Faust app until it is told to stop; ends the process."""
    # Logging is ours (override_logging), and the app's own services are attached to it.
    worker = faust.Worker(app, quiet=True, override_logging=False, loglevel=None, redirect_stdouts=False)
    worker.spinner = None  # it writes cursor movements into the log
    worker.execute_from_commandline()


def kafka_check(app: BrokerApp) -> Check:
    """Whether Kafka answers this process's producer."""

    async def check() -> str | None:
        producer = getattr(app.producer, "_producer", None)
        if producer is None:
            return "the producer has not started: is Kafka reachable?"
        try:
            await producer.client.fetch_all_metadata()
        except KafkaError as error:
            return f"Kafka does not answer ({error!r}): check BROKER_KAFKA"
        return None

    return check


def tables_check(app: BrokerApp) -> Check:
    """Whether the tables are recovered and this worker has its partitions."""

    async def check() -> str | None:
        if app.rebalancing:
            return "partitions are being handed out"
        if not app.tables.actives_ready:
            return "the tables are being recovered"
        # A worker beyond the number of partitions has none, and is ready to take over.
        # Not the generation: the first one of the embedded broker has the number 0.
        return None if app.rebalancing_count else "no partitions have been handed out yet"

    return check


def register_check(feed: RegisterFeed) -> Check:
    """Whether the agents are known; old knowledge is healthy, none is not."""

    async def check() -> str | None:
        if not feed.is_loaded:
            return f"no register has been read yet ({feed.failing or 'waiting for the first one'})"
        return None

    return check


def reader_check(reader: TopicReader) -> Check:
    """Whether a reader has its partitions and its handler works."""

    async def check() -> str | None:
        return reader.problem

    return check


def stamp(app: BrokerApp) -> dict[str, Callable[[], float]]:
    """Gauges every process shows."""
    started = time.time()
    gauges: dict[str, Callable[[], float]] = {"up_seconds": lambda: time.time() - started}
    if not app.producer_only:
        gauges["partitions"] = lambda: len(app.consumer.assignment())
        gauges["rebalancing"] = lambda: float(app.rebalancing)
    return gauges
