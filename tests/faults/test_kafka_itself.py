"""What our settings of Kafka do on the broker that BROKER_TEST_KAFKA names: large records, idempotence, quick starts.

In: a broker and the settings of production, or those of the embedded one. Out: what the broker took, and how soon a
worker is ready. The embedded broker does not know every setting; what only Apache Kafka can show is skipped there.
"""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.faust_app import make_app
from app.producing import Producer
from app.topics import RECORD_MAX, Topics, ensure_topics
from tests.faults import chaos_app
from tests.faults.workers import Bench
from tests.system.system import KAFKA

READY_LIMIT_SECONDS = 30.0
"""Far above what is measured (2 s on Apache Kafka, 6 s on the embedded one), far below Faust's own waits of 45 s."""

pytestmark = pytest.mark.kafka
only_apache = pytest.mark.skipif(KAFKA != "apache", reason="the embedded broker does not know this setting")


async def test_a_record_of_the_largest_size_is_taken_and_read() -> None:
    async with Bench() as bench:
        settings = bench.settings()
        topics = Topics(settings)
        await ensure_topics(settings, topics.own())
        app = make_app(settings, "webhook", 8000, producer_only=True)
        try:
            await Producer(app).produce(topics.webhook, b"x" * (RECORD_MAX - 4096), b"user")
            inner = app.producer._ensure_producer()
            assert (inner._txn_manager is not None) == (KAFKA == "apache"), "idempotence, where Kafka knows it"
        finally:
            await app.producer.stop()
        records = await bench.read(topics.webhook)
    assert [len(record.value) for record in records] == [RECORD_MAX - 4096]


@only_apache
async def test_topics_are_created_for_large_records() -> None:
    async with Bench() as bench:
        settings = bench.settings()
        topics = Topics(settings)
        await ensure_topics(settings, topics.own())
        admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka.bootstrap)
        await admin.start()
        try:
            wanted = [ConfigResource(ConfigResourceType.TOPIC, spec.name) for spec in topics.own()]
            answers = await admin.describe_configs(wanted)
        finally:
            await admin.close()
        found = {
            resource[3]: {entry[0]: entry[1] for entry in resource[4]}
            for answer in answers
            for resource in answer.resources
        }
    for spec in topics.own():
        assert spec.config.items() <= found[spec.name].items(), spec.name


async def test_workers_become_ready_soon() -> None:
    async with Bench() as bench:
        times = {"first": await bench.until_ready(await bench.start_worker(), READY_LIMIT_SECONDS)}
        for number in range(200):
            await bench.write(f"user-{number % 20}")
        await bench.until_done(READY_LIMIT_SECONDS)
        second = await bench.start_worker()
        times["second"] = await bench.until_ready(second, READY_LIMIT_SECONDS)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await bench.workers[second].terminate(grace=20.0)
        times["stop"] = loop.time() - begun
        begun = loop.time()
        for number in range(40):
            await bench.write(f"user-{number % 20}")
        await bench.until_done(READY_LIMIT_SECONDS)
        times["taken over"] = loop.time() - begun
        numbers = await bench.read(chaos_app.DONE)
    print({name: round(seconds, 1) for name, seconds in times.items()})
    assert len(numbers) == 240
