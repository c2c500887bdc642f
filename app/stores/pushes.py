"""Fan-out of pushes between chat workers, through Redis pub/sub.

In: what changed, as JSON objects. Out: every subscriber of every worker is called. Nobody waits for Redis: while it
is away the own worker's subscribers are still served, and once it is back all are told to catch up (`resync`). Pushes
are hints, never the truth: that is in the store.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
import redis.asyncio as redis
from mode import Service
from pydantic import SecretStr
from redis.exceptions import RedisError

Push = dict[str, Any]
Receive = Callable[[Push], None]

WAITING_MAX = 5000
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
RESYNC: Push = {"push": "resync"}

log = logging.getLogger("broker.pushes")


def message_push(message: Push, conversation: Push) -> Push:
    """The push that tells pages of a message that came or changed, and of its conversation."""
    return {"push": "message", "agent": message["agent"], "message": message, "conversation": conversation}


def joined_push(agent: int, former: str, user: str) -> Push:
    """The push that tells pages that a conversation belongs to another one now."""
    return {"push": "joined", "agent": agent, "former": former, "user": user}


def logout_push(login: str) -> Push:
    """The push that ends a login's sockets; no page reads it."""
    return {"push": "logout", "login": login}


class Pushes(Service):
    """Pushes of one worker and to all workers; `worker` is a name no other worker has."""

    def __init__(self, url: SecretStr, channel: str, worker: str) -> None:
        super().__init__()
        self._client = redis.from_url(
            url.get_secret_value(), socket_connect_timeout=2.0, socket_timeout=5.0, health_check_interval=10
        )
        self._channel = channel
        self._worker = worker
        self._receivers: list[Receive] = []
        self._waiting: asyncio.Queue[Push] = asyncio.Queue(WAITING_MAX)
        self._missed = False
        self.failing: str | None = None
        self.listening = asyncio.Event()

    def subscribe(self, receive: Receive) -> None:
        """Call this with every push; it must not block and not raise."""
        self._receivers.append(receive)

    def publish(self, push: Push) -> None:
        """Hand a push to the own subscribers at once, and to other workers as soon as Redis takes it."""
        self._deliver(push)
        try:
            self._waiting.put_nowait(push)
        except asyncio.QueueFull:
            self._missed = True

    async def check(self) -> str | None:
        """What is wrong with the fan-out, for the health check; None when all is well."""
        if self.failing is None:
            return None
        return f"Redis does not carry pushes between chat workers ({self.failing}); check BROKER_REDIS_URL"

    async def on_stop(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _deliver(self, push: Push) -> None:
        for receive in self._receivers:
            receive(push)

    @Service.task
    async def _send(self) -> None:
        tries = 0
        while not self.should_stop:
            push = await self._waiting.get()
            try:
                if self._missed:
                    await self._send_one(RESYNC)
                    self._missed = False
                await self._send_one(push)
                tries = 0
            except (RedisError, OSError) as error:
                self._lost(error)
                self._missed = True
                await self.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1

    async def _send_one(self, push: Push) -> None:
        await self._client.publish(self._channel, orjson.dumps({"from": self._worker, "push": push}))

    @Service.task
    async def _listen(self) -> None:
        tries = 0
        while not self.should_stop:
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as listener:
                    await listener.subscribe(self._channel)
                    self._found_again()
                    tries = 0
                    while not self.should_stop:
                        message = await listener.get_message(timeout=1.0)
                        if message is not None:
                            self._take(message["data"])
            except (RedisError, OSError) as error:
                self._lost(error)
                await self.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1

    def _take(self, data: bytes) -> None:
        try:
            envelope = orjson.loads(data)
            origin, push = envelope["from"], envelope["push"]
        except (ValueError, KeyError, TypeError) as error:
            log.error("what came on the Redis channel %s is no push: %r", self._channel, error)
            return
        if origin != self._worker:
            self._deliver(push)

    def _lost(self, error: Exception) -> None:
        self.listening.clear()
        if self.should_stop:
            return
        if self.failing is None:
            log.warning("Redis is away (%r): pushes reach this worker's pages only, until it is back", error)
        self.failing = repr(error)

    def _found_again(self) -> None:
        if self.failing is not None:
            log.info("Redis is back: all pages catch up")
            self._deliver(RESYNC)
        self.failing = None
        self.listening.set()
