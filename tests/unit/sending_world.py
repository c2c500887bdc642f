"""A sender worker in virtual time: lanes, gates and sender are real; Meta, Kafka and the clock are made by hand."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import orjson

from agents.sender import Sender
from app.core.effects import Send
from app.core.identity import User
from app.core.verdicts import Verdict
from app.lanes import Lanes
from app.producing import Producer
from app.settings import Settings
from tables.sends import STARTED, Sends
from tests.unit.histories import NOW
from tests.unit.sender_bench import ACCEPTED, SEND, SETTINGS, TOPICS, outbox_event
from tests.unit.stream import Event, FakeProducer
from tests.unit.table import DictApp
from tests.unit.virtual_clock import VirtualClock

NUMBER = SEND.user.phone_number_id
Meta = Callable[[str, str], Verdict]
"""Answers a post, given the user and the message's text."""


class World:
    """A worker with its lanes in virtual time; what Kafka keeps outlives it."""

    def __init__(self, meta: Meta = lambda user, text: ACCEPTED, options: Settings = SETTINGS, **more: Any) -> None:
        self.meta = meta
        self.clock = VirtualClock(NOW)
        self.table = DictApp()
        self.sends = Sends(self.table, 8)
        self.producer = FakeProducer()
        self.posts: list[tuple[float, str, str]] = []
        """Time, user, text."""
        self.outbox: list[Send] = []
        self.acknowledged: list[Event] = []
        self.seconds = 0.05
        self._options, self._more = options, more
        self.restart()

    def restart(self) -> None:
        """A new worker takes over what Kafka has."""
        self.leaving = False
        self.sender = Sender(
            self._options,
            TOPICS,
            self,
            cast(Producer, self.producer),
            self.sends,
            leaving=lambda: self.leaving,
            sleep=self.clock.sleep,
            clock=self.clock.read,
            jitter=random.Random(1).random,
            **self._more,
        )
        self.lanes = Lanes(
            self.sender.handle,
            self.sender.poisoned,
            limit=self._options.sends_waiting,
            waiting=self._options.sends_waiting,
        )

    async def send(self, phone_number_id: str, body: dict[str, Any]) -> Verdict:
        """Be Meta."""
        user, text = body["to"], body["text"]["body"]
        self.posts.append((self.clock.now - NOW, user, text))
        await self.clock.sleep(self.seconds)
        return self.meta(user, text)

    async def put(self, user: str, *texts: str, number: str = NUMBER, **more: Any) -> None:
        """Let messages to a user come from the outbox."""
        for text in texts:
            whom = User.at(number, user, None)
            content = {"kind": "text", "text": text}
            send = replace(SEND, id=f"{user}-{text}", user=whom, message=content, made_at=self.clock.now, **more)
            self.outbox.append(send)
            await self.lanes.put(self._event(send, len(self.outbox) - 1))

    async def put_all_again(self) -> None:
        """Let everything come again, as after a restart without a commit."""
        for offset, send in enumerate(list(self.outbox)):
            await self.lanes.put(self._event(send, offset))

    def _event(self, send: Send, offset: int) -> Event:
        event = outbox_event(send, offset=offset)
        event.log = self.acknowledged
        return event

    async def run(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass."""
        await self.clock.run(self.clock.now + seconds, stop)

    def to(self, user: str) -> list[str]:
        """The texts posted to a user, in order."""
        return [text for _, whom, text in self.posts if whom == f"+{user}"]

    def reports(self) -> dict[str, str]:
        """The verdict on each message."""
        return {data["effect"]: data["verdict"] for data in self.producer.on(TOPICS.sent)}

    def in_doubt(self) -> set[str]:
        """The messages noted as started and not as finished."""
        stages = [orjson.loads(value)["stages"] for value in self.table.values.values()]
        return {effect for user in stages for effect, stage in user.items() if stage == STARTED}


def names(many: int) -> list[str]:
    """Texts of messages."""
    return [f"m{number:04}" for number in range(many)]
