"""The worker of the chaos tests: the broker's own engine (app, lanes, table) around the smallest processor.

In: the topic `numbers`, per user 1, 2, 3 … Out: each number to `done`, then to the table `last`. With
BROKER_TEST_STOCK=1 it runs on Faust's own classes, to see that the tests catch what the containment contains; with
BROKER_TEST_WITHOUT_LEASE=1 it believes in its partitions for ever; with BROKER_TEST_WORK_SECONDS a record takes that
long between its effect and its state; with BROKER_TEST_HANGS=1 its second rebalance never ends.
"""

import asyncio
import logging
import os
import sys
from functools import partial
from typing import Any

import faust.transport.drivers.aiokafka as driver
import orjson
from faust.tables.manager import TableManager

from app import standstill
from app.faust_app import BrokerApp, make_app
from app.faust_compat import SafeConsumer
from app.lanes import worker_lanes
from app.lease import Lease
from app.logs import set_up_logs
from app.processes.running import run_worker, tables_check
from app.producing import Producer
from app.settings import Settings, load_settings
from app.topics import TopicSpec
from web.health import add_health

NUMBERS, DONE = "numbers", "done"
IN_FLIGHT = 64
HANGS_SECONDS = 15.0


def specs(settings: Settings) -> list[TopicSpec]:
    """The topics of the worker."""
    changelog = TopicSpec(changelog_name(settings), settings.partitions, {"cleanup.policy": "compact"})
    return [TopicSpec(NUMBERS, settings.partitions), TopicSpec(DONE, settings.partitions), changelog]


def changelog_name(settings: Settings) -> str:
    """The table's changelog."""
    return f"{settings.app_id}-last-changelog"


def build(settings: Settings, *, stock: bool, work_seconds: float) -> BrokerApp:
    """The Faust app of a worker."""
    app = make_app(settings, "broker", settings.broker_port)
    if stock:
        app.conf.TableManager = TableManager
        app.transport = driver.Transport(app.conf.broker_consumer, app)
        app.producer_transport = driver.Transport(app.conf.broker_producer, app)
    producer = Producer(app)
    last = app.Table("last", key_type=bytes, value_type=bytes, partitions=settings.partitions)
    source = app.topic(NUMBERS, key_type=bytes, value_type=bytes)

    async def handle(event: Any) -> None:
        message = event.message
        number = int(message.value)
        if number <= int(last.get(message.key) or 0):
            return
        done = {"number": number, "worker": settings.broker_port, "generation": message.generation_id}
        await producer.produce(DONE, orjson.dumps(done), message.key)
        await asyncio.sleep(work_seconds)
        if stock:
            last[message.key] = message.value
        else:
            await last.write(message.key, message.value)

    async def poisoned(event: Any, error: Exception) -> None:
        print(f"POISONED {event.message!r}: {error!r}", file=sys.stderr)
        raise error

    @app.agent(source, name="chaos")
    async def chaos(stream: Any) -> None:
        if stock:
            async for event in stream.events():
                await handle(event)
            return
        lanes = worker_lanes(app, handle, poisoned, limit=IN_FLIGHT)
        async for event in stream.noack().events():
            await lanes.put(event)

    add_health(app, {"tables": tables_check(app)})
    return app


def keep_for_ever() -> None:
    """Take the lease's guard away."""
    for name, value in {"fresh": True, "lost": False, "overslept": False}.items():
        setattr(Lease, name, property(partial(_always, value), _ignore))


def hang() -> None:
    """Let partitions that are taken away never be given, and nobody wait long for that."""
    standstill.limit_of = lambda app: HANGS_SECONDS
    revoked = SafeConsumer.on_partitions_revoked

    async def patched(self: Any, partitions: Any) -> None:
        if self.assignment():
            await asyncio.Event().wait()
        await revoked(self, partitions)

    SafeConsumer.on_partitions_revoked = patched  # type: ignore[method-assign,assignment]


def _always(value: bool, _: Any) -> bool:
    return value


def _ignore(*_: Any) -> None:
    return


def main() -> None:
    """Run one worker until it is told to stop."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    if "BROKER_TEST_LOG" in os.environ:
        for name in ("faust", "mode", "app", "aiokafka"):
            logging.getLogger(name).setLevel(logging.INFO)
    if os.environ.get("BROKER_TEST_WITHOUT_LEASE") == "1":
        keep_for_ever()
    if os.environ.get("BROKER_TEST_HANGS") == "1":
        hang()
    stock = os.environ.get("BROKER_TEST_STOCK") == "1"
    work_seconds = float(os.environ.get("BROKER_TEST_WORK_SECONDS", "0"))
    run_worker(build(settings, stock=stock, work_seconds=work_seconds))


if __name__ == "__main__":
    main()
