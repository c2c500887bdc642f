"""A record counts as written when Kafka has acknowledged it, and every way of failing is told apart."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, NotLeaderForPartitionError
from faust.exceptions import NotReady, ProducerSendError

from app.producing import ProduceError, Producer, Record

RECORDS = [Record("a", b"1", b"k"), Record("b", b"2", None, {"trace": b"t"})]


class Driver:
    """A driver whose sends fail, or whose acknowledgements come when told."""

    def __init__(self, on_send: Exception | None = None) -> None:
        self.on_send = on_send
        self.sent: list[tuple[Any, ...]] = []
        self.acks: list[asyncio.Future[None]] = []

    async def maybe_start_producer(self) -> "Driver":
        """The driver itself."""
        return self

    async def send(
        self, topic: str, key: bytes | None, value: bytes, partition: None, timestamp: None, headers: Any
    ) -> asyncio.Future[None]:
        """Take a record; what is returned is done when it is acknowledged."""
        if self.on_send is not None:
            raise self.on_send
        self.sent.append((topic, key, value, headers))
        self.acks.append(asyncio.get_running_loop().create_future())
        return self.acks[-1]


async def begun(driver: Driver) -> asyncio.Task[None]:
    """Two records on their way."""
    task = asyncio.create_task(Producer(driver).produce_all(RECORDS))
    async with asyncio.timeout(5):
        while len(driver.acks) < 2:
            await asyncio.sleep(0)
    return task


async def test_records_go_in_order_and_the_last_acknowledgement_ends_the_wait() -> None:
    driver = Driver()
    task = await begun(driver)
    assert driver.sent == [("a", b"k", b"1", None), ("b", None, b"2", {"trace": b"t"})]
    driver.acks[1].set_result(None)
    await asyncio.sleep(0)
    assert not task.done()
    driver.acks[0].set_result(None)
    await task


async def test_one_missing_acknowledgement_is_a_failure() -> None:
    driver = Driver()
    task = await begun(driver)
    driver.acks[0].set_result(None)
    driver.acks[1].set_exception(NotLeaderForPartitionError())
    with pytest.raises(ProduceError, match="NotLeaderForPartition"):
        await task


def wrapped(error: Exception) -> ProducerSendError:
    """An error as Faust wraps it."""
    made = ProducerSendError(f"Error while sending: {error!r}")
    made.__cause__ = error
    return made


@pytest.mark.parametrize("error", [wrapped(KafkaTimeoutError()), KafkaTimeoutError(), NotReady()])
async def test_what_fails_before_it_is_on_its_way_can_be_tried_again(error: Exception) -> None:
    with pytest.raises(ProduceError):
        await Producer(Driver(error)).produce("a", b"1")


@pytest.mark.parametrize("error", [wrapped(MessageSizeTooLargeError("9 MB")), MessageSizeTooLargeError("9 MB")])
async def test_what_is_too_large_for_kafka_is_not_tried_for_ever(error: Exception) -> None:
    with pytest.raises(ValueError, match="larger than Kafka takes"):
        await Producer(Driver(error)).produce("a", b"1")


async def test_giving_up_does_not_cancel_what_is_on_its_way() -> None:
    driver = Driver()
    task = await begun(driver)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(ack.cancelled() for ack in driver.acks)
    for ack in driver.acks:
        ack.set_result(None)
    await asyncio.sleep(0)
