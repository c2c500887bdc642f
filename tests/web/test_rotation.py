"""While one admin token replaces another, workers know different ones; nobody with a token one knows is locked out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.rules import Rules
from app.faust_app import make_app
from app.settings import Settings
from app.wire import read_order
from tests.unit.histories import DESK, REGISTER
from tests.web.admin_page_support import Crowd
from tests.web.admin_support import Admin, MemoryStore
from tests.web.lookups_support import ANA, NOW, STATE, Mirror
from web.admin.counts import Counts
from web.admin.install import install_admin, install_page, install_people, install_sessions
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import FORWARDED, ON_BEHALF, Passing, acting
from web.admin.people import People

OLD, NEW, OTHER = "the-old-token", "ana:the-new-token", "the-token-of-nobody-else"
MOVE = {"agent": str(DESK.id), "note": "urgent"}


def _numbers() -> dict[str, Any]:
    return {"at": NOW, "problem": None, "agents": []}


class Workers:
    """Two workers with tokens of their own; the second has Ana, all browsers are at the first."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self.second = Crowd({ANA.key.encode(): STATE})
        self.client: TestClient[Any, Any]

    async def start(self, first: tuple[str, ...], second: tuple[str, ...]) -> None:
        """Start them with these entries of `BROKER_ADMIN_TOKENS`."""
        asked = Crowd({})
        there = await self._start(8001, self.second, second)
        asked.other = str(there.make_url("/"))
        asked.workers = [asked.other]
        self.client = await self._start(8000, asked, first)

    async def _start(self, port: int, worker: Crowd, tokens: tuple[str, ...]) -> TestClient[Any, Any]:
        entries = [SecretStr(token) for token in tokens]
        settings = Settings(data_dir=self._directory, admin_tokens=entries, phone_number_id="106")
        app = make_app(settings, "broker", port)
        client: TestClient[Any, Any] = TestClient(TestServer(app.web.web_app))
        admin = Admin(client, MemoryStore())
        http = await self._stack.enter_async_context(aiohttp.ClientSession())
        office = install_admin(app, settings, admin.store, admin.create_topics, admin.notify)
        passing = Passing(worker, worker.home, "106", lambda: http, entries)
        lookups = Lookups(passing, worker.load, lambda: REGISTER, Rules(), clock=lambda: NOW)
        orders = Orders(passing, worker.load, lambda: REGISTER, worker, "control", clock=lambda: NOW)
        counts = Counts(Mirror(), lambda: REGISTER)
        install_sessions(app, lookups, counts, orders)
        people = People(worker, worker, lambda: REGISTER, Rules(), passing, clock=lambda: NOW)
        install_people(app, people)
        desk = (office, lookups, counts, orders, lambda: REGISTER, _numbers, people)
        install_page(app, settings, *desk, clock=lambda: NOW, patience=0.0)
        app.web.init_server()
        return await self._stack.enter_async_context(client)

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        """Send a form of the page; returns the status and where it leads."""
        origin = str(self.client.make_url("/")).rstrip("/")
        response = await self.client.post(
            "/admin/" + path, data=form, headers={"Origin": origin}, allow_redirects=False
        )
        return response.status, response.headers.get("Location", "")

    async def look(self, name: str = ANA.key) -> str:
        """Ana on the page."""
        return await (await self.client.get("/admin/", params={"user": name})).text()

    async def call(self, method: str, token: str, path: str = "", body: Any = None) -> int:
        """The status of a call of the API about Ana."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.client.request(
            method, f"/api/v1/session/{ANA.key}{path}", json=body, headers=headers
        ) as response:
            return response.status


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    async with AsyncExitStack() as stack:
        yield Workers(tmp_path, stack)


@pytest.mark.parametrize("both", [(OLD, NEW), (NEW, OLD)], ids=["old first", "new first"])
@pytest.mark.parametrize("step", ["added here", "added there", "removed here", "removed there"])
async def test_whoever_one_worker_lets_in_reaches_users_of_another(
    workers: Workers, both: tuple[str, ...], step: str
) -> None:
    single = (OLD,) if step.startswith("added") else (NEW,)
    first = both if step in ("added here", "removed there") else single
    await workers.start(first, single if first is both else both)
    for number, entry in enumerate(first, 1):
        token = entry.rpartition(":")[2]
        assert await workers.post("login", {"token": token}) == (303, "/admin/")
        assert "<h3>Ana</h3>" in await workers.look()
        assert (await workers.post("user/move", {"user": ANA.key, **MOVE}))[0] == 303
        assert await workers.call("GET", token) == 200
        assert await workers.call("POST", token, "/move", MOVE) == 202
        assert await workers.call("DELETE", token) == 202
        assert "<h3>Ana</h3>" in await workers.look("an")
        assert len(workers.second.written) == 3 * number, "each order once"


async def test_who_acts_with_a_token_another_worker_does_not_know_is_named_with_whose_vouches(workers: Workers) -> None:
    known = "the-token-of-ben"
    await workers.start((OLD, NEW, f"ben:{known}"), (f"ben:{known}",))
    await workers.post("login", {"token": "the-new-token"})
    await workers.post("user/move", {"user": ANA.key, **MOVE})
    assert await workers.call("DELETE", OLD) == 202
    assert await workers.call("DELETE", known) == 202
    orders = [read_order(value) for _, value, _ in workers.second.written]
    assert [order.actor for order in orders if order] == [
        "ana (passed on with the token of ben)",
        "unnamed token (passed on with the token of ben)",
        "ben",
    ]


@pytest.mark.parametrize(
    ("told", "forwarded", "named"), [("ana", "1", True), ("ana", "", False), ("a (b)", "1", False)]
)
async def test_nobody_acts_under_anothers_name_alone(told: str, forwarded: str, named: bool) -> None:
    headers = {ON_BEHALF: told, **({FORWARDED: forwarded} if forwarded else {})}
    assert acting("ben", headers) == ("ana (passed on with the token of ben)" if named else "ben")


async def test_a_login_lasts_as_long_as_its_token(workers: Workers) -> None:
    await workers.start((OLD, NEW), (NEW,))
    await workers.post("login", {"token": OLD})
    assert "<h3>Ana</h3>" in await workers.look()
    cookie = next(iter(workers.client.session.cookie_jar)).value
    await workers.start((NEW,), (NEW,))
    response = await workers.client.get("/admin/", headers={"Cookie": f"broker_admin={cookie}"}, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/admin/login")
    assert await workers.post("login", {"token": "the-new-token"}) == (303, "/admin/")


async def test_workers_without_a_token_in_common_say_so(workers: Workers) -> None:
    await workers.start((NEW,), (OTHER,))
    assert await workers.call("GET", "the-new-token") == 503
    await workers.post("login", {"token": "the-new-token"})
    page = await workers.look()
    assert "have all a token in common?" in page and "the-new-token" not in page
