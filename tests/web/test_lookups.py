"""A user is looked up at the worker that has them, and a wrong answer is never given."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.identity import User
from app.core.state import State, Window
from tests.unit.histories import REGISTER, SALES
from tests.web.admin_support import TOKEN
from tests.web.lookups_support import ANA, NOW, STATE, Pair, running_pair


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with running_pair(tmp_path) as pair:
        yield pair


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
