"""What the tests of the admin page share: the page on stores in memory, and a browser without a screen."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.identity import User
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from app.faust_app import make_app
from app.owners import OwnerUnknown
from app.settings import Settings
from tests.unit.histories import REGISTER
from tests.web.admin_support import OLD_TOKEN, SALES, TOKEN, Admin, MemoryStore
from tests.web.lookups_support import ANA, NOW, STATE, Mirror, Worker
from web.admin.counts import Counts
from web.admin.install import install_admin, install_page
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import Passing
from web.admin.people import People

FORM = {**SALES, "description": "", "position": "0"}
MEASURED = {
    "id": 1,
    "name": "Sales",
    "in_per_minute": 12.4,
    "out_per_minute": 0.4,
    "errors_last_minute": 1,
    "errors_last_hour": 3,
    "readers": "reading",
    "unread": 17,
    "waiting_seconds": 130.0,
    "groups": [{"group": "bot", "members": 1, "unread": 17}],
    "not_carried": 0,
}


class Crowd(Worker):
    """A worker whose users can be looked through."""

    def __init__(self, states: dict[bytes, State]) -> None:
        super().__init__(states)
        self.workers: list[str] = []

    def others(self) -> list[str]:
        """The other workers' addresses."""
        if not self.settled:
            raise OwnerUnknown("the users are being handed out among the workers")
        return self.workers

    def people(self) -> Iterator[User]:
        """Its users, without signposts."""
        yield from (of.window.user for of in self.states.values() if of.window and not of.window.home)


class Browser:
    """A browser at the admin page, and what is behind the page."""

    def __init__(self, admin: Admin, worker: Crowd, mirror: Mirror) -> None:
        self.admin = admin
        self.store = admin.store
        self.worker = worker
        self.mirror = mirror
        self.now = NOW
        self.measured: dict[str, Any] = {"at": NOW, "problem": None, "agents": [dict(MEASURED)]}

    def clock(self) -> float:
        return self.now

    async def get(self, path: str = "") -> ClientResponse:
        return await self.admin.client.get("/admin/" + path, allow_redirects=False)

    async def post(self, path: str, form: dict[str, str] | list[tuple[str, str]], origin: str = "") -> ClientResponse:
        origin = origin or str(self.admin.client.make_url("/")).rstrip("/")
        headers = {"Origin": origin}
        return await self.admin.client.post(
            "/admin/" + path, data=FormData(form), headers=headers, allow_redirects=False
        )

    async def save(self, path: str, form: dict[str, str] | list[tuple[str, str]]) -> ClientResponse:
        """Open the form of an agent, write this into it and send it."""
        (seen,) = re.findall('name="seen" value="(.*?)"', await self.text(path))
        return await self.post(path, [*(form.items() if isinstance(form, dict) else form), ("seen", seen)])

    async def text(self, path: str = "") -> str:
        response = await self.get(path)
        assert response.status == 200
        return await response.text()

    def route(self, agent: int | None) -> None:
        """Let a router carry the next order out a moment after it was given: the user is with this agent then."""
        state, produce = self.worker.states[ANA.key.encode()], self.worker.produce

        async def routed(topic: str, value: bytes, key: bytes) -> None:
            await produce(topic, value, key)
            assert state.session is not None
            after = replace(state, session=replace(state.session, agent=agent))
            asyncio.get_running_loop().call_later(0.05, self.worker.states.__setitem__, key, after)
            self.worker.produce = produce  # type: ignore[method-assign]

        self.worker.produce = routed  # type: ignore[method-assign]

    async def cells(self) -> dict[str, Any]:
        """What the script shows."""
        found = await (await self.get("numbers")).json()
        return dict(found["cells"])

    async def log_in(self, token: str = TOKEN) -> None:
        response = await self.post("login", {"token": token})
        assert (response.status, response.headers["Location"]) == (303, "/admin/")


@asynccontextmanager
async def admin_page(tmp_path: Path) -> AsyncIterator[Browser]:
    """A broker's web server with the admin page, on stores in memory."""
    settings = Settings(
        data_dir=tmp_path, admin_tokens=[SecretStr("ana:" + TOKEN), SecretStr(OLD_TOKEN)], phone_number_id="106"
    )
    app = make_app(settings, "broker", 8000)
    store, worker, mirror = MemoryStore(), Crowd({ANA.key.encode(): STATE}), Mirror()
    admin = Admin(TestClient(TestServer(app.web.web_app)), store)
    browser = Browser(admin, worker, mirror)
    office = install_admin(app, settings, store, admin.create_topics, admin.notify)
    passing = Passing(worker, lambda *_: None, "106", lambda: admin.client.session)

    def register() -> Register:
        return REGISTER

    lookups = Lookups(passing, worker.load, register, Rules(), clock=browser.clock)
    orders = Orders(passing, worker.load, register, worker, "control", clock=browser.clock, seconds=0.2)
    counts = Counts(mirror, register)
    people = People(worker, worker, register, Rules(), passing, clock=browser.clock)
    install_page(
        app,
        settings,
        office,
        lookups,
        counts,
        orders,
        register,
        lambda: browser.measured,
        people,
        clock=browser.clock,
        patience=0.5,
    )
    app.web.init_server()
    async with admin.client:
        yield browser
