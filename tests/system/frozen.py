"""Freezes a service: SIGSTOP, and the wait until all of its threads stand still."""

import psutil  # type: ignore[import-untyped]

from app.embedded.apache_cluster import ApacheCluster
from app.embedded.service import Service
from tests.system.system import until


async def freeze(service: Service | ApacheCluster) -> None:
    """Pause a service, and wait until it does nothing any more: the signal alone has not reached all of it yet."""
    service.pause()
    nodes = service.nodes if isinstance(service, ApacheCluster) else [service]
    processes = [psutil.Process(node.process.pid) for node in nodes if node.process is not None]
    assert len(processes) == len(nodes)

    async def stands_still() -> bool:
        return all(process.status() == psutil.STATUS_STOPPED for process in processes)

    await until(stands_still, 10, "the service standing still")
