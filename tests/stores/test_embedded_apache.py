"""Apache Kafka in KRaft mode: the same interface as the embedded broker, but its data survives."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.embedded import apache_kafka
from app.embedded.apache_kafka import ApacheKafka, default_jars_dir, fetch_jars, why_unavailable
from app.embedded.ports import free_port
from app.embedded.process import ProcessFailed

needs_java = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "Java is there")


@pytest.fixture
async def kafka() -> AsyncIterator[ApacheKafka]:
    with tempfile.TemporaryDirectory() as name:
        async with ApacheKafka(free_port(), Path(name) / "kafka", default_jars_dir()) as service:
            yield service


@needs_java
async def test_records_survive_a_kill_and_topics_are_not_made_by_accident(kafka: ApacheKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("greetings", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait("greetings", b"hello")
    await producer.stop()

    await kafka.kill()
    await kafka.start()

    consumer = AIOKafkaConsumer(
        "greetings", bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", group_id="readers"
    )
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    assert record.value == b"hello"
    assert "auto.create.topics.enable=false" in (kafka.data_dir / "server.properties").read_text()
    assert (kafka.data_dir / "server.log").stat().st_size > 0

    await kafka.restart(empty=True)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    topics = await admin.list_topics()
    await admin.close()
    assert "greetings" not in topics


async def test_without_java_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not apache_kafka.available(tmp_path)
    with pytest.raises(ProcessFailed, match="needs Java 17 or newer, and there is no `java`"):
        await fetch_jars(tmp_path / "jars")


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "17 or newer" in why_unavailable(tmp_path)


async def test_jars_that_are_there_are_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apache_kafka.jars(tmp_path).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await fetch_jars(tmp_path) == apache_kafka.jars(tmp_path)
