"""A sender on a bench: Meta, Kafka and the table `sends` made by hand, and a clock that moves only while it waits."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import orjson
from pydantic import SecretStr

from agents.sender import Sender
from app.core.effects import Send
from app.core.events import SendFinished, StatusCame, UserWrote
from app.core.verdicts import Verdict, from_answer
from app.producing import Producer
from app.sending.attaching import Uploads
from app.sending.posting import Graph
from app.settings import Settings
from app.stores.media import MediaStore
from app.topics import Topics
from app.whatsapp.mark import write_mark
from app.wire import read_event
from tables.sends import Sends
from tests.unit.histories import ANA, DAY, NOW
from tests.unit.stream import Event, FakeProducer, Message

SETTINGS = Settings(_env_file=None, send_tries=4, access_token=SecretStr("hidden-token"))
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


def answered(code: int, status: int = 400, **more: Any) -> Verdict:
    """The verdict on an answer of Meta with this code."""
    return from_answer(status, {"error": {"code": code, "message": f"error {code}"}}, b"busy", **more)


RETRY = answered(131016)
REFUSED = answered(131026)
IN_DOUBT = Verdict(outcome="in_doubt", code="no_answer", reason="no answer came")


class FakeGraph:
    """Answers with one verdict after another, the last one for ever."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.times: list[float] = []
        self.clock: Callable[[], float] = lambda: NOW
        self.before: Callable[[], None] = lambda: None

    async def send(self, phone_number_id: str, body: dict[str, Any]) -> Verdict:
        """The next verdict."""
        self.before()
        self.calls.append((phone_number_id, body))
        self.times.append(self.clock() - NOW)
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


class FakeSends:
    """The table `sends` in a dictionary, with every note that was made."""

    def __init__(self) -> None:
        self.stages: dict[tuple[bytes, str], str] = {}
        self.notes: list[str] = []

    def stage(self, key: bytes, effect: str, message: Any = None) -> str | None:
        """How far a message got."""
        return self.stages.get((key, effect))

    async def note(self, key: bytes, effect: str, stage: str, message: Any = None) -> None:
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
        more = {"status": event.status, "biz_opaque_callback_data": mark, "errors": list(event.errors)}
        value["statuses"] = [{**common, **more}]
    else:
        value["messages"] = [{**common, "from": ANA.wa_id, "type": "text", "text": {"body": event.text}}]
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}


def outbox_event(send: Send | bytes = SEND, **more: Any) -> Event:
    """An event of the outbox."""
    value = send if isinstance(send, bytes) else orjson.dumps(send.to_dict())
    key = ANA.key if isinstance(send, bytes) else send.user.key
    return Event(Message(value, key.encode(), TOPICS.outbox, **more))


class Bench:
    """A sender with a clock that moves only while it waits between tries."""

    def __init__(
        self,
        *verdicts: Verdict,
        jitter: float = 0.5,
        settings: Settings = SETTINGS,
        meta: Graph | None = None,
        media: tuple[MediaStore, Uploads] | None = None,
    ) -> None:
        """`meta` is asked instead of the given verdicts; `media` has files of ours and what uploads them."""
        self.now = NOW
        self.waits: list[float] = []
        self.graph = FakeGraph(*verdicts or (ACCEPTED,))
        self.graph.clock = lambda: self.now
        self.sends = FakeSends()
        self.producer = FakeProducer()
        self.leaving = False

        async def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.now += seconds
            await asyncio.sleep(0)

        self.sender = Sender(
            settings,
            TOPICS,
            meta or self.graph,
            cast(Producer, self.producer),
            cast(Sends, self.sends),
            leaving=lambda: self.leaving,
            sleep=wait,
            clock=lambda: self.now,
            jitter=lambda: jitter,
            media=media,
        )

    async def handle(self, send: Send | bytes = SEND, **more: Any) -> None:
        """Hand over a record of the outbox."""
        await self.sender.handle(outbox_event(send, **more))

    async def settle(self, event: StatusCame | UserWrote) -> None:
        """Hand over a record of the webhook topic."""
        value = orjson.dumps(item_of(event))
        await self.sender.settle(Event(Message(value, ANA.key.encode(), TOPICS.webhook)))

    def finished(self) -> SendFinished:
        """The one report that was written."""
        (event,) = self.all_finished()
        return event

    def all_finished(self) -> list[SendFinished]:
        """Every report that was written, in order."""
        events = []
        for record in self.producer.records:
            if record.topic == TOPICS.sent:
                event = read_event(record.value)
                assert isinstance(event, SendFinished)
                assert record.key == event.user.key.encode()
                events.append(event)
        return events
