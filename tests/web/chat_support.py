"""What the tests of the chat share: an inbox and a page on one embedded MongoDB, with everything else by hand."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from agents.demo.inbox import Inbox
from app.core.register import Agent, Register
from app.embedded.mongo import Mongo
from app.embedded.ports import free_port
from app.producing import ProduceError
from app.settings import Settings
from app.stores.conversations import Conversations
from app.stores.media import MediaStore
from app.stores.media_directory import MediaDirectory
from app.stores.pushes import Pushes
from web.chat import install_chat, login_code

START = 1_800_000_000.0
ANA = "pn:5511990000001"


def agent(agent_id: int, name: str) -> Agent:
    """An agent whose topics are named after it."""
    word = name.lower()
    return Agent(
        id=agent_id, name=name, read_topic=f"{word}-in", write_topic=f"{word}-out", error_topic=f"{word}-error"
    )


SALES, HELP = agent(1, "Sales"), agent(2, "Help")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Feed:
    """The register, changed by hand."""

    def __init__(self, *agents: Agent) -> None:
        self.register = Register.of(agents)
        self.is_loaded = True
        self.callbacks: list[Callable[[Register], None]] = []

    def subscribe(self, callback: Callable[[Register], None]) -> None:
        """Call back with every newer register."""
        self.callbacks.append(callback)

    def change(self, *agents: Agent) -> None:
        """A newer register came."""
        self.register = Register.of(agents)
        for callback in self.callbacks:
            callback(self.register)


class Producer:
    """Keeps what was produced; `away` makes it fail, a cleared `gate` makes it wait."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any], bytes | None]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def produce(
        self, topic: str, value: bytes, key: bytes | None = None, headers: dict[str, bytes] | None = None
    ) -> None:
        """Keep one record."""
        await self.gate.wait()
        if self.away:
            raise ProduceError("Kafka did not acknowledge: the test switched it off")
        self.records.append((topic, orjson.loads(value), key))

    @property
    def texts(self) -> list[str]:
        """The texts that were produced, in order."""
        return [record["text"] for _, record, _ in self.records]


class Page:
    """A page's side of the socket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.pushes: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    async def ask(self, do: str, **question: Any) -> dict[str, Any]:
        """Ask, and wait for the answer; pushes that come before it are kept."""
        number = next(self._numbers)
        await self.socket.send_json({"do": do, "n": number, **question})
        while True:
            data = await self.socket.receive_json(timeout=20)
            if data.get("re") == number:
                return dict(data)
            self.pushes.append(data)

    async def pushed(self, matches: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Wait for a push, also one that came already."""
        for push in self.pushes:
            if matches(push):
                self.pushes.remove(push)
                return push
        while True:
            data = dict(await self.socket.receive_json(timeout=20))
            if matches(data):
                return data
            self.pushes.append(data)


class Chat:
    """The demo agent under test."""

    def __init__(self, conversations: Conversations, settings: Settings, files: MediaStore) -> None:
        self.settings = settings
        self.clock = Clock()
        self.feed = Feed(SALES, HELP)
        self.producer = Producer()
        self.conversations = conversations
        self.pushes = Pushes(settings.redis_url, "chat", "a")
        self.app = web.Application()
        numbers = itertools.count(1)
        self.new_id = lambda: f"id-{next(numbers)}"
        self.hub = install_chat(
            SimpleNamespace(web=SimpleNamespace(web_app=self.app)),
            settings,
            self.feed,
            self.producer,
            conversations,
            self.pushes,
            files,
            clock=self.clock,
            new_id=self.new_id,
        )
        self.inbox = Inbox(
            conversations,
            self.pushes.publish,
            self.agent_of,
            phone_number_id="pn",
            clock=self.clock,
            new_id=self.new_id,
        )
        self._offsets = itertools.count(1)
        self.client: TestClient[Any, Any]

    def agent_of(self, topic: str) -> Agent | None:
        """The agent whose in or error topic this is."""
        return next((one for one in self.feed.register.agents if topic in one.topics), None)

    def record(self, topic: str, data: dict[str, Any] | bytes, offset: int | None = None) -> SimpleNamespace:
        """A Kafka record."""
        return SimpleNamespace(
            topic=topic,
            partition=0,
            offset=next(self._offsets) if offset is None else offset,
            timestamp=int(self.clock() * 1000),
            value=data if isinstance(data, bytes) else orjson.dumps(data),
        )

    def wrote(self, text: str = "hello", kind: str = "text", topic: str = "sales-in", **more: Any) -> SimpleNamespace:
        """The record of a message of Ana."""
        data = {"waID": "5511990000001", "type": kind, "text": text, "raw_payload": "", "user": ANA, "name": "Ana"}
        return self.record(topic, {**data, "phone_number_id": "pn", "timestamp": self.clock(), **more})

    async def arrive(self, *records: SimpleNamespace) -> None:
        """Let the inbox take records."""
        await self.inbox.handle(list(records))

    async def log_in(self, *agents: Agent) -> None:
        """Log the client's browser in."""
        for one in agents or (SALES,):
            form = {"agent": str(one.id), "code": login_code(self.settings.chat_secret, one)}
            async with self.client.post("/login", data=form, allow_redirects=False) as answer:
                assert answer.status == 303, await answer.text()

    @property
    def origin(self) -> str:
        """The address of our own page."""
        return str(self.client.make_url("/")).rstrip("/")

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A socket, welcomed."""
        async with self.client.ws_connect("/websocket", headers={"Origin": self.origin}) as socket:
            page = Page(socket)
            await socket.send_json({"do": "hello"})
            await page.pushed(lambda push: push.get("push") == "welcome")
            yield page


def chat_settings(**more: Any) -> Settings:
    """Settings of a chat."""
    values: dict[str, Any] = {"chat_secret": SecretStr("a secret of the tests"), **more}
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def running_chat(directory: Path, files: MediaStore | None = None, **settings: Any) -> AsyncIterator[Chat]:
    """A chat on an embedded MongoDB, with a browser that is not logged in."""
    async with Mongo(free_port(), directory / "mongo") as mongo:
        conversations = Conversations(SecretStr(mongo.url), "chat")
        try:
            told = chat_settings(media_dir=directory / "media", **settings)
            chat = Chat(conversations, told, files or MediaDirectory(told.media_dir))
            async with TestClient(TestServer(chat.app)) as client:
                chat.client = client
                yield chat
        finally:
            conversations.close()
