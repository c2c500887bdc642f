"""The Graph client and the sender against the simulator, which checks every payload by Meta's documented limits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse, web
from pydantic import SecretStr

from app.core.effects import Send
from app.core.filling import Filling
from app.core.identity import User
from app.core.media import media_id
from app.core.menu import menu_message
from app.core.messages import List, Row, Template, Text
from app.core.register import Register
from app.core.rules import Texts
from app.core.verdicts import Verdict
from app.embedded.ports import free_port
from app.whatsapp.graph import ANSWER_MAX, GraphClient
from app.whatsapp.mark import read_mark
from app.whatsapp.outbound import payload
from tests.unit.histories import agent
from tests.unit.media_stores import MemoryStore, put
from tests.web.simulator_support import NUMBER_ID, SECRET, TOKEN, Bench, running_bench, serving

LONG = 1e12


@asynccontextmanager
async def graph(url: str, token: str = TOKEN, seconds: float = 5.0) -> AsyncIterator[GraphClient]:
    """A client of an address."""
    client = GraphClient(url, "v25.0", SecretStr(token), seconds, 10)
    try:
        yield client
    finally:
        await client.close()


def to(phone: dict[str, Any], message: Any, **more: Any) -> dict[str, Any]:
    """The request for a message to a phone of the simulator."""
    user = User.at(NUMBER_ID, phone.get("wa_id"), None if phone.get("wa_id") else phone["user_id"])
    return payload(
        Send(id="e1", user=user, message=message.model_dump(mode="json"), made_at=0, window_ends=LONG, **more)
    )


@asynccontextmanager
async def talking(**switches: Any) -> AsyncIterator[tuple[Bench, GraphClient, dict[str, Any]]]:
    """A simulator, a client, and a phone that has just written."""
    async with running_bench() as bench, graph(bench.url) as client:
        phone = await bench.user()
        await bench.write(phone)
        await bench.call("PATCH", "/sim/switches", switches)
        yield bench, client, phone


async def test_a_client_that_fails_by_itself_leaves_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    async with talking() as (bench, client, phone):
        real = ClientResponse.start

        async def fails(self: ClientResponse, connection: Any) -> Any:
            await real(self, connection)
            raise AttributeError("'NoneType' object has no attribute 'getall'")

        monkeypatch.setattr(ClientResponse, "start", fails)
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hello")))
        monkeypatch.undo()
        assert (verdict.outcome, verdict.code) == ("in_doubt", "no_answer"), "Meta has it, and nobody read so"
        assert [call["accepted"] for call in (await bench.call("GET", "/sim/graph-log"))["calls"]] == [True]


async def test_an_accepted_message_has_an_id_and_its_mark_comes_back() -> None:
    async with talking() as (bench, client, phone):
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="olá 😀"), agent=2, ref="order-7"))
        assert (verdict.outcome, verdict.final) == ("accepted", True)
        assert verdict.message_id is not None
        wamid = verdict.message_id
        await bench.webhook.until(lambda: "sent" in bench.webhook.statuses(wamid))
        (sent,) = [item for item in bench.webhook.items() if item["id"] == wamid and item.get("status") == "sent"]
        mark = read_mark(sent["biz_opaque_callback_data"])
        assert mark is not None
        assert (mark.key, mark.effect, mark.agent, mark.ref) == (f"{NUMBER_ID}:{phone['wa_id']}", "e1", 2, "order-7")


ROWS = tuple(Row(id="é" * 197 + f"{n:03}", title="é" * 24, description="é" * 72) for n in range(10))
MANY = Register.of(agent(number, f"Agent {number}") for number in range(1, 26))


@pytest.mark.parametrize(
    "message",
    [
        Text(text="é" * 4096),
        Text(text="😀" * 4096),
        List(text="é" * 4096, button="é" * 20, section="é" * 24, rows=ROWS),
        Template(name="hello_world", language="en_US"),
        *(menu_message(MANY, Texts(), "ab12cd34", page, "n" * 500, filling=Filling(now=0.0)) for page in range(3)),
        menu_message(Register(), Texts(), "ab12cd34", filling=Filling(now=0.0)),
    ],
    ids=lambda message: message.kind,
)
async def test_whatever_we_call_valid_meta_takes(message: Any) -> None:
    async with talking() as (_, client, phone):
        verdict = await client.send(NUMBER_ID, to(phone, message, agent=2**63 - 1, ref="r" * 64))
        assert verdict.outcome == "accepted", verdict.reason


async def test_a_user_without_a_number_is_reached() -> None:
    async with running_bench() as bench, graph(bench.url) as client:
        phone = await bench.user("Hans", user_id="DE.4412", hide_number=True)
        await bench.write(phone)
        verdict = await client.send(NUMBER_ID, to({"user_id": "DE.4412"}, Text(text="hi")))
        assert verdict.outcome == "accepted", verdict.reason


@pytest.mark.parametrize("code", [131056, 130429, 131000, 131016, 80007])
async def test_a_busy_meta_is_tried_again(code: int) -> None:
    async with talking(errors=[{"code": code, "count": 1}]) as (_, client, phone):
        body = to(phone, Text(text="hi"))
        verdict = await client.send(NUMBER_ID, body)
        assert (verdict.outcome, verdict.code) == ("retry", str(code))
        assert (await client.send(NUMBER_ID, body)).outcome == "accepted"


@pytest.mark.parametrize("code", [131026, 131047, 131009, 132001])
async def test_a_refusal_says_why(code: int) -> None:
    async with talking(errors=[{"code": code}]) as (_, client, phone):
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code) == ("refused", str(code))
        assert f"(Meta's error {code})" in verdict.reason
        assert orjson.loads(verdict.raw)["error"]["code"] == code


@pytest.mark.parametrize("code", [131031, 368, 131042])
async def test_an_error_of_the_account_is_not_the_messages_fault(code: int) -> None:
    async with talking(errors=[{"code": code}]) as (_, client, phone):
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code, verdict.kind) == ("hold", str(code), "account")


async def test_a_business_number_meta_does_not_know() -> None:
    async with talking() as (_, client, phone):
        verdict = await client.send("999", to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code, verdict.kind) == ("hold", "33", "account")


@pytest.mark.parametrize("more", [{}, {"typing_indicator": {"type": "text"}}])
async def test_a_read_mark_is_accepted_without_an_id(more: dict[str, Any]) -> None:
    async with running_bench() as bench, graph(bench.url) as client:
        wamid = await bench.write(await bench.user())
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid, **more}
        verdict = await client.send(NUMBER_ID, body)
        assert (verdict.outcome, verdict.message_id) == ("accepted", None)


async def test_a_wrong_token_is_refused_and_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    async with running_bench() as bench, graph(bench.url, "a-wrong-token") as client:
        phone = await bench.user()
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code) == ("hold", "190")
        for shown in (repr(verdict), repr(client), repr(vars(client)), caplog.text):
            assert "a-wrong-token" not in shown
            assert SECRET not in shown


async def test_a_token_that_the_answer_quotes_is_taken_out() -> None:
    async def quoting(request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return web.json_response({"error": {"code": 190, "message": f"Malformed access token {token}"}}, status=400)

    async with answering(quoting) as client:
        verdict = await client.send(NUMBER_ID, {})
        assert (verdict.outcome, verdict.code) == ("hold", "190")
        assert TOKEN not in repr(verdict)
        assert "Malformed access token [token]" in verdict.reason


async def test_an_answer_that_is_lost_leaves_the_message_in_doubt() -> None:
    async with talking(lose_answers=1.0) as (bench, client, phone):
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code) == ("in_doubt", "no_answer")
        assert [message["text"] for message in await bench.messages(phone)] == ["hi", "hi"], "and here it did arrive"


async def test_an_answer_that_is_late_leaves_the_message_in_doubt() -> None:
    async with running_bench() as bench, graph(bench.url, seconds=0.3) as client:
        phone = await bench.user()
        await bench.write(phone)
        await bench.call("PATCH", "/sim/switches", {"stall_rate": 1.0, "stall_seconds": 3})
        verdict = await client.send(NUMBER_ID, to(phone, Text(text="hi")))
        assert (verdict.outcome, verdict.code) == ("in_doubt", "no_answer")


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_what_never_reached_meta_is_tried_again(host: str) -> None:
    async with graph(f"http://{host}:{free_port()}") as client:
        verdict = await client.send(NUMBER_ID, {"type": "text"})
        assert (verdict.outcome, verdict.code) == ("retry", "unreachable")


async def test_a_message_that_found_no_free_connection_has_not_left() -> None:
    posted, go = list[str](), asyncio.Event()

    async def upload(request: web.Request) -> web.Response:
        await go.wait()
        return web.json_response({"id": "1"})

    async def post(request: web.Request) -> web.Response:
        posted.append(request.path)
        return web.json_response({"messages": [{"id": "wamid.1"}]})

    app = web.Application()
    app.router.add_post("/v25.0/1/media", upload)
    app.router.add_post("/v25.0/1/messages", post)
    async with serving(app) as url:
        client = GraphClient(url, "v25.0", SecretStr(TOKEN), 1.0, 1)
        files, ours = MemoryStore(), media_id("N", "wamid", "7")
        put(files, ours, b"x")
        file = files.get(ours)
        assert file is not None
        uploading = asyncio.create_task(client.upload("1", file, "image/png"))
        await asyncio.sleep(0)
        verdict = await client.send("1", {"type": "text"})
        go.set()
        assert await uploading == "1"
        await client.close()
    assert (verdict.outcome, verdict.code, posted) == ("retry", "unreachable", [])


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[GraphClient]:
    """A client of a server that answers in its own way."""
    app = web.Application()
    app.router.add_post("/v25.0/{number}/messages", answer)
    async with serving(app) as url, graph(url) as client:
        yield client


async def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    async def pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"messages": [{"id"', b': "wamid.', b'OUT1"}]}'):
            await response.write(piece)
            await asyncio.sleep(0.02)  # so that each piece is a packet of its own
        return response

    async with answering(pieces) as client:
        assert (await client.send(NUMBER_ID, {})).message_id == "wamid.OUT1"


async def test_an_endless_answer_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        for _ in range(2 * ANSWER_MAX // 65_536):
            await response.write(b"x" * 65_536)
        return response

    async with answering(endless) as client:
        verdict = await client.send(NUMBER_ID, {})
        assert (verdict.outcome, len(verdict.raw)) == ("retry", ANSWER_MAX)


@pytest.mark.parametrize(
    ("status", "text", "outcome", "code"),
    [
        (200, "<html>", "in_doubt", "no_id"),
        (200, '{"success": true}', "in_doubt", "no_id"),
        (502, "<html>bad gateway</html>", "in_doubt", "no_answer"),
        (503, "<html>busy</html>", "retry", "http_503"),
        (429, "", "retry", "http_429"),
        (404, "no", "retry", "http_404"),
    ],
)
async def test_answers_of_something_that_is_not_meta(status: int, text: str, outcome: str, code: str) -> None:
    async def other(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    async with answering(other) as client:
        verdict = await client.send(NUMBER_ID, {})
        assert (verdict.outcome, verdict.code, verdict.raw) == (outcome, code, text.encode())


async def test_a_redirect_is_not_followed_for_it_would_carry_the_token_away() -> None:
    followed: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(request.match_info["number"])
        raise web.HTTPTemporaryRedirect("/v25.0/elsewhere/messages")

    async with answering(elsewhere) as client:
        verdict = await client.send(NUMBER_ID, {})
        assert (verdict.outcome, verdict.code) == ("refused", "http_307")
    assert followed == [NUMBER_ID]


async def test_a_closed_client_that_never_sent_closes_quietly() -> None:
    async with graph("http://127.0.0.1:1"):
        pass


async def test_the_connection_that_ends_without_an_answer_is_in_doubt() -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with answering(hang_up) as client:
        verdict: Verdict = await client.send(NUMBER_ID, {})
        assert (verdict.outcome, verdict.final) == ("in_doubt", True)
