"""The admin page: its login, its forms, and the user who is looked up, moved and led to the menu."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.events import EndOrdered, MoveOrdered
from app.core.register import Register
from app.core.rules import Rules
from app.faust_app import make_app
from app.settings import Settings
from app.wire import read_event
from tests.unit.histories import DESK, REGISTER
from tests.web.admin_support import OLD_TOKEN, SALES, TOKEN, Admin, MemoryStore
from tests.web.test_lookups import ANA, NOW, STATE, Mirror, Worker
from web.admin.counts import Counts
from web.admin.install import install_admin, install_page
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import Passing
from web.chat.throttle import WRONG_MAX

FORM = {**SALES, "description": "", "position": "0"}


class Browser:
    """A browser at the admin page, and what is behind the page."""

    def __init__(self, admin: Admin, worker: Worker, mirror: Mirror) -> None:
        self.admin = admin
        self.store = admin.store
        self.worker = worker
        self.mirror = mirror
        self.now = NOW

    def clock(self) -> float:
        return self.now

    async def get(self, path: str = "") -> ClientResponse:
        return await self.admin.client.get("/admin/" + path, allow_redirects=False)

    async def post(self, path: str, form: dict[str, str], origin: str = "") -> ClientResponse:
        origin = origin or str(self.admin.client.make_url("/")).rstrip("/")
        headers = {"Origin": origin}
        return await self.admin.client.post("/admin/" + path, data=form, headers=headers, allow_redirects=False)

    async def text(self, path: str = "") -> str:
        response = await self.get(path)
        assert response.status == 200
        return await response.text()

    async def log_in(self, token: str = TOKEN) -> None:
        response = await self.post("login", {"token": token})
        assert (response.status, response.headers["Location"]) == (303, "/admin/")


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    settings = Settings(
        data_dir=tmp_path, admin_tokens=[SecretStr("ana:" + TOKEN), SecretStr(OLD_TOKEN)], phone_number_id="106"
    )
    app = make_app(settings, "broker", 8000)
    store, worker, mirror = MemoryStore(), Worker({ANA.key.encode(): STATE}), Mirror()
    admin = Admin(TestClient(TestServer(app.web.web_app)), store)
    browser = Browser(admin, worker, mirror)
    office = install_admin(app, settings, store, admin.create_topics, admin.notify)
    passing = Passing(worker, lambda *_: None, "106", lambda: admin.client.session)

    def register() -> Register:
        return REGISTER

    lookups = Lookups(passing, worker.load, register, Rules(), clock=browser.clock)
    orders = Orders(passing, worker.load, register, worker, "control", clock=browser.clock, seconds=0.2)
    install_page(app, settings, office, lookups, Counts(mirror, register), orders, register, clock=browser.clock)
    app.web.init_server()
    async with admin.client:
        yield browser


@pytest.mark.parametrize("path", ["", "?user=1", "agent/new", "agent/1", "login/"])
async def test_without_a_login_there_is_only_the_login(browser: Browser, path: str) -> None:
    response = await browser.get(path)
    assert (response.status, response.headers["Location"]) == (303, "/admin/login")
    assert (await browser.get("numbers")).status == 401
    assert "Admin token" in await browser.text("login")


@pytest.mark.parametrize("path", ["agent/new", "agent/1", "agent/1/deactivate", "user/move", "user/end"])
async def test_without_a_login_nothing_is_changed(browser: Browser, path: str) -> None:
    response = await browser.post(path, FORM)
    assert (response.status, response.headers["Location"]) == (303, "/admin/login")
    assert browser.store.agents == {} and browser.worker.written == []


@pytest.mark.parametrize("path", ["login", "agent/new", "user/end"])
async def test_another_site_changes_nothing(browser: Browser, path: str) -> None:
    await browser.log_in()
    response = await browser.post(path, {**FORM, "user": ANA.key, "token": TOKEN}, origin="https://evil.example")
    assert response.status == 403
    assert browser.store.agents == {} and browser.worker.written == []


@pytest.mark.parametrize("token", [TOKEN, OLD_TOKEN])
async def test_each_token_opens_and_its_login_ends_by_itself(browser: Browser, token: str) -> None:
    response = await browser.post("login", {"token": token})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and token not in cookie
    assert "Find a user" in await browser.text()
    browser.now += 12 * 3600
    assert (await browser.get()).status == 303


async def test_a_forged_cookie_opens_nothing(browser: Browser) -> None:
    for value in ("", "9999999999.", "9999999999." + "0" * 64, "x.y"):
        response = await browser.admin.client.get(
            "/admin/", headers={"Cookie": f"broker_admin={value}"}, allow_redirects=False
        )
        assert response.status == 303


async def test_guessing_is_slowed_down(browser: Browser) -> None:
    for _ in range(WRONG_MAX):
        assert (await browser.post("login", {"token": "guessed"})).status == 401
    response = await browser.post("login", {"token": TOKEN})
    assert response.status == 429 and "Retry-After" in response.headers


async def test_logging_out_forgets_the_login(browser: Browser) -> None:
    await browser.log_in()
    assert (await browser.post("logout", {})).status == 303
    assert (await browser.get()).status == 303


async def test_the_page_lets_a_browser_do_nothing_but_show_it(browser: Browser) -> None:
    await browser.log_in()
    response = await browser.get()
    policy, page = response.headers["Content-Security-Policy"], await response.text()
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert " style=" not in page and "<style" not in page and " onclick=" not in page and "http" not in page
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("static/admin.css", "static/numbers.js", "shared/colors.css"):
        assert (await browser.get(path)).status == 200


async def test_an_agent_is_registered_changed_and_deactivated(browser: Browser) -> None:
    await browser.log_in()
    assert "There is no agent yet" in await browser.text()
    response = await browser.post("agent/new", FORM)
    assert response.headers["Location"] == "/admin/?said=created"
    assert "The agent is registered." in await browser.text("?said=created")
    assert 'value="sales-in"' in await browser.text("agent/1")
    response = await browser.post("agent/1", {**FORM, "name": "Sales & more", "position": "7"})
    assert response.headers["Location"] == "/admin/?said=changed"
    assert (browser.store.agents[1].name, browser.store.agents[1].position) == ("Sales & more", 7)
    assert "Sales &amp; more" in await browser.text()
    assert (await browser.post("agent/1/deactivate", {})).headers["Location"] == "/admin/?said=deactivated"
    assert not browser.store.agents[1].active
    assert {change["actor"] for change in browser.store.changes} == {"ana"}


@pytest.mark.parametrize("path", ["agent/new", "agent/1"])
async def test_what_is_wrong_stands_at_its_field(browser: Browser, path: str) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    response = await browser.post(path, {**FORM, "name": "12", "read_topic": "", "position": "first"})
    page = await response.text()
    assert response.status == 422
    for reason in ("must not be a number: users type", "must not be empty", "must be a whole number from 0 to"):
        assert reason in page
    assert page.count('aria-invalid="true"') == 3
    assert 'value="12"' in page and 'value="first"' in page
    assert browser.store.agents[1].name == "Sales"


async def test_a_taken_name_says_whose_it_is(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    response = await browser.post("agent/new", {**FORM, "read_topic": "a", "write_topic": "b", "error_topic": "c"})
    assert response.status == 409 and "is taken by agent 1 (Sales)" in await response.text()


async def test_users_now_are_shown_and_refreshed(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    assert '<span data-users="menu">1</span>' in await browser.text()
    numbers: dict[str, Any] = await (await browser.get("numbers")).json()
    assert (numbers["data"]["sessions"], numbers["data"]["menu"]) == (3, 1)


async def test_stores_that_are_away_are_said_in_words(browser: Browser) -> None:
    await browser.log_in()
    browser.store.away = browser.mirror.away = True
    page = await browser.text()
    assert "PostgreSQL is away" in page and "Redis is away" in page
    assert DESK.name in page  # as last known
    assert (await browser.get("numbers")).status == 503
    response = await browser.post("agent/new", FORM)
    assert response.status == 503 and "PostgreSQL did not answer" in await response.text()


async def test_a_user_is_looked_up_without_their_words(browser: Browser) -> None:
    await browser.log_in()
    page = await browser.text("?user=%2B55+11+99999-0000")
    assert "<h3>Ana</h3>" in page and "<dd>Sales</dd>" in page and "open until" in page
    assert "secret words" not in page
    assert "nothing is known of a user" in await browser.text("?user=5500000000")
    browser.worker.settled = False
    assert "being handed out" in await browser.text(f"?user={ANA.key}")


async def test_a_user_is_moved_and_led_to_the_menu(browser: Browser) -> None:
    await browser.log_in()
    response = await browser.post("user/move", {"user": ANA.key, "agent": str(DESK.id), "note": "urgent"})
    assert response.headers["Location"].endswith("said=moved")
    assert "The move is ordered" in await browser.text(response.headers["Location"].removeprefix("/admin/"))
    await browser.post("user/end", {"user": ANA.key})
    moved, ended = (read_event(value) for _, value, _ in browser.worker.written)
    assert isinstance(moved, MoveOrdered) and (moved.agent, moved.note, moved.user) == (DESK.id, "urgent", ANA)
    assert isinstance(ended, EndOrdered) and ended.user == ANA


async def test_an_order_that_could_not_be_given_is_said(browser: Browser) -> None:
    await browser.log_in()
    browser.worker.kafka = "hangs"
    response = await browser.post("user/end", {"user": ANA.key})
    page = await response.text()
    assert response.status == 503 and "Kafka did not acknowledge" in page and "<h3>Ana</h3>" in page
    response = await browser.post("user/move", {"user": ANA.key, "agent": "99"})
    assert response.status == 422 and "active agent" in await response.text()
