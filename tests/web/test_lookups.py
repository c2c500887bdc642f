"""A user is looked up at the worker that has them, and a wrong answer is never given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.decide import decide
from app.core.events import EndOrdered, MoveOrdered
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
from app.wire import read_event
from tests.unit.histories import DESK, REGISTER, SALES, SERVICE
from tests.web.admin_support import TOKEN, Admin, MemoryStore
from web.admin.counts import Counts
from web.admin.install import install_admin, install_sessions
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import FORWARDED, IDEMPOTENCY, Passing

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


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    settings = Settings(data_dir=tmp_path, admin_tokens=[SecretStr(TOKEN)], phone_number_id="106")
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


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", [ANA.key, "5511999990000", "+55 11 99999-0000"])
async def test_every_worker_gives_the_same_answer(pair: Pair, at: int, name: str) -> None:
    status, answer, _ = await pair.get(name, at=at)
    assert status == 200
    assert answer["data"] == {
        "user": {"key": ANA.key, "phone_number_id": "106", "wa_id": "5511999990000", "user_id": "BR.77", "name": "Ana"},
        "state": "agent",
        "agent": {"id": SALES.id, "name": SALES.name},
        "since": {"seconds": NOW - 50, "utc": "2026-09-21T14:12:30+00:00"},
        "window": {"open": True, "ends": {"seconds": NOW + 86_300, "utc": "2026-09-22T14:11:40+00:00"}},
        "kept_messages": 1,
    }
    assert "secret words" not in str(answer)


@pytest.mark.parametrize("at", [0, 1])
async def test_an_unknown_user_is_404_wherever_asked(pair: Pair, at: int) -> None:
    status, answer, _ = await pair.get("5500000000", at=at)
    assert (status, answer["internal_code"]) == (404, "session-02")


async def test_nobody_without_a_token(pair: Pair) -> None:
    status, answer, _ = await pair.get(ANA.key, token="guessed", mark=True)
    assert (status, answer["internal_code"]) == (401, "auth-01")
    assert pair.first.asked == 0


@pytest.mark.parametrize("unsettled", ["first", "second"])
async def test_while_users_are_handed_out_nobody_answers(pair: Pair, unsettled: str) -> None:
    getattr(pair, unsettled).settled = False
    status, answer, headers = await pair.get(ANA.key)
    assert (status, answer["internal_code"], headers["Retry-After"]) == (503, "session-08", "3")


async def test_workers_that_name_each_other_do_not_go_round(pair: Pair) -> None:
    pair.second.other = str(pair.clients[0].make_url("/"))
    pair.second.states.clear()
    status, answer, _ = await pair.get(ANA.key)
    assert (status, answer["internal_code"]) == (503, "session-08")
    assert (pair.first.asked, pair.second.asked) == (1, 1)


def signpost(key: str, home: str) -> dict[bytes, State]:
    """A name of a user that leads to another key."""
    return {key.encode(): State(window=Window(user=User(key=key, phone_number_id="106"), home=home))}


@pytest.mark.parametrize("at", [0, 1])
async def test_a_user_is_found_by_a_name_that_another_worker_has(pair: Pair, at: int) -> None:
    pair.second.other = str(pair.clients[0].make_url("/"))
    pair.first.states |= signpost("106:BR.77", ANA.key)
    status, answer, _ = await pair.get("BR.77", at=at)
    assert (status, answer["data"]["user"]["key"], answer["data"]["state"]) == (200, ANA.key, "agent")


@pytest.mark.parametrize("at", [0, 1])
async def test_a_number_finds_whoever_has_it_now_and_a_key_the_user_it_names(pair: Pair, at: int) -> None:
    pair.second.other = str(pair.clients[0].make_url("/"))
    new = User.at("106", None, "BR.99", "Nova")
    pair.first.states[new.key.encode()] = State(window=Window(user=new, last_seen=NOW))
    before = replace(STATE.window or Window(user=ANA), passed={"5511999990000": (new.key, NOW - 10)})
    pair.second.states[ANA.key.encode()] = replace(STATE, window=before)
    for name, key in (("5511999990000", new.key), (ANA.key, ANA.key)):
        status, answer, _ = await pair.get(name, at=at)
        assert (status, answer["data"]["user"]["key"]) == (200, key)


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("named_at", ["first", "second"])
async def test_a_later_number_that_went_to_somebody_else_finds_them(pair: Pair, at: int, named_at: str) -> None:
    """Ana had it after the number of her key, so its own key leads to hers, and hers to whoever has it now."""
    pair.second.other = str(pair.clients[0].make_url("/"))
    new = User.at("106", None, "BR.99", "Nova")
    pair.first.states[new.key.encode()] = State(window=Window(user=new, last_seen=NOW))
    getattr(pair, named_at).states |= signpost("106:5511888880000", ANA.key)
    before = replace(STATE.window or Window(user=ANA), passed={"5511888880000": (new.key, NOW - 10)})
    pair.second.states[ANA.key.encode()] = replace(STATE, window=before)
    for name, key in (("+55 11 88888-0000", new.key), ("5511999990000", ANA.key), ("106:5511888880000", ANA.key)):
        status, answer, _ = await pair.get(name, at=at)
        assert (status, answer["data"]["user"]["key"]) == (200, key)


async def test_an_order_under_another_name_goes_to_the_users_home(pair: Pair) -> None:
    pair.first.states |= signpost("106:BR.77", ANA.key)
    response = await pair.clients[0].delete("/api/v1/session/BR.77", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status == 202
    assert [key for _, _, key in pair.second.written] == [ANA.key.encode()]
    assert pair.first.written == []


async def test_names_that_lead_round_in_a_circle_end(pair: Pair) -> None:
    pair.second.other = str(pair.clients[0].make_url("/"))
    pair.first.states |= signpost("106:BR.77", ANA.key)
    pair.second.states |= signpost(ANA.key, "106:BR.77")
    status, answer, _ = await pair.get("BR.77")
    assert (status, answer["internal_code"]) == (503, "session-08")
    assert pair.first.asked + pair.second.asked <= 8
    pair.first.states |= signpost("106:BR.77", "106:BR.77")
    status, answer, _ = await pair.get("BR.77")
    assert (status, answer["internal_code"]) == (503, "session-08")


async def test_a_worker_that_is_gone_is_503(pair: Pair) -> None:
    await pair.clients[1].close()
    status, answer, headers = await pair.get(ANA.key)
    assert (status, answer["internal_code"], headers["Retry-After"]) == (503, "session-08", "3")


async def test_users_are_counted_per_agent(pair: Pair) -> None:
    status, answer, _ = await pair.get("/api/v1/stats")
    assert (status, answer["data"]["sessions"], answer["data"]["menu"]) == (200, 3, 1)
    users = {agent["name"]: agent["users"] for agent in answer["data"]["agents"]}
    assert users == {agent.name: 2 if agent.id == SALES.id else 0 for agent in REGISTER.active}


@pytest.mark.parametrize(
    ("query", "users", "more"),
    [
        ("", "abc", False),
        (f"?agent={SALES.id}", "ac", False),
        (f"?agent={SALES.name.upper()}", "ac", False),
        (f"?agent={SALES.id}&limit=2", "ac", False),
        (f"?agent={SALES.id}&limit=1", "a", True),
    ],
)
async def test_sessions_are_listed(pair: Pair, query: str, users: str, more: bool) -> None:
    status, answer, _ = await pair.get("/api/v1/session" + query)
    assert (status, "".join(one["user"] for one in answer["data"]), answer["more"]) == (200, users, more)


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("agent=Nobody", "agent")])
async def test_a_wrong_question_names_its_field(pair: Pair, query: str, field: str) -> None:
    status, answer, _ = await pair.get("/api/v1/session?" + query)
    assert (status, answer["internal_code"], answer["errors"][0]["field"]) == (422, "session-03", field)


@pytest.mark.parametrize("path", ["/api/v1/stats", "/api/v1/session"])
async def test_without_redis_there_is_no_count(pair: Pair, path: str) -> None:
    pair.mirror.away = True
    status, answer, headers = await pair.get(path)
    assert (status, answer["internal_code"][-2:], headers["Retry-After"]) == (503, "09", "3")
    assert "Redis" in answer["message"]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("named", [DESK.id, str(DESK.id), " help desk "])
async def test_a_move_is_written_to_the_router_by_the_worker_with_the_user(pair: Pair, at: int, named: Any) -> None:
    status, answer = await pair.order("POST", "/move", {"agent": named, "note": "urgent"}, at=at)
    assert (status, answer["data"]["user"]) == (202, ANA.key)
    assert pair.first.written == []
    ((topic, value, key),) = pair.second.written
    assert (topic, key) == ("control", ANA.key.encode())
    by: dict[str, Any] = {"actor": "unnamed token", "before": SALES.id}
    order = MoveOrdered(id=answer["data"]["order"], user=ANA, at=NOW, agent=DESK.id, note="urgent", **by)
    assert read_event(value) == order


@pytest.mark.parametrize("at", [0, 1])
async def test_an_end_is_written_to_the_router_by_the_worker_with_the_user(pair: Pair, at: int) -> None:
    status, answer = await pair.order("DELETE", "", at=at)
    assert status == 202
    ((_, value, _),) = pair.second.written
    by: dict[str, Any] = {"actor": "unnamed token", "before": SALES.id}
    assert read_event(value) == EndOrdered(id=answer["data"]["order"], user=ANA, at=NOW, **by)


async def test_a_repeated_order_has_the_same_id(pair: Pair) -> None:
    move = ("POST", "/move", {"agent": DESK.id})
    first, second = await pair.order(*move), await pair.order(*move, at=1)
    assert first == second
    own = [await pair.order(*move, at=at, Idempotency_Key="7f3a") for at in (0, 1)]
    assert own[0] == own[1] != first
    assert IDEMPOTENCY == "Idempotency-Key"


async def test_a_change_of_mind_before_the_router_has_followed_is_no_repeat(pair: Pair) -> None:
    for at, agent in ((0, DESK), (1, SERVICE), (0, DESK)):
        assert (await pair.order("POST", "/move", {"agent": agent.id}, at=at))[0] == 202
    state = State(session=Session(since=NOW - 50, agent=SALES.id), window=STATE.window)
    for _, value, _ in pair.second.written:
        order = read_event(value)
        assert isinstance(order, MoveOrdered)
        state = decide(state, order, NOW, REGISTER, Rules()).state
        assert state.session and state.session.agent == order.agent
    assert state.session and state.session.agent == DESK.id


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "agent"),
        ({"agent": "Nobody"}, "agent"),
        ({"agent": True}, "agent"),
        ({"agent": DESK.id, "note": " "}, "note"),
        ({"agent": DESK.id, "note": "x" * 4097}, "note"),
    ],
)
async def test_a_wrong_move_names_its_field_and_writes_nothing(pair: Pair, at: int, body: Any, field: str) -> None:
    status, answer = await pair.order("POST", "/move", body, at=at)
    assert (status, answer["internal_code"], answer["errors"][0]["field"]) == (422, "session-03", field)
    assert pair.second.written == []


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("kafka", ["refuses", "hangs"])
async def test_an_order_kafka_does_not_have_is_503(pair: Pair, at: int, kafka: str) -> None:
    pair.second.kafka = kafka
    status, answer = await pair.order("DELETE", "", at=at)
    assert (status, answer["internal_code"]) == (503, "session-10")


async def test_orders_need_a_known_user_and_settled_workers(pair: Pair) -> None:
    pair.second.states.clear()
    assert (await pair.order("DELETE", ""))[0] == 404
    pair.second.settled = False
    status, answer = await pair.order("POST", "/move", {"agent": DESK.id})
    assert (status, answer["internal_code"]) == (503, "session-08")
    assert pair.second.written == []


async def test_no_order_without_a_token(pair: Pair) -> None:
    assert (await pair.order("DELETE", "", Authorization="Bearer guessed"))[0] == 401
    assert pair.second.written == []
