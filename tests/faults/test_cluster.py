"""Apache Kafka on three nodes with one of them killed or frozen: what the client library does, and ours.

In: a cluster of its own. Out: what was acknowledged, and how soon. How long Faust's own clients would wait is in
tests/faults/test_faust_waits.py, which needs no cluster. The fault bench shows the same for the whole system (families
`node` and `mixed_nodes`).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded.apache_cluster import ApacheCluster
from app.faust_app import make_app
from app.producing import Producer
from app.settings import Settings
from app.topics import Topics, count_partitions, ensure_topics
from tests.system.system import KAFKA

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(KAFKA != "apache", reason="only Apache Kafka has nodes"),
]
REPLACED_SECONDS = 60.0
"""Far above what is measured (about 11 s), far below Faust's own 20 minutes."""


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ApacheCluster]:
    kafka = ApacheCluster(tmp_path / "kafka")
    await kafka.start()
    yield kafka
    kafka.resume()
    await kafka.stop()


def house(kafka: ApacheCluster, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None, kafka=kafka.bootstrap.split(","), partitions=6, replication=3, data_dir=tmp_path / "tables"
    )


async def test_records_are_acknowledged_while_a_node_is_frozen(cluster: ApacheCluster, tmp_path: Path) -> None:
    settings = house(cluster, tmp_path)
    topics = Topics(settings)
    await ensure_topics(settings, topics.own())
    app = make_app(settings, "webhook", 8000, producer_only=True)
    producer = Producer(app)
    users = [f"user-{number}".encode() for number in range(24)]  # some of them in each node's partitions
    try:
        for user in users:
            await producer.produce(topics.webhook, b"before", user)
        cluster.nodes[0].pause()
        begun = time.monotonic()
        async with asyncio.timeout(REPLACED_SECONDS):
            await asyncio.gather(*(producer.produce(topics.webhook, b"while frozen", user) for user in users))
        assert time.monotonic() - begun > 1, "no partition was the frozen node's: nothing was tried"
    finally:
        await app.producer.stop()


async def test_a_worker_can_start_while_a_node_is_away(cluster: ApacheCluster, tmp_path: Path) -> None:
    settings = house(cluster, tmp_path)
    specs = Topics(settings).own()
    await ensure_topics(settings, specs)
    for node in cluster.nodes:
        await node.kill()
        await ensure_topics(settings, specs)
        await node.start()
    assert (await count_partitions(settings, ["webhook"])) == {"webhook": 6}
