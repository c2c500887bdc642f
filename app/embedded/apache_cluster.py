"""Apache Kafka on three nodes: every record on all of them, acknowledged by two, so that one may be lost.

In: a directory. Out: `bootstrap` with all nodes. Used as one service; each of `nodes` can be killed by itself.
"""

import asyncio
from pathlib import Path

from app.embedded.apache_kafka import ApacheKafka, Place, fetch_jars
from app.embedded.ports import free_port
from app.embedded.process import LineSink

NODES = 3


class ApacheCluster:
    """Three nodes that start, stop and freeze together."""

    name = "kafka"
    embedded = False
    replication = NODES

    def __init__(self, data_dir: Path, jars_dir: Path | None = None, *, sink: LineSink | None = None) -> None:
        controllers = {number: free_port() for number in range(1, NODES + 1)}
        self.nodes = [
            ApacheKafka(free_port(), data_dir / f"node-{number}", jars_dir, place=Place(number, controllers), sink=sink)
            for number in controllers
        ]

    @property
    def bootstrap(self) -> str:
        """Bootstrap servers, `host:port,host:port,host:port`."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def port(self) -> int:
        """The first node's port."""
        return self.nodes[0].port

    @property
    def running(self) -> bool:
        """Whether all nodes live, frozen or not."""
        return all(node.running for node in self.nodes)

    @property
    def started_in(self) -> float:
        """Seconds until the slowest node answered."""
        return max(node.started_in for node in self.nodes)

    async def start(self) -> None:
        """Start all nodes and wait until each answers; raises the first one's error."""
        await fetch_jars(self.nodes[0].jars_dir)
        await asyncio.gather(*(node.start() for node in self.nodes if not node.running))

    async def stop(self) -> None:
        """Stop all nodes in good order: one alone could not, for it would wait for a majority."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    async def kill(self) -> None:
        """Kill all nodes with SIGKILL."""
        await asyncio.gather(*(node.kill() for node in self.nodes))

    def pause(self) -> None:
        """Freeze all nodes."""
        for node in self.nodes:
            node.pause()

    def resume(self) -> None:
        """Let all nodes go on."""
        for node in self.nodes:
            node.resume()
