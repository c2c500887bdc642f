"""A sender on a bench: Meta, Kafka and the table `sends` made by hand, and a clock that moves only while it waits."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import orjson
from pydantic import SecretStr

from agents.sender import Sender
from app.core.effects import Send
from app.core.events import SendFinished, StatusCame, UserWrote
from app.core.verdicts import Verdict
from app.producing import Producer
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.graph import GraphClient
from app.whatsapp.mark import write_mark
from app.wire import read_event
from tables.sends import Sends
from tests.unit.histories import ANA, DAY, NOW
from tests.unit.stream import Event, FakeProducer, Message

SETTINGS = Settings(_env_file=None, send_tries=4, send_deadline_seconds=45, access_token=SecretStr("hidden-token"))
TOPICS = Topics(SETTINGS)
SEND = Send(
    id="e1",
    user=ANA,
    message={"kind": "text", "text": "hi"},
    made_at=NOW,
    window_ends=NOW + DAY,
    agent=2,
    ref="order-7",
)
ACCEPTED = Verdict(outcome="accepted", message_id="wamid.OUT1", raw=b"answer")
RETRY = Verdict(outcome="retry", code="131056", reason="pair rate limit hit", raw=b"busy")
REFUSED = Verdict(outcome="refused", code="131026", reason="undeliverable")
IN_DOUBT = Verdict(outcome="in_doubt", code="no_answer", reason="no answer came")


class FakeGraph:
    """Answers with one verdict after another, the last one for ever."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[], None] = lambda: None

    async def send(self, phone_number_id: str, body: dict[str, Any]) -> Verdict:
        """The next verdict."""
        self.before()
        self.calls.append((phone_number_id, body))
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


class FakeSends:
    """The table `sends` in a dictionary, with every note that was made."""

    def __init__(self) -> None:
        self.stages: dict[tuple[bytes, str], str] = {}
        self.notes: list[str] = []

    def stage(self, key: bytes, effect: str) -> str | None:
        """How far a message got."""
        return self.stages.get((key, effect))

    async def note(self, key: bytes, effect: str, stage: str) -> None:
        """Note how far a message got."""
        self.stages[(key, effect)] = stage
        self.notes.append(stage)


def item_of(event: StatusCame | UserWrote) -> dict[str, Any]:
    """A webhook with this one status or message."""
    value: dict[str, Any] = {"metadata": {"phone_number_id": ANA.phone_number_id}}
    common = {"id": event.id, "timestamp": str(int(event.at))}
    if isinstance(event, StatusCame):
        assert event.mark is not None
        mark = write_mark(event.mark)
        value["statuses"] = [{**common, "status": event.status, "biz_opaque_callback_data": mark}]
    else:
        value["messages"] = [{**common, "from": ANA.wa_id, "type": "text", "text": {"body": event.text}}]
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}


class Bench:
    """A sender with a clock that moves only while it waits between tries."""

    def __init__(self, *verdicts: Verdict, jitter: float = 0.5) -> None:
        self.now = NOW
        self.waits: list[float] = []
        self.graph = FakeGraph(*verdicts or (ACCEPTED,))
        self.sends = FakeSends()
        self.producer = FakeProducer()
        self.leaving = False

        async def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.now += seconds
            await asyncio.sleep(0)

        self.sender = Sender(
            SETTINGS,
            TOPICS,
            cast(GraphClient, self.graph),
            cast(Producer, self.producer),
            cast(Sends, self.sends),
            leaving=lambda: self.leaving,
            sleep=wait,
            clock=lambda: self.now,
            jitter=lambda: jitter,
        )

    async def handle(self, send: Send | bytes = SEND, **more: Any) -> None:
        """Hand over a record of the outbox."""
        value = send if isinstance(send, bytes) else orjson.dumps(send.to_dict())
        await self.sender.handle(Event(Message(value, ANA.key.encode(), TOPICS.outbox, **more)))

    async def settle(self, event: StatusCame | UserWrote) -> None:
        """Hand over a record of the webhook topic."""
        value = orjson.dumps(item_of(event))
        await self.sender.settle(Event(Message(value, ANA.key.encode(), TOPICS.webhook)))

    def finished(self) -> SendFinished:
        """The one report that was written."""
        (record,) = [record for record in self.producer.records if record.topic == TOPICS.sent]
        event = read_event(record.value)
        assert isinstance(event, SendFinished)
        assert record.key == ANA.key.encode()
        return event
