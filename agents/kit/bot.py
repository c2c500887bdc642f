"""A bot: reads its in and error topic, calls the handlers, writes to its out topic.

In: a name and handlers. Out: a process that runs until it is asked to end; then the handler in hand may finish. At
least once: a record counts as read when its handler has returned, so one that was interrupted comes again, with the
same `Message.id`; after a crash, those of the last second too. While Kafka is away the bot waits and tries again. What
a handler raises by itself is logged, and the next record is handled: one bad message must not keep every other user
waiting.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from agents.kit.message import Message, Write
from agents.kit.progress import Progress

KAFKA = "127.0.0.1:9092"
EVENTS = frozenset({"initial", "status", "closed"})
"""Types of records that are not something a user sent."""
HANDLER_SECONDS = 240.0
"""What a handler may take. After 300 Kafka gives the partition away, and the record would come again for ever."""
STOP_SECONDS = 6.0
"""What the handler in hand may take once the bot is asked to end; `docker stop` kills after 10."""
RECORD_MAX = 8 * 1024 * 1024
"""Bytes fetched at once of a partition: room for the largest record of the broker."""
RETRY_SECONDS = 2.0

log = logging.getLogger("bot")

Handler = Callable[[Message], Awaitable[None]]


class Bot:
    """An agent whose topics are `<name>-in`, `<name>-out` and `<name>-error`; each may be named otherwise.

    `kafka` are bootstrap servers, comma separated; left out, those of BROKER_KAFKA, else 127.0.0.1:9092.
    """

    def __init__(
        self,
        name: str,
        *,
        kafka: str | None = None,
        read_topic: str | None = None,
        write_topic: str | None = None,
        error_topic: str | None = None,
    ) -> None:
        self.name = name
        self._kafka = kafka
        self._read_topic = read_topic or f"{name}-in"
        self._write_topic = write_topic or f"{name}-out"
        self._error_topic = error_topic or f"{name}-error"
        self._message: Handler = _nothing
        self._event: Handler = _nothing
        self._error: Handler = _log_error
        self._stopping = False

    def on_message(self, handler: Handler) -> Handler:
        """Decorator: call this with whatever a user sends."""
        self._message = handler
        return handler

    def on_event(self, handler: Handler) -> Handler:
        """Decorator: call this with `initial`, `status`, `closed`, and with `system` that says who was `joined`."""
        self._event = handler
        return handler

    def on_error(self, handler: Handler) -> Handler:
        """Decorator: call this with errors, which are only logged otherwise."""
        self._error = handler
        return handler

    def run(self) -> None:
        """Run until Ctrl-C or SIGTERM; the handler in hand has STOP_SECONDS to finish then."""
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        loop, serving = asyncio.get_running_loop(), asyncio.create_task(self.serve())

        def end() -> None:
            self.stop()
            loop.call_later(STOP_SECONDS, serving.cancel)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        await serving

    def stop(self) -> None:
        """Let `serve` return once the handler in hand has; for good."""
        self._stopping = True

    async def serve(self) -> None:
        """Read, handle and write until stopped, or cancelled: that cuts the handler in hand off."""
        while not self._stopping:
            try:
                async with contextlib.AsyncExitStack() as connections:
                    await self._serve_connected(connections)
            except KafkaError as error:
                log.warning("%s: %r from Kafka; reading again from the last commit soon", self.name, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _serve_connected(self, connections: contextlib.AsyncExitStack) -> None:
        kafka = self._kafka or os.environ.get("BROKER_KAFKA") or KAFKA
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka,
            group_id=f"bot-{self.name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=5000,
            session_timeout_ms=10_000,
            max_partition_fetch_bytes=RECORD_MAX,
        )
        progress = Progress(consumer)
        consumer.subscribe([self._read_topic, self._error_topic], listener=progress)
        for client in (producer, consumer):
            connections.push_async_callback(client.stop)
            await client.start()
        connections.push_async_callback(progress.commit_last)
        log.info("%s reads %s and %s, writes %s", self.name, self._read_topic, self._error_topic, self._write_topic)

        async def write(value: bytes) -> None:
            await producer.send_and_wait(self._write_topic, value)

        while not self._stopping:
            # One at a time, from what was fetched before: Kafka counts the time between two calls, see HANDLER_SECONDS.
            batches = await consumer.getmany(timeout_ms=1000, max_records=1)
            async with progress.handling:
                for partition, (record,) in batches.items():
                    await self.take(record.topic, record.value or b"", write)
                    progress.handled(partition, record.offset)
                await progress.commit_if_due()

    async def take(self, topic: str, value: bytes, write: Write) -> None:
        """Hand one record to its handler; raises KafkaError when what the handler wrote was not acknowledged."""
        try:
            record = json.loads(value)
        except ValueError as error:
            log.error("%s: a record of %s is passed over, it is not JSON: %s", self.name, topic, error)
            return
        if not isinstance(record, dict):
            log.error("%s: a record of %s is passed over, it is not a JSON object", self.name, topic)
            return
        message = Message(record, write)
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                await self._handler(topic, message)(message)
        except Exception as error:
            if isinstance(error, KafkaError) and not isinstance(error, MessageSizeTooLargeError):
                raise  # it passes, and the record is handled again
            log.exception("%s: the handler failed on record %s of %s", self.name, message.id, topic)

    def _handler(self, topic: str, message: Message) -> Handler:
        if topic == self._error_topic:
            return self._error
        # Two users turned out to be one: the broker says so, nobody sent it.
        joined = message.type == "system" and "joined" in message.record
        return self._event if message.type in EVENTS or joined else self._message


async def _nothing(_: Message) -> None:
    pass


async def _log_error(message: Message) -> None:
    log.error("record %s could not be sent to %s: %s", message.id, message.address, message.text)
