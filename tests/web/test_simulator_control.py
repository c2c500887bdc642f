"""The control API and the page's socket: users, taps, switches, crafted webhooks, long-polling, reset."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from tests.web.simulator_support import BUSINESS, SECRET, TOKEN, Bench, running_bench, text_to
from web.simulator import SimulatorConfig
from web.simulator.switches import Switches, merge_switches, parse_switches, switches_json

MENU = {
    "type": "list",
    "body": {"text": "Who should help you?"},
    "action": {
        "button": "Departments",
        "sections": [
            {
                "title": "Service",
                "rows": [
                    {"id": "billing", "title": "Billing", "description": "Invoices"},
                    {"id": "t", "title": "Tech"},
                ],
            }
        ],
    },
}
BUTTONS = {
    "type": "button",
    "body": {"text": "Sure?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]},
}


async def send_interactive(bench: Bench, user: dict[str, Any], content: dict[str, Any]) -> str:
    status, body = await bench.send(text_to(user["wa_id"]) | {"type": "interactive", "interactive": content})
    assert status == 200, body
    return str(body["messages"][0]["id"])


async def act(bench: Bench, user: dict[str, Any], expect: int = 202, **action: Any) -> Any:
    return await bench.call("POST", f"/sim/users/{user['id']}/messages?wait=1", action, expect)


async def test_users_are_made_with_what_is_given() -> None:
    async with running_bench() as bench:
        ana, bruno = await bench.user("Ana"), await bench.user("Bruno", phone=None, user_id="DE.4412")
        assert (ana["wa_id"], ana["open"], ana["hide_number"]) == ("5511990000001", True, False)
        assert ana["user_id"].startswith("BR.")
        assert (bruno["wa_id"], bruno["user_id"]) == (None, "DE.4412")
        assert [user["id"] for user in (await bench.call("GET", "/sim/users"))["users"]] == ["u1", "u2"]
        await bench.call("POST", "/sim/users", {"name": "Twin", "phone": ana["wa_id"]}, 409)
        await bench.call("POST", "/sim/users", {"name": "No one", "phone": None, "user_id": None}, 422)
        error = await bench.call("POST", "/sim/users", {"name": "Ana", "fone": "1"}, 422)
        assert error == {"error": "fone: Extra inputs are not permitted"}
        await bench.call("GET", "/sim/users/u9", expect=404)
        await bench.write(bruno)
        assert "from" not in bench.webhook.items()[0]


async def test_a_tap_on_a_list_row() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        menu = await send_interactive(bench, ana, MENU)
        [shown] = [one for one in await bench.messages(ana) if one["wamid"] == menu]
        assert shown["text"] == "Who should help you?"
        assert [choice["id"] for choice in shown["choices"]] == ["billing", "t"]
        tapped = await act(bench, ana, type="list_reply", message_id=menu, row_id="billing")
        [item] = [item for item in bench.webhook.items() if item["id"] == tapped["wamid"]]
        reply = {"id": "billing", "title": "Billing", "description": "Invoices"}
        assert item["interactive"] == {"type": "list_reply", "list_reply": reply}
        assert item["context"] == {"from": BUSINESS, "id": menu}


async def test_taps_on_buttons() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        question = await send_interactive(bench, ana, BUTTONS)
        await act(bench, ana, type="button_reply", message_id=question, button_id="yes")
        body = {"type": "body", "parameters": [{"type": "text", "text": "x"}]}
        content = {"name": "reopen_conversation", "language": {"code": "en"}, "components": [body]}
        _, answer = await bench.send(text_to(ana["wa_id"]) | {"type": "template", "template": content})
        template = answer["messages"][0]["id"]
        await act(bench, ana, type="template_button", message_id=template, payload="Yes, go on")
        items = [item for item in bench.webhook.items() if "context" in item]
        assert items[0]["interactive"] == {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}}
        assert items[1]["button"] == {"payload": "Yes, go on", "text": "Yes, go on"}


async def test_only_what_is_shown_can_be_tapped_unless_forced() -> None:
    async with running_bench() as bench:
        ana, bruno = await bench.user("Ana"), await bench.user("Bruno")
        await bench.write(ana)
        menu = await send_interactive(bench, ana, MENU)
        await act(bench, ana, 422, type="list_reply", message_id=menu, row_id="gone")
        await act(bench, ana, 422, type="button_reply", message_id=menu, button_id="billing")
        await act(bench, bruno, 422, type="list_reply", message_id=menu, row_id="billing")
        await act(bench, ana, 422, type="list_reply", message_id=menu)
        await act(bench, ana, 422, type="text")
        forced = await act(bench, ana, type="list_reply", message_id="wamid.OLD", row_id="gone", title="Gone")
        assert bench.webhook.items()[-1]["id"] == forced["wamid"]


async def test_raw_items_and_forced_ids_pass_as_they_are() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        image = {"type": "image", "image": {"id": "7", "mime_type": "image/jpeg", "caption": "look"}}
        await act(bench, ana, type="raw", message=image)
        await act(bench, ana, type="text", text="again", wamid="wamid.SAME")
        await act(bench, ana, type="text", text="again", wamid="wamid.SAME")
        items = bench.webhook.items()
        assert (items[0]["image"]["id"], items[0]["from"]) == ("7", ana["wa_id"])
        assert [item["id"] for item in items[1:]] == ["wamid.SAME", "wamid.SAME"]
        assert [one["text"] for one in await bench.messages(ana)] == ["look", "again", "again"]


async def test_the_transcript_can_be_waited_for() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana, "hi")
        seq = (await bench.messages(ana))[-1]["seq"]
        waiting = asyncio.create_task(bench.messages(ana, after=seq, wait=10))
        await bench.write(await bench.user("Bruno"), "not Ana's")
        assert not waiting.done()
        wamid = await bench.send_text(ana, "hello")
        [message] = await waiting
        assert (message["wamid"], message["direction"], message["text"]) == (wamid, "in", "hello")
        assert message["raw"]["to"] == "+" + ana["wa_id"]
        assert await bench.messages(ana, after=message["seq"], wait=0.01) == []


@pytest.mark.parametrize(("how", "signed"), [(True, True), (False, None), ("wrong", False)])
async def test_crafted_webhooks(how: Any, signed: bool | None) -> None:
    async with running_bench() as bench:
        bench.webhook.answers = [403]
        answer = await bench.call("POST", "/sim/webhooks", {"raw": '{"a": "é"}', "sign": how})
        assert answer == {"status": 403, "body": ""}
        [post] = bench.webhook.received
        assert post.raw == '{"a": "é"}'.encode()
        good = "sha256=" + hmac.new(SECRET.encode(), post.raw, hashlib.sha256).hexdigest()
        header = post.headers.get("X-Hub-Signature-256")
        assert (None if header is None else header == good) is signed
        await bench.call("POST", "/sim/webhooks", {"body": {"b": 1}, "signature": "sha256=x"})
        assert bench.webhook.received[-1].raw == b'{"b":1}'
        assert bench.webhook.received[-1].headers["X-Hub-Signature-256"] == "sha256=x"


async def test_a_crafted_webhook_to_nobody_says_so() -> None:
    async with running_bench(webhook_url="http://127.0.0.1:9/webhook") as bench:
        assert "no answer" in (await bench.call("POST", "/sim/webhooks", {"body": {}}, 502))["error"]


async def test_reset_forgets_all_but_the_numbering() -> None:
    async with running_bench(starting_phones=("Ana",)) as bench:
        bench.webhook.answers = [503] * 1000
        await bench.write(await bench.user("Clara"), wait=False)
        await bench.call("PATCH", "/sim/switches", {"duplicates": 1})
        await bench.webhook.until(lambda: bench.webhook.received)
        await bench.call("DELETE", "/sim/state")
        count = len(bench.webhook.received)
        users = (await bench.call("GET", "/sim/users"))["users"]
        assert [(user["name"], user["id"]) for user in users] == [("Ana", "u3")]
        assert (await bench.call("GET", "/sim/switches"))["duplicates"] == 0
        bench.webhook.answers = []
        wamid = await bench.write(users[0])
        assert [item["id"] for post in bench.webhook.received[count:] for item in post.items] == [wamid]


async def test_switches_are_replaced_merged_and_checked() -> None:
    async with running_bench() as bench:
        await bench.call("PATCH", "/sim/switches", {"duplicates": 0.5})
        both = await bench.call("PATCH", "/sim/switches", {"reorder": 0.25})
        assert (both["duplicates"], both["reorder"]) == (0.5, 0.25)
        assert (await bench.call("PUT", "/sim/switches", {"reorder": 1}))["duplicates"] == 0
        for wrong, named in (
            ({"duplikates": 1}, "duplikates"),
            ({"reorder": 2}, "reorder"),
            ({"errors": [{"rate": 1}]}, "errors.0.code"),
            ({"status_delay_min_ms": 500}, "status_delay_max_ms"),
            ([], "body"),
        ):
            assert named in (await bench.call("PATCH", "/sim/switches", wrong, 422))["error"]
        assert (await bench.call("GET", "/sim/switches"))["reorder"] == 1


def test_switches_survive_json() -> None:
    data = {"errors": [{"code": 131056, "count": 2}], "batch_items": 7}
    switches = parse_switches(data)
    assert parse_switches(json.loads(json.dumps(switches_json(switches)))) == switches
    assert merge_switches(Switches(), data) == switches


async def test_the_socket_shows_and_pushes() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        async with bench.http.ws_connect(bench.url + "/sim/ws") as socket:
            snapshot = await socket.receive_json()
            assert (snapshot["type"], snapshot["users"][0]["id"]) == ("snapshot", ana["id"])
            wamid = await bench.write(ana)
            event = await socket.receive_json()
            assert (event["type"], event["user"], event["message"]["wamid"]) == ("message", ana["id"], wamid)
            mark = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
            await bench.send(mark | {"typing_indicator": {"type": "text"}})
            while (event := await socket.receive_json())["type"] != "typing":
                assert event["message"]["wamid"] == wamid
            assert event["seconds"] == 25
            await bench.call("DELETE", "/sim/state")
            assert (await socket.receive_json())["users"] == []


async def test_foreign_pages_get_nothing() -> None:
    async with running_bench() as bench:
        foreign = {"Origin": "http://evil.example"}
        async with bench.http.post(bench.url + "/sim/users", json={"name": "x"}, headers=foreign) as answer:
            assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await bench.http.ws_connect(bench.url + "/sim/ws", headers=foreign)
        assert refused.value.status == 403
        async with bench.http.post(bench.url + "/sim/users", json={"name": "x"}, headers={"Origin": bench.url}) as own:
            assert own.status == 201


async def test_live_and_the_page_holds_no_secret_and_no_foreign_address() -> None:
    async with running_bench() as bench:
        assert await bench.call("GET", "/live") == {"status": "ok"}
        async with bench.http.get(bench.url + "/") as answer:
            page = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        for secret in (TOKEN, SECRET, "http://", "https://", "<style", " style=", "onclick"):
            assert secret not in page


def test_a_simulator_without_secrets_refuses_to_be_made() -> None:
    fields: dict[str, Any] = {"webhook_url": "x", "phone_number_id": "1", "display_phone_number": "2"}
    with pytest.raises(ValueError, match="BROKER_APP_SECRETS"):
        SimulatorConfig(access_token="t", app_secrets=(), **fields)
    with pytest.raises(ValueError, match="BROKER_ACCESS_TOKEN"):
        SimulatorConfig(access_token="", app_secrets=("s",), **fields)
    shown = repr(SimulatorConfig(access_token="hidden-t", app_secrets=("hidden-s",), **fields))
    assert "hidden" not in shown
