"""How a bot reads: what is committed and handled again when it is stopped, cut off, or Kafka fails."""

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaTimeoutError
from aiokafka.structs import ConsumerRecord

from agents.kit import Bot, Message, progress
from agents.kit import bot as kit

IN = TopicPartition("x-in", 0)


class Kafka:
    """An in topic with records `0`, `1` …, and what is committed of it, in memory."""

    def __init__(self, records: int) -> None:
        self.values = [
            json.dumps({"waID": "5511999990000", "id": str(n), "type": "text"}).encode() for n in range(records)
        ]
        self.committed = 0
        self.commits: list[int] = []
        self.refuses: Exception | None = None
        self.listener: ConsumerRebalanceListener | None = None
        self.stopped = 0

    def consumer(self, **_: Any) -> "Consumer":
        return Consumer(self)


class Consumer:
    """Reads on from what is committed, as a group of one process does; it is the producer as well."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka, self.position, self.open = kafka, kafka.committed, False

    def subscribe(self, topics: list[str], listener: ConsumerRebalanceListener) -> None:
        assert topics == ["x-in", "x-error"]
        self.kafka.listener = listener

    async def start(self) -> None:
        self.open = True

    async def stop(self) -> None:
        self.open = False
        self.kafka.stopped += 1

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0)
        assert timeout_ms
        first, self.position = self.position, min(self.position + max_records, len(self.kafka.values))
        found = [record(offset, self.kafka.values[offset]) for offset in range(first, self.position)]
        return {IN: found} if found else {}

    async def commit(self, offsets: dict[TopicPartition, int] | None = None) -> None:
        assert self.open and offsets and list(offsets) == [IN]
        if self.kafka.refuses:
            raise self.kafka.refuses
        self.kafka.committed = offsets[IN]
        self.kafka.commits.append(offsets[IN])


def record(offset: int, value: bytes) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("x-in", 0, offset, 0, 0, None, value, None, 0, len(value), ())


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kafka], None]:
    """Lets bots read from and write to this Kafka; time for a commit comes only once."""

    def connected(kafka: Kafka) -> None:
        monkeypatch.setattr(kit, "AIOKafkaConsumer", kafka.consumer)
        monkeypatch.setattr(kit, "AIOKafkaProducer", kafka.consumer)
        monkeypatch.setattr(kit, "RETRY_SECONDS", 0.0)
        monkeypatch.setattr(progress, "COMMIT_SECONDS", 3600.0)

    return connected


class Handled:
    """A bot's handler: notes what it is called with; `at` some records it does something else first."""

    def __init__(self, at: dict[int, Callable[[], Any]]) -> None:
        self.bot = Bot("x")
        self.at = at
        self.begun: list[str] = []
        self.ids: list[str] = []
        self.bot.on_message(self.handle)

    async def handle(self, message: Message) -> None:
        self.begun.append(message.id)
        if action := self.at.get(int(message.id)):
            result = action()
            if asyncio.iscoroutine(result):
                await result
        self.ids.append(message.id)

    async def serve(self) -> None:
        async with asyncio.timeout(10):
            await self.bot.serve()


async def test_a_bot_that_is_stopped_finishes_the_record_in_hand_and_the_next_start_handles_only_the_rest(
    connect: Callable[[Kafka], None],
) -> None:
    kafka = Kafka(10)
    connect(kafka)
    first = Handled({3: lambda: first.bot.stop()})
    await first.serve()
    assert (first.ids, kafka.committed) == (["0", "1", "2", "3"], 4)
    assert kafka.stopped == 2, "consumer and producer"

    second = Handled({9: lambda: second.bot.stop()})
    await second.serve()
    assert (second.ids, kafka.committed) == ([str(n) for n in range(4, 10)], 10)


@pytest.mark.parametrize("finishes", [True, False])
async def test_when_asked_to_end_the_handler_in_hand_may_finish_within_a_limit(
    finishes: bool, connect: Callable[[Kafka], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, finish = Kafka(5), asyncio.Event()
    signals: dict[int, Callable[[], None]] = {}
    connect(kafka)
    monkeypatch.setattr(kit, "STOP_SECONDS", 9.0 if finishes else 0.01)
    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", signals.__setitem__)

    async def asked_to_end() -> None:
        signals[signal.SIGTERM]()
        if finishes:
            asyncio.get_running_loop().call_soon(finish.set)
        await finish.wait()

    handled = Handled({3: asked_to_end})
    async with asyncio.timeout(10):
        running = asyncio.create_task(handled.bot._run())
        await asyncio.wait([running])
    assert set(signals) == {signal.SIGINT, signal.SIGTERM}
    assert running.cancelled() is not finishes
    assert handled.begun == ["0", "1", "2", "3"]
    assert kafka.committed == len(handled.ids) == (4 if finishes else 3)


async def test_a_record_that_is_cut_off_is_not_committed_and_those_before_it_are(
    connect: Callable[[Kafka], None],
) -> None:
    kafka, begun, never = Kafka(5), asyncio.Event(), asyncio.Event()
    connect(kafka)

    async def hang() -> None:
        begun.set()
        await never.wait()

    handled = Handled({3: hang})
    serving = asyncio.create_task(handled.serve())
    async with asyncio.timeout(10):
        await begun.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert (handled.begun, handled.ids, kafka.committed) == (["0", "1", "2", "3"], ["0", "1", "2"], 3)


async def test_what_was_finished_before_a_record_kafka_does_not_acknowledge_is_not_handled_again(
    connect: Callable[[Kafka], None],
) -> None:
    kafka, failures = Kafka(5), [KafkaTimeoutError()]
    connect(kafka)

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    handled = Handled({3: fail_once, 4: lambda: handled.bot.stop()})
    await handled.serve()
    assert handled.begun == ["0", "1", "2", "3", "3", "4"]
    assert 3 in kafka.commits and kafka.committed == 5


async def test_what_was_handled_is_committed_about_once_a_second(
    connect: Callable[[Kafka], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = Kafka(6)
    connect(kafka)
    seen: list[int] = []

    def due() -> None:
        monkeypatch.setattr(progress, "COMMIT_SECONDS", 0.0)

    def look() -> None:
        seen.append(kafka.committed)

    handled = Handled({2: look, 3: due, 4: look, 5: lambda: handled.bot.stop()})
    await handled.serve()
    assert seen == [1, 4], "the first at once, then none before its time"


async def test_partitions_are_given_away_when_the_record_in_hand_is_finished_and_committed(
    connect: Callable[[Kafka], None],
) -> None:
    kafka = Kafka(5)
    connect(kafka)
    revoking: list[asyncio.Task[None]] = []
    committed: list[int] = []

    async def revoke() -> None:
        assert kafka.listener
        await kafka.listener.on_partitions_revoked([IN])
        committed.append(kafka.committed)

    async def begin() -> None:
        revoking.append(asyncio.create_task(revoke()))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not revoking[0].done()

    handled = Handled({2: begin, 4: lambda: handled.bot.stop()})
    await handled.serve()
    assert committed == [3]


@pytest.mark.parametrize("refusal", [CommitFailedError(), TimeoutError()])
async def test_a_last_commit_that_fails_is_logged_and_the_bot_ends(
    refusal: Exception, connect: Callable[[Kafka], None], caplog: pytest.LogCaptureFixture
) -> None:
    kafka = Kafka(3)
    connect(kafka)

    def end() -> None:
        kafka.refuses = refusal
        handled.bot.stop()

    handled = Handled({1: end})
    await handled.serve()
    assert kafka.committed == 1 and kafka.stopped == 2
    assert "not committed" in caplog.text


async def test_a_handler_that_takes_too_long_is_ended_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kit, "HANDLER_SECONDS", 0.01)
    handled = Handled({7: asyncio.Event().wait})

    async def write(_: bytes) -> None:
        raise AssertionError

    async with asyncio.timeout(10):
        await handled.bot.take("x-in", b'{"id": "7"}', write)
    assert (handled.begun, handled.ids) == (["7"], [])
    assert "record 7" in caplog.text and "TimeoutError" in caplog.text
