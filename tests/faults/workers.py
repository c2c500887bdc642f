"""Workers as processes, a broker, numbered messages, and what must be true of them at the end.

In: which Kafka, how many partitions. Out: workers to start, kill and freeze; the log of what they did. It knows the
chaos worker's topics, and nothing of the containment.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.embedded.apache_kafka import ApacheKafka
from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port
from app.embedded.process import Process
from app.settings import Settings
from app.topics import ensure_topics
from tests.faults import chaos_app
from tests.faults.bench.kafka_log import until_known
from tests.system.system import KAFKA, REPOSITORY, until

READY_SECONDS = 90.0
PARTITIONS = 4


def kafka_service(directory: Path) -> ApacheKafka | EmbeddedKafka:
    """The broker the tests run on, by BROKER_TEST_KAFKA."""
    return (ApacheKafka if KAFKA == "apache" else EmbeddedKafka)(free_port(), directory / "kafka")


class Bench:
    """A broker, workers of the chaos app, and a writer of numbers."""

    def __init__(self, **environment: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="faults-")
        self.directory = Path(self._directory.name)
        self.kafka = kafka_service(self.directory)
        self.environment = environment
        self.workers: dict[int, Process] = {}
        self.sent: Counter[str] = Counter()
        self._writer: AIOKafkaProducer | None = None

    def settings(self, port: int = 8000) -> Settings:
        """The settings of the worker on a port."""
        return Settings(
            app_id="faults",
            host="127.0.0.1",
            broker_port=port,
            kafka=[self.kafka.bootstrap],
            embedded_kafka=self.kafka.embedded,
            partitions=PARTITIONS,
            data_dir=self.directory / "tables",
        )

    async def __aenter__(self) -> Self:
        await self.kafka.start()
        await ensure_topics(self.settings(), chaos_app.specs(self.settings()))
        self._writer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all")
        await self._writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers.values():
            await worker.kill_and_wait()
        if self._writer is not None:
            await self._writer.stop()
        await self.kafka.stop()
        self._directory.cleanup()

    async def start_worker(self) -> int:
        """Start one more worker; returns its port, which is its name."""
        port = free_port()
        settings = self.settings(port)
        environment = {
            **os.environ,
            "BROKER_APP_ID": settings.app_id,
            "BROKER_HOST": settings.host,
            "BROKER_BROKER_PORT": str(port),
            "BROKER_KAFKA": self.kafka.bootstrap,
            "BROKER_EMBEDDED_KAFKA": "true" if self.kafka.embedded else "false",
            "BROKER_PARTITIONS": str(settings.partitions),
            "BROKER_DATA_DIR": str(settings.data_dir),
            **self.environment,
        }
        argv = [sys.executable, "-m", "tests.faults.chaos_app"]
        sink = _log_to(os.environ.get("BROKER_TEST_LOG"))
        worker = Process(f"worker {port}", argv, environment=environment, directory=REPOSITORY, sink=sink)
        await worker.start()
        self.workers[port] = worker
        return port

    async def until_ready(self, port: int, within: float = READY_SECONDS) -> float:
        """Wait until a worker has its partitions and tables; returns the seconds since the call."""
        begun = asyncio.get_running_loop().time()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http:
            said = ""

            async def is_ready() -> bool:
                nonlocal said
                assert self.workers[port].running, self.workers[port].quote()
                try:
                    async with http.get(f"http://127.0.0.1:{port}/ready") as response:
                        said = await response.text()
                        return response.status == 200
                except (aiohttp.ClientError, TimeoutError) as error:
                    said = repr(error)
                    return False

            try:
                await until(is_ready, within, f"worker {port} ready")
            except AssertionError as error:
                raise AssertionError(f"{error}; it said {said}; {self.workers[port].quote()}") from None
        return asyncio.get_running_loop().time() - begun

    def running(self) -> list[int]:
        """The workers that run, the oldest first."""
        return [port for port, worker in self.workers.items() if worker.running]

    async def write(self, user: str) -> None:
        """Give a user the next number."""
        assert self._writer is not None
        self.sent[user] += 1
        await self._writer.send_and_wait(chaos_app.NUMBERS, str(self.sent[user]).encode(), key=user.encode())

    async def read(self, topic: str) -> list[Any]:
        """Every record of a topic so far, each partition in its order."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap,
            fetch_max_wait_ms=20,
            # Without this, the position "latest" may be set after the seek.
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning()
            records: list[Any] = []
            while True:
                batches = await consumer.getmany(timeout_ms=500)
                records.extend(record for batch in batches.values() for record in batch)
                positions = [await consumer.position(one) - ends[one] for one in partitions]
                # The embedded broker's end is that of the last batch's first record: so read on until nothing comes.
                if not batches and min(positions) >= 0:
                    return records
        finally:
            await consumer.stop()

    async def committed(self) -> dict[int, int]:
        """The committed offset of each partition of `numbers`, 0 for none."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap, group_id=self.settings().app_id, enable_auto_commit=False
        )
        await consumer.start()
        try:
            await until_known(consumer)
            partitions = [TopicPartition(chaos_app.NUMBERS, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            return {one.partition: await consumer.committed(one) or 0 for one in partitions}
        finally:
            await consumer.stop()

    async def until_done(self, within: float) -> None:
        """Wait until every number was read and committed."""
        total = sum(self.sent.values())

        async def all_committed() -> bool:
            assert self.running(), "no worker runs: " + " / ".join(one.quote() for one in self.workers.values())
            return sum((await self.committed()).values()) >= total

        try:
            await until(all_committed, within, f"the commit of all {total} numbers")
        except AssertionError as error:
            raise AssertionError(f"{error}; committed is {await self.committed()}") from None


def first_times(records: list[Any]) -> dict[str, list[int]]:
    """Per user the numbers in the order in which each was first done."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for record in records:
        found[record.key.decode()].setdefault(orjson.loads(record.value)["number"], None)
    return {user: list(numbers) for user, numbers in found.items()}


def complaints(sent: Counter[str], done: list[Any], changelog: list[Any]) -> list[str]:
    """What is wrong: numbers lost or out of order, state that went backward or is not the last number."""
    found = first_times(done)
    wrong = []
    for user, count in sent.items():
        numbers = found.get(user, [])
        missing = sorted(set(range(1, count + 1)) - set(numbers))
        if missing:
            wrong.append(f"{user}: {missing} were never done")
        if numbers != sorted(numbers):
            wrong.append(f"{user}: out of order: {numbers}")
    states: Counter[str] = Counter()
    for record in changelog:
        user, number = record.key.decode(), int(record.value)
        if number < states[user]:
            wrong.append(f"{user}: its state went from {states[user]} back to {number}")
        states[user] = number
    wrong.extend(f"{user}: its state is {states[user]}, not {n}" for user, n in sent.items() if states[user] != n)
    return wrong


def missing_below_commit(numbers: list[Any], done: list[Any], committed: dict[int, int]) -> list[str]:
    """Records below the committed offset that nobody has done."""
    found = first_times(done)
    return [
        f"{record.key.decode()}'s {int(record.value)} at {record.partition}/{record.offset}"
        for record in numbers
        if record.offset < committed[record.partition] and int(record.value) not in found.get(record.key.decode(), [])
    ]


def _log_to(path: str | None) -> Any:
    if path is None:
        return None

    def sink(name: str, line: str) -> None:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}: {line}\n")

    return sink
