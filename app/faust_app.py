"""Makes the Faust app of a process, with every setting of Faust that matters decided here.

In: our settings, the process's name and port. Out: a `faust.App` with the containment installed, nothing wired yet.
The reasons are in docs/decisions/0003-faust-settings.md.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.web.drivers.aiohttp import Web
from mode import Service

from app import faust_compat
from app.faust_table import SafeTable
from app.proxies import behind
from app.settings import Settings
from app.topics import RECORD_MAX

EMBEDDED_FETCH_WAIT_MS = 20
"""The embedded broker answers an empty fetch only after half the wait, instead of waking it."""


STOP_SECONDS = 18.0
"""A worker has left its group 20 s after SIGTERM; without Kafka it could wait for ever to finish what is in flight."""


class BrokerWeb(Web):
    """Faust's web server without its built-in pages: `/table` would hand out sessions to anybody."""

    default_blueprints: Any = ()
    production_blueprints: Any = ()
    debug_blueprints: Any = ()
    optional_blueprints: Any = ()


class BrokerApp(faust.App):
    """A Faust app that knows its process's name, and starts the services it was given once its tables are there."""

    process_name = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.attached: list[Service] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []
        super().__init__(*args, **kwargs)

    def attach(self, *services: Service) -> None:
        """Let services live and die with the app."""
        self.attached.extend(services)

    async def on_started_init_extra_services(self) -> None:
        for service in self.attached:
            await self.add_runtime_dependency(service)

    def close_at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call something after everything has stopped: what records in flight still need must not close before."""
        self.closing.append(close)

    async def stop(self) -> None:
        """Stop in good order; what has not ended after STOP_SECONDS is ended, and done again by the next worker."""
        end = threading.Timer(STOP_SECONDS, faust_compat.hard_exit, [f"it did not stop within {STOP_SECONDS:.0f} s"])
        end.daemon = True
        end.start()
        try:
            await super().stop()
        finally:
            end.cancel()

    async def on_shutdown(self) -> None:
        await super().on_shutdown()
        for close in self.closing:
            await close()

    async def _wait_for_table_recovery_completed(self) -> bool:
        # Without a consumer no recovery ever completes.
        return False if self.producer_only else bool(await super()._wait_for_table_recovery_completed())

    def _new_web(self) -> Web:
        return BrokerWeb(self)


def make_app(settings: Settings, name: str, port: int, *, producer_only: bool = False, worker: str = "") -> BrokerApp:
    """The Faust app of one process; `worker` tells several on one machine apart in their table folders.

    Raises faust_compat.CompatError when faust-streaming is not the version we contain.
    """
    app_id = settings.app_id if name == "broker" else f"{settings.app_id}-{name}"
    options: dict[str, Any] = {}
    if settings.embedded_kafka:
        # Its group join waits half the session time-out; and only batches of one record make its
        # "latest offset" right, without which a table's recovery ends early.
        options = {
            "broker_session_timeout": 6.0,
            "broker_heartbeat_interval": 2.0,
            "broker_rebalance_timeout": 12.0,
            "producer_max_batch_size": 1,
        }
    else:
        # The users of a killed worker wait this long. Heartbeats have a thread: a busy loop is not a dead one.
        options = {
            "broker_session_timeout": 15.0,
            "broker_heartbeat_interval": 3.0,
            "producer_linger": 0.005,
            "producer_max_batch_size": 128 * 1024,
        }
    data_dir = settings.data_dir / f"{app_id}-{worker or port}"
    data_dir.mkdir(parents=True, exist_ok=True)
    app = BrokerApp(
        app_id,
        broker=settings.kafka_url,
        datadir=str(data_dir),
        store="memory://" if settings.table_store == "memory" else "rocksdb://?driver=rocksdict",
        key_serializer="raw",
        value_serializer="raw",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_allow_declare=True,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_commit_interval=0.5,
        broker_max_poll_records=500,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=RECORD_MAX,
        producer_max_request_size=RECORD_MAX,
        stream_wait_empty=True,
        worker_redirect_stdouts=False,
        web_bind=settings.host,
        web_host=settings.advertised_host,
        web_port=port,
        web_in_thread=False,
        web_application_options={
            "client_max_size": settings.webhook_max_bytes,
            "middlewares": [behind(settings.proxies)] if settings.proxies else [],
        },
        TableManager=faust_compat.SafeTableManager,
        Topic=faust_compat.SafeTopic,
        Table=SafeTable,
        autodiscover=False,
        **options,
    )
    app.process_name = name
    app.producer_only = producer_only
    faust_compat.install(
        app,
        fetch_wait_ms=EMBEDDED_FETCH_WAIT_MS if settings.embedded_kafka else None,
        idempotent=not settings.embedded_kafka,
    )
    return app
