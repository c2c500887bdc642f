"""Kafka, Valkey, PostgreSQL and the MongoDB protocol together, in a fresh directory that disappears at stop.

In: which Kafka, ports (0 picks free ones). Out: running services and `environment()` for the broker's processes.
Must never reuse data of an earlier run: the embedded Kafka forgets, and stores that remember would contradict it.
"""

import asyncio
import fcntl
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal, Self

from app.embedded.apache_cluster import ApacheCluster
from app.embedded.apache_kafka import ApacheKafka
from app.embedded.environment import Credentials, Ports, process_environment
from app.embedded.kafka import EmbeddedKafka
from app.embedded.mongo import Mongo
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.embedded.process import LineSink
from app.embedded.service import HOST, Service
from app.embedded.valkey import Valkey

KafkaKind = Literal["embedded", "apache", "apache3"]
"""The embedded broker, Apache Kafka on one node, Apache Kafka on three."""

PREFIX = "whatsapp-broker-"
LOCK = "lock"


class Stack:
    """The four services; an asynchronous context manager."""

    def __init__(
        self,
        *,
        kafka: KafkaKind = "embedded",
        kafka_port: int = 0,
        redis_port: int = 0,
        postgres_port: int = 0,
        mongo_port: int = 0,
        host: str = HOST,
        ports: Ports | None = None,
        credentials: Credentials | None = None,
        partitions: int = 8,
        jars_dir: Path | None = None,
        sink: LineSink | None = None,
    ) -> None:
        self.host = host
        self.ports = ports or Ports.free()
        self.credentials = (credentials or Credentials()).completed()
        self.partitions = partitions
        self.data_dir = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Others may enter, not list: PostgreSQL needs that when root starts it, and each service closes its own folder.
        self.data_dir.chmod(0o711)
        self._lock: IO[str] | None = hold(self.data_dir)
        kafka_port = kafka_port or free_port()
        self.kafka: EmbeddedKafka | ApacheKafka | ApacheCluster
        if kafka == "apache3":
            self.kafka = ApacheCluster(self.data_dir / "kafka", jars_dir, sink=sink)
        elif kafka == "apache":
            self.kafka = ApacheKafka(kafka_port, self.data_dir / "kafka", jars_dir, sink=sink)
        else:
            self.kafka = EmbeddedKafka(kafka_port, self.data_dir / "kafka", sink=sink)
        self.valkey = Valkey(redis_port or free_port(), self.data_dir / "valkey", sink=sink)
        self.postgres = Postgres(postgres_port or free_port(), self.data_dir / "postgres", sink=sink)
        self.mongo = Mongo(mongo_port or free_port(), self.data_dir / "mongo", sink=sink)

    @property
    def services(self) -> tuple[Service | ApacheCluster, ...]:
        """The four services, the slowest first."""
        return (self.kafka, self.postgres, self.mongo, self.valkey)

    async def start(self) -> None:
        """Start all at once; raises the first service's error after stopping the others."""
        await asyncio.to_thread(remove_abandoned)
        results = await asyncio.gather(*(one.start() for one in self.services), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            await self.stop()
            raise failures[0]

    async def stop(self) -> None:
        """Stop all at once and remove the data directory."""
        try:
            await asyncio.gather(*(one.stop() for one in self.services))
        finally:
            if self._lock is not None:
                await asyncio.to_thread(shutil.rmtree, self.data_dir)
                self._lock.close()
                self._lock = None

    def environment(self) -> dict[str, str]:
        """The variables `BROKER_…` for every process; only after start()."""
        return {
            **process_environment(self.host, self.ports, self.credentials, self.partitions),
            "BROKER_KAFKA": self.kafka.bootstrap,
            "BROKER_EMBEDDED_KAFKA": "true" if self.kafka.embedded else "false",
            "BROKER_REPLICATION": str(self.kafka.replication),
            "BROKER_REDIS_URL": self.valkey.url,
            "BROKER_POSTGRES_DSN": self.postgres.dsn,
            "BROKER_MONGO_URL": self.mongo.url,
            "BROKER_MONGO_DATABASE": "broker_chat",
            "BROKER_DATA_DIR": str(self.data_dir / "tables"),
            "BROKER_MEDIA_DIR": str(self.data_dir / "media"),
        }

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def hold(directory: Path) -> IO[str]:
    """Mark a data directory as in use for as long as the returned file is open and this process lives."""
    file = (directory / LOCK).open("w", encoding="ascii")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def remove_abandoned() -> list[Path]:
    """Remove the data directories of runs that were killed with -9; returns what was removed."""
    removed = []
    for directory in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        # Another user's folders, and those another run is making or removing right now, are not ours to touch.
        with suppress(OSError), (directory / LOCK).open("r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory)
            removed.append(directory)
    return removed
