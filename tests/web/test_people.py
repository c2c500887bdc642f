"""Users are found by a part of their name, whichever worker has them, and a silence is not taken for nobody."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.identity import User
from app.core.lookup import is_named
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.faust_app import make_app
from app.settings import Settings
from tests.unit.histories import REGISTER, SALES
from tests.web.admin_page_support import Browser, Crowd, admin_page
from tests.web.admin_support import TOKEN, Admin, MemoryStore
from tests.web.lookups_support import ANA, NOW, STATE
from web.admin.install import install_admin, install_people
from web.admin.passing import Passing
from web.admin.people import CHUNK, People


def named(number: int, name: str | None, agent: int | None = None) -> dict[bytes, State]:
    """A user of this name, at the menu or with an agent."""
    user = User.at("106", f"55219{number:08d}", None, name)
    state = State(session=Session(since=NOW, agent=agent), window=Window(user=user, last_seen=NOW))
    return {user.key.encode(): state}


FIRST = {**named(1, "Ana Souza"), **named(2, "Bruno"), **named(3, None)}
SECOND = {ANA.key.encode(): STATE, **named(4, "Mariana  Lopes", SALES.id), **named(5, "Zé")}


class Two:
    """Two workers with users of their own."""

    def __init__(self) -> None:
        self.workers = [Crowd(dict(FIRST)), Crowd(dict(SECOND))]
        self.clients: list[TestClient[Any, Any]] = []

    async def find(self, query: str, *, at: int = 0, token: str = TOKEN) -> tuple[int, Any]:
        """Status and JSON of a search."""
        headers = {"Authorization": f"Bearer {token}"}
        response = await self.clients[at].get(f"/api/v1/users?{query}", headers=headers)
        return response.status, await response.json()

    async def names(self, query: str, *, at: int = 0) -> list[str | None]:
        """Who was found."""
        status, answer = await self.find(query, at=at)
        assert (status, answer["missing"]) == (200, 0)
        return [one["user"].get("name") for one in answer["data"]]


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    settings = Settings(data_dir=tmp_path, admin_tokens=[SecretStr(TOKEN)])
    two = Two()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for number, worker in enumerate(two.workers):
            app = make_app(settings, "broker", 8000 + number)
            client: TestClient[Any, Any] = TestClient(TestServer(app.web.web_app))
            admin = Admin(client, MemoryStore())
            install_admin(app, settings, admin.store, admin.create_topics, admin.notify)
            passing = Passing(worker, worker.home, "106", lambda: http, settings.admin_tokens)
            install_people(app, People(worker, worker, lambda: REGISTER, Rules(), passing, clock=lambda: NOW))
            app.web.init_server()
            two.clients.append(await stack.enter_async_context(client))
        for number, worker in enumerate(two.workers):
            worker.other = str(two.clients[1 - number].make_url("/"))
            worker.workers = [worker.other]
        yield two


@pytest.mark.parametrize(
    ("words", "name", "found"),
    [
        ("ana", "Ana Souza", True),
        ("SOU an", "Ana Souza", True),
        ("ze", "Zé", True),
        ("É", "Ze", True),
        ("ana lopes", "Ana Souza", False),
        ("ana", None, False),
    ],
)
def test_each_word_stands_somewhere_in_the_name(words: str, name: str | None, found: bool) -> None:
    assert is_named(User.at("106", "55", None, name), words) is found


@pytest.mark.parametrize("at", [0, 1])
async def test_all_workers_users_are_found_by_name(two: Two, at: int) -> None:
    assert await two.names("name=an", at=at) == ["Ana", "Ana Souza", "Mariana  Lopes"]
    assert await two.names("name=an+LO", at=at) == ["Mariana  Lopes"]
    assert await two.names("name=nobody", at=at) == []


async def test_they_are_shown_as_a_look_up_shows_them_without_their_words(two: Two) -> None:
    _, answer = await two.find("name=mariana")
    assert (answer["data"][0]["state"], answer["data"][0]["agent"]) == ("agent", {"id": SALES.id, "name": SALES.name})
    assert "secret words" not in str(await two.find("name=ana"))


async def test_there_may_be_more(two: Two) -> None:
    status, answer = await two.find("name=an&limit=2")
    assert (status, len(answer["data"]), answer["more"]) == (200, 2, True)
    assert (await two.find("name=an&limit=3"))[1]["more"] is False
    two.workers[0].states |= {
        key: state for n in range(3 * CHUNK) for key, state in named(100 + n, f"Many {n}").items()
    }
    status, answer = await two.find("name=many&limit=100")
    assert (len(answer["data"]), answer["more"]) == (100, True)


async def test_a_name_another_worker_has_by_now_is_not_this_ones_to_show(two: Two) -> None:
    class Left(dict[bytes, State]):
        def __contains__(self, key: object) -> bool:
            return False

    two.workers[0].states = Left(FIRST)
    assert await two.names("name=ana") == ["Ana", "Mariana  Lopes"]


async def test_a_worker_that_does_not_answer_is_said_to_be_missing(two: Two) -> None:
    two.workers[1].settled = False
    status, answer = await two.find("name=ana")
    assert (status, answer["missing"], len(answer["data"])) == (200, 1, 1)
    two.workers[1].settled = True
    await two.clients[1].close()
    assert (await two.find("name=ana"))[1]["missing"] == 1
    two.workers[0].settled = False
    status, answer = await two.find("name=ana")
    assert (status, answer["internal_code"]) == (503, "users-08")


@pytest.mark.parametrize(
    ("query", "field"), [("", "name"), ("name=+", "name"), ("name=a&limit=0", "limit"), ("name=a&limit=x", "limit")]
)
async def test_a_wrong_question_names_its_field(two: Two, query: str, field: str) -> None:
    status, answer = await two.find(query)
    assert (status, answer["internal_code"], answer["errors"][0]["field"]) == (422, "users-03", field)


async def test_nobody_without_a_token(two: Two) -> None:
    assert (await two.find("name=ana", token="guessed"))[0] == 401


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with admin_page(tmp_path) as browser:
        browser.worker.states |= {**FIRST, **SECOND}
        await browser.log_in()
        yield browser


async def test_the_page_shows_one_user_or_lets_choose(browser: Browser) -> None:
    assert "<h3>Bruno</h3>" in await browser.text("?user=brun")
    page = await browser.text("?user=ana")
    assert "<h3>" not in page
    for shown in ("<strong>Ana Souza</strong>", "<strong>Mariana  Lopes</strong>", f"<span>{SALES.name}</span>"):
        assert shown in page
    assert f'href="/admin/?user={ANA.key.replace(":", "%3A")}"' in page
    assert "<h3>Ana</h3>" in await browser.text(f"?user={ANA.key}"), "a key is nobody else's name"


async def test_a_card_does_without_what_is_not_known_of_a_user(browser: Browser) -> None:
    """WhatsApp shows neither name nor number of some users."""
    assert "<h3>5521900000003</h3>" in await browser.text("?user=5521900000003")
    user = User.at("106", None, "BR.9", None)
    browser.worker.states[user.key.encode()] = State(window=Window(user=user, last_seen=NOW))
    page = await browser.text("?user=BR.9")
    assert "<h3>BR.9</h3>" in page and "<dt>Phone</dt>" not in page


async def test_the_page_says_when_nobody_is_found_or_a_worker_is_silent(browser: Browser) -> None:
    assert "nobody has that in their name" in await browser.text("?user=nobody")
    page = await browser.text("?user=5500000000")
    assert "nothing is known of a user" in page and "in their name" not in page
    browser.worker.workers = ["http://127.0.0.1:9"]
    page = await browser.text("?user=brun")
    assert "A worker did not answer: there may be others." in page and "<strong>Bruno</strong>" in page
