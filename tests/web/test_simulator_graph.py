"""The simulator's Graph door: tokens, unknown objects, rates, injected errors, and what the graph log keeps."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.web.simulator_support import BUSINESS, NUMBER_ID, TOKEN, running_bench, text_to


@pytest.mark.parametrize(
    ("headers", "number", "status", "code", "subcode"),
    [
        ({}, NUMBER_ID, 401, 190, None),
        ({"Authorization": "Bearer wrong"}, NUMBER_ID, 401, 190, None),
        ({"Authorization": f"Basic {TOKEN}"}, NUMBER_ID, 401, 190, None),
        ({"Authorization": f"Bearer {TOKEN}"}, "42", 400, 100, 33),
    ],
)
async def test_who_may_call(headers: Any, number: str, status: int, code: int, subcode: int | None) -> None:
    async with running_bench() as bench:
        url = f"{bench.url}/v25.0/{number}/messages"
        async with bench.http.post(url, json=text_to("5511999990000"), headers=headers) as answer:
            error = (await answer.json())["error"]
            assert (answer.status, error["code"], error.get("error_subcode")) == (status, code, subcode)
            assert error["fbtrace_id"]
            assert "wrong" not in error["message"]
        log = await bench.call("GET", "/sim/graph-log")
        assert [(call["accepted"], call["code"]) for call in log["calls"]] == [(False, code)]
        assert TOKEN not in str(log)


async def test_other_paths_and_broken_bodies_are_refused() -> None:
    async with running_bench() as bench:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        for path in ("998877", f"{NUMBER_ID}/settings", "me"):
            async with bench.http.get(f"{bench.url}/v25.0/{path}", headers=headers) as answer:
                assert (answer.status, (await answer.json())["error"]["error_subcode"]) == (400, 33)
        for raw in (b"{", b"[]", b"\xff"):
            url = f"{bench.url}/v25.0/{NUMBER_ID}/messages"
            async with bench.http.post(url, data=raw, headers=headers) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)


async def test_the_business_cannot_write_to_itself() -> None:
    async with running_bench() as bench:
        status, body = await bench.send(text_to(BUSINESS))
        assert (status, body["error"]["code"]) == (400, 131021)


async def test_the_expired_token_switch() -> None:
    async with running_bench() as bench:
        await bench.call("PATCH", "/sim/switches", {"token_expired": True})
        status, body = await bench.send(text_to("5511999990000"))
        assert (status, body["error"]["code"], body["error"]["error_subcode"]) == (401, 190, 463)
        await bench.call("PATCH", "/sim/switches", {"token_expired": False})
        status, _ = await bench.send(text_to("5511999990000"))
        assert status == 200


async def test_injected_errors_are_used_up_and_aimed() -> None:
    async with running_bench() as bench:
        ana, bruno = await bench.user("Ana"), await bench.user("Bruno")
        error = {"code": 131016, "http_status": 503, "count": 2, "to": "+" + ana["wa_id"]}
        await bench.call("PUT", "/sim/switches", {"errors": [error]})
        for user, wanted in ((bruno, 200), (ana, 503), (ana, 503), (ana, 200)):
            status, body = await bench.send(text_to(user["wa_id"]))
            assert status == wanted
            assert wanted == 200 or body["error"]["is_transient"]


async def test_an_injected_error_may_come_as_status() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        await bench.call("PATCH", "/sim/switches", {"errors": [{"code": 131049, "as_status": True, "count": 1}]})
        wamid = await bench.send_text(ana)
        await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["failed"])
        [message] = [one for one in await bench.messages(ana) if one["direction"] == "in"]
        assert (message["status"], message["errors"][0]["code"]) == ("failed", 131049)


async def test_the_pair_rate_switch_allows_a_burst_of_45() -> None:
    now = [1_800_000_000.0]
    async with running_bench(clock=lambda: now[0]) as bench:
        ana = await bench.user()
        await bench.call("PATCH", "/sim/switches", {"pair_rate": True, "statuses": False})
        answers = [await bench.send(text_to(ana["wa_id"])) for _ in range(46)]
        assert [status for status, _ in answers] == [200] * 45 + [400]
        assert answers[-1][1]["error"]["code"] == 131056
        now[0] += 6
        assert [(await bench.send(text_to(ana["wa_id"])))[0] for _ in range(2)] == [200, 400]


async def test_the_throughput_switch() -> None:
    now = [1_800_000_000.0]
    async with running_bench(clock=lambda: now[0]) as bench:
        users = [await bench.user(f"User {number}") for number in range(4)]
        await bench.call("PATCH", "/sim/switches", {"throughput_per_second": 3, "statuses": False})
        answers = [await bench.send(text_to(user["wa_id"])) for user in users]
        assert [status for status, _ in answers] == [200, 200, 200, 400]
        assert answers[-1][1]["error"]["code"] == 130429


async def test_a_lost_answer_was_accepted_all_the_same() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        await bench.call("PATCH", "/sim/switches", {"lose_answers": 1})
        with pytest.raises(aiohttp.ClientError):
            await bench.send(text_to(ana["wa_id"], "lost"))
        [call] = (await bench.call("GET", "/sim/graph-log"))["calls"]
        assert (call["accepted"], call["answered"]) == (True, False)
        await bench.webhook.until(lambda: "read" in bench.webhook.statuses(call["wamid"]))
        assert (await bench.messages(ana))[-1]["text"] == "lost"


async def test_a_stalled_answer_was_accepted_all_the_same() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        await bench.call("PATCH", "/sim/switches", {"stall_rate": 1, "stall_seconds": 60})
        impatient = asyncio.create_task(bench.send(text_to(ana["wa_id"])))
        [call] = (await bench.call("GET", "/sim/graph-log?after=0&wait=5"))["calls"]
        assert (call["accepted"], call["answered"], impatient.done()) == (True, False, False)
        impatient.cancel()
        await bench.webhook.until(lambda: "read" in bench.webhook.statuses(call["wamid"]))


async def test_the_graph_log_can_be_waited_for() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        wamid = await bench.send_text(ana, "first")
        log = await bench.call("GET", "/sim/graph-log?after=0&wait=5")
        [call] = log["calls"]
        assert (call["wamid"], call["to"], call["payload"]["text"]) == (wamid, "+" + ana["wa_id"], {"body": "first"})
        assert call["answered"]
        assert (await bench.call("GET", f"/sim/graph-log?after={log['seq']}&wait=0.01"))["calls"] == []
