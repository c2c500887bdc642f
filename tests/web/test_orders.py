"""Orders about a user are written by the worker that has them, once, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.core.decide import decide
from app.core.events import EndOrdered, MoveOrdered
from app.core.rules import Rules
from app.core.state import Session, State
from app.wire import read_event
from tests.unit.histories import DESK, REGISTER, SALES, SERVICE
from tests.web.admin_support import TOKEN
from tests.web.lookups_support import ANA, NOW, STATE, Pair, running_pair
from web.admin.passing import IDEMPOTENCY


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with running_pair(tmp_path) as pair:
        yield pair


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


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", [b"\xff\xfe", b"\xed\xa0\x80"])
async def test_a_name_that_is_no_text_is_422_and_writes_nothing(pair: Pair, name: bytes, at: int) -> None:
    client = pair.clients[at]
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        f"DELETE /api/v1/session/{ANA.key} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n".encode()
        + f"Authorization: Bearer {TOKEN}\r\nIdempotency-Key: ".encode()
        + name
        + b"\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 422 ") and b'"field":"Idempotency-Key"' in answer
    assert pair.second.written == []
