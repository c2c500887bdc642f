"""What the tests of look-ups and orders share: two workers, one of which has Ana."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.identity import User
from app.core.naming import home_of
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.faust_app import make_app
from app.owners import OwnerUnknown
from app.producing import ProduceError
from app.settings import Settings
from app.stores.mirror import MirrorAway
from tests.unit.histories import REGISTER, SALES
from tests.web.admin_support import TOKEN, Admin, MemoryStore
from web.admin.counts import Counts
from web.admin.install import install_admin, install_sessions
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import FORWARDED, Passing

NOW = 1_790_000_000.0
ANA = User.at("106", "5511999990000", "BR.77", "Ana")
STATE = State(
    session=Session(since=NOW - 50, agent=SALES.id, kept=({"text": "secret words"},)),
    window=Window(user=ANA, last_seen=NOW - 100),
)


class Worker:
    """A worker's web server, with the names it has and the address it believes all others are at."""

    def __init__(self, states: dict[bytes, State]) -> None:
        self.states = states
        self.settled = True
        self.other: str | None = None
        self.asked = 0
        self.written: list[tuple[str, bytes, bytes]] = []
        self.kafka = "there"

    def owner(self, key: bytes) -> str | None:
        self.asked += 1
        if not self.settled:
            raise OwnerUnknown("the users are being handed out among the workers")
        return None if key in self.states else self.other

    def load(self, key: bytes) -> State:
        return self.states.get(key, State())

    def home(self, key: bytes, number: str | None) -> str | None:
        window = self.load(key).window
        return home_of(window, number) if window else None

    async def produce(self, topic: str, value: bytes, key: bytes) -> None:
        if self.kafka == "hangs":
            await asyncio.Event().wait()
        if self.kafka == "refuses":
            raise ProduceError("Kafka did not acknowledge")
        self.written.append((topic, value, key))


class Mirror:
    """Sessions as Redis would give them."""

    away = False

    async def sessions(self) -> AsyncIterator[dict[str, Any]]:
        if self.away:
            raise MirrorAway("Redis does not serve the mirror")
        for user, agent in (("a", SALES.id), ("b", None), ("c", SALES.id)):
            yield {"user": user, "state": "menu" if agent is None else "agent", "agent": agent, "since": NOW}


class Pair:
    """Two workers; the second has Ana, and the first knows it."""

    def __init__(self) -> None:
        self.first, self.second = Worker({}), Worker({ANA.key.encode(): STATE})
        self.mirror = Mirror()
        self.clients: list[TestClient[Any, Any]] = []

    async def order(self, method: str, path: str, body: Any = None, *, at: int = 0, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an order about Ana."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.clients[at].request(
            method,
            f"/api/v1/session/{ANA.key}{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}", **named},
        )
        return response.status, await response.json()

    async def get(self, user: str, *, at: int = 0, token: str = TOKEN, mark: bool = False) -> tuple[int, Any, Any]:
        """Status, JSON and headers of a look-up."""
        path = user if user.startswith("/") else f"/api/v1/session/{user}"
        marked = {FORWARDED: "1"} if mark else {}
        response = await self.clients[at].get(path, headers={"Authorization": f"Bearer {token}", **marked})
        return response.status, await response.json(), response.headers


@asynccontextmanager
async def running_pair(directory: Path) -> AsyncIterator[Pair]:
    """Both workers, with their admin APIs."""
    settings = Settings(data_dir=directory, admin_tokens=[SecretStr(TOKEN)], phone_number_id="106")
    pair = Pair()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for number, worker in enumerate((pair.first, pair.second)):
            app = make_app(settings, "broker", 8000 + number)
            client: TestClient[Any, Any] = TestClient(TestServer(app.web.web_app))
            admin = Admin(client, MemoryStore())
            install_admin(app, settings, admin.store, admin.create_topics, admin.notify)
            passing = Passing(worker, worker.home, "106", lambda: http)
            lookups = Lookups(passing, worker.load, _register, Rules(), clock=lambda: NOW)
            orders = Orders(passing, worker.load, _register, worker, "control", clock=lambda: NOW, seconds=0.2)
            install_sessions(app, lookups, Counts(pair.mirror, _register), orders)
            app.web.init_server()
            pair.clients.append(await stack.enter_async_context(client))
        pair.first.other = str(pair.clients[1].make_url("/"))
        yield pair


def _register() -> Register:
    return REGISTER
