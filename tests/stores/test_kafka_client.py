"""A client of ours: on a Kafka that hangs every wait ends, joining may take longer, and no topic is forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.protocol.metadata import MetadataRequest

from app.embedded.kafka import EmbeddedKafka
from app.kafka_client import bound, keep_topics
from tests.stores.kafka_support import running_kafka, write
from tests.system.frozen import freeze

FAR_BELOW_ITS_OWN = 20.0
"""Seconds; the client's own time-out is 40."""


class JoinGroupLike(MetadataRequest):
    """A request whose name says that its answer waits for others; the rest is a real request's."""


@asynccontextmanager
async def facing_a_frozen_node(*, answer: float, joining: float) -> AsyncIterator[tuple[AIOKafkaClient, Any]]:
    """A client that has talked to a node, and the node's id; the node is frozen by now."""
    async with running_kafka() as kafka:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        bound(client, answer=answer, joining=joining)
        await client.bootstrap()
        node = client.get_random_node()
        await client.send(node, MetadataRequest([]))
        await freeze(kafka)
        try:
            yield client, node
        finally:
            kafka.resume()
            await client.close()


async def test_a_node_that_hangs_is_given_up() -> None:
    async with facing_a_frozen_node(answer=0.5, joining=2.0) as (client, node):
        begun = time.monotonic()
        with pytest.raises(RequestTimedOutError):
            await client.send(node, MetadataRequest([]))
        first = time.monotonic() - begun
        # The connection was closed, and the next one is not waited for without end either.
        with pytest.raises((KafkaError, TimeoutError)):
            await client.send(node, MetadataRequest([]))
        assert time.monotonic() - begun < FAR_BELOW_ITS_OWN
        assert first >= 0.5


async def test_a_client_that_begins_at_a_node_that_hangs_ends_its_wait() -> None:
    async with running_kafka() as kafka:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        bound(client, answer=0.5, joining=2.0)
        await freeze(kafka)
        try:
            begun = time.monotonic()
            with pytest.raises(KafkaError):
                await client.bootstrap()
            assert time.monotonic() - begun < FAR_BELOW_ITS_OWN
        finally:
            kafka.resume()
            await client.close()


async def told_of_another_topic(kafka: EmbeddedKafka, *, contained: bool) -> bool:
    """Whether a record is sent although another topic is asked for by name while it waits."""
    await write(kafka.bootstrap, "known", [b"first"])
    await write(kafka.bootstrap, "another", [b"first"])
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, linger_ms=1000)
    if contained:
        keep_topics(producer.client)
    await producer.start()
    try:
        await producer.client.set_topics([])  # all of them
        waiting = await producer.send("known", b"second")
        await producer.client.add_topic("another")
        done, _ = await asyncio.wait([waiting], timeout=5)
        if not done:
            await producer.send("known", b"the next one frees it")
            await asyncio.wait_for(waiting, 30)
        return bool(done)
    finally:
        await producer.stop()


async def test_a_record_that_waits_is_sent_although_another_topic_is_asked_for() -> None:
    async with running_kafka() as kafka:
        assert await told_of_another_topic(kafka, contained=True)


async def test_stock_forgets_the_topic_of_a_record_that_waits() -> None:
    async with running_kafka() as kafka:
        assert not await told_of_another_topic(kafka, contained=False), "keep_topics is not needed any more"


async def test_joining_a_group_may_take_longer() -> None:
    async with facing_a_frozen_node(answer=0.2, joining=1.5) as (client, node):
        begun = time.monotonic()
        with pytest.raises(RequestTimedOutError):
            await client.send(node, JoinGroupLike([]))
        assert time.monotonic() - begun >= 1.5
