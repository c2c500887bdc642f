"""An impatient client on a Kafka that hangs: every wait ends, and joining a group may take longer."""

import time

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.protocol.metadata import MetadataRequest

from app.kafka_client import bound
from tests.stores.kafka_support import running_kafka

FAR_BELOW_ITS_OWN = 20.0
"""Seconds; the client's own time-out is 40."""


class JoinGroupLike(MetadataRequest):
    """A request whose name says that its answer waits for others; the rest is a real request's."""


async def test_a_node_that_hangs_is_given_up() -> None:
    async with running_kafka() as kafka:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        bound(client, answer=0.5, joining=2.0)
        await client.bootstrap()
        node = client.get_random_node()
        await client.send(node, MetadataRequest([]))
        kafka.pause()
        try:
            begun = time.monotonic()
            with pytest.raises(RequestTimedOutError):
                await client.send(node, MetadataRequest([]))
            first = time.monotonic() - begun
            # The connection was closed, and the next one is not waited for without end either.
            with pytest.raises((KafkaError, TimeoutError)):
                await client.send(node, MetadataRequest([]))
            assert time.monotonic() - begun < FAR_BELOW_ITS_OWN
            assert first >= 0.5
        finally:
            kafka.resume()
            await client.close()


async def test_a_client_that_begins_at_a_node_that_hangs_ends_its_wait() -> None:
    async with running_kafka() as kafka:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        bound(client, answer=0.5, joining=2.0)
        kafka.pause()
        try:
            begun = time.monotonic()
            with pytest.raises(KafkaError):
                await client.bootstrap()
            assert time.monotonic() - begun < FAR_BELOW_ITS_OWN
        finally:
            kafka.resume()
            await client.close()


async def test_joining_a_group_may_take_longer() -> None:
    async with running_kafka() as kafka:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        bound(client, answer=0.2, joining=1.5)
        await client.bootstrap()
        node = client.get_random_node()
        await client.send(node, MetadataRequest([]))
        kafka.pause()
        try:
            begun = time.monotonic()
            with pytest.raises(RequestTimedOutError):
                await client.send(node, JoinGroupLike([]))
            assert time.monotonic() - begun >= 1.5
        finally:
            kafka.resume()
            await client.close()
