"""The chat's socket: who may open it, what it answers, what it pushes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError

from app.stores.pushes import Push
from tests.web.chat_support import ANA, HELP, SALES, Chat, Page, running_chat
from web.chat.access import COOKIE
from web.chat.codes import Login, write_cookie
from web.chat.hub import LOGIN_ENDED, QUEUE_MAX


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with running_chat(tmp_path) as chat:
        yield chat


def message(push: dict[str, Any]) -> bool:
    return push.get("push") == "message"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:1"])
async def test_other_sites_get_no_socket(chat: Chat, origin: str) -> None:
    await chat.log_in()
    with pytest.raises(WSServerHandshakeError) as refused:
        await chat.client.ws_connect("/websocket", headers={"Origin": origin})
    assert refused.value.status == 403


async def test_without_a_login_there_is_no_socket(chat: Chat) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await chat.client.ws_connect("/websocket", headers={"Origin": chat.origin})
    assert refused.value.status == 401


async def test_what_arrives_is_pushed_to_its_agents_pages_only(chat: Chat) -> None:
    await chat.log_in(SALES)
    async with chat.page() as page:
        await chat.arrive(chat.wrote("for help", topic="help-in"), chat.wrote("for sales"))
        push = await page.pushed(message)
        assert (push["agent"], push["message"]["body"], push["conversation"]["unread"]) == (1, "for sales", 1)
        assert page.pushes == []


@pytest.mark.parametrize("do", ["conversations", "history", "catch_up", "read", "send", "retry"])
async def test_every_action_checks_the_agent(chat: Chat, do: str) -> None:
    await chat.arrive(chat.wrote(topic="help-in"))
    await chat.log_in(SALES)
    async with chat.page() as page:
        answer = await page.ask(do, agent=HELP.id, user=ANA, after=0, upto=9, ref="r", text="hi")
        assert answer["error"]["code"] == "not_yours"
    assert chat.producer.records == []
    unread = await chat.conversations.unread(HELP.id)
    assert unread == 1


async def test_list_history_and_reading(chat: Chat) -> None:
    await chat.arrive(chat.wrote("Ana wants to talk", "initial"), chat.wrote("hello"), chat.wrote("again"))
    await chat.log_in()
    async with chat.page() as page, chat.page() as other:
        listing = await page.ask("conversations", agent=1)
        assert [(row["user"], row["unread"]) for row in listing["conversations"]] == [(ANA, 3)]
        assert (listing["more"], listing["unread"]) == (False, 3)
        history = await page.ask("history", agent=1, user=ANA)
        assert [one["body"] for one in history["messages"]] == ["Ana wants to talk", "hello", "again"]
        assert [one["seq"] for one in history["messages"]] == [1, 2, 3]
        assert (await page.ask("read", agent=1, user=ANA, upto=2))["conversation"]["unread"] == 1
        push = await other.pushed(lambda push: push.get("push") == "conversation")
        assert push["conversation"]["unread"] == 1


async def test_a_page_that_was_away_catches_up(chat: Chat) -> None:
    await chat.arrive(chat.wrote("before"))
    await chat.log_in()
    async with chat.page() as page:
        seen = (await page.ask("history", agent=1, user=ANA))["messages"][-1]["changed"]
    await chat.arrive(chat.wrote("meanwhile"))
    async with chat.page() as page:
        answer = await page.ask("catch_up", agent=1, user=ANA, after=seen)
        assert "meanwhile" in [one["body"] for one in answer["messages"]]
        assert answer["reset"] is False
        await chat.arrive(*(chat.wrote(str(number)) for number in range(230)))
        answer = await page.ask("catch_up", agent=1, user=ANA, after=seen)
        assert (answer["reset"], len(answer["messages"]), answer["messages"][-1]["body"]) == (True, 50, "229")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid"),
        ("[]", "invalid"),
        ('{"do":"fly","n":1}', "unknown_action"),
        ('{"do":"history","agent":1}', "invalid"),
        ('{"do":"history","agent":"x","user":"u"}', "invalid"),
        ('{"do":"history","agent":1,"user":"nobody"}', "unknown"),
        ('{"do":"send","agent":1,"user":"nobody","ref":"r","text":"hi"}', "unknown"),
        ('{"do":"conversations","agent":1,"limit":9999}', "invalid"),
        ('{"ws_action":"fly"}', "unknown_action"),
    ],
)
async def test_a_frame_nobody_understands_is_answered_and_the_socket_stays(chat: Chat, frame: str, code: str) -> None:
    await chat.log_in()
    async with chat.page() as page:
        await page.socket.send_str(frame)
        assert (await page.socket.receive_json(timeout=5))["error"]["code"] == code
        assert (await page.ask("ping"))["pong"] is True


async def test_the_socket_ends_with_the_login(tmp_path: Path) -> None:
    async with running_chat(tmp_path) as chat:
        await chat.log_in()
        chat.clock.now += chat.settings.chat_session_seconds - 0.3
        async with chat.client.ws_connect("/websocket", headers={"Origin": chat.origin}) as socket:
            await socket.receive(timeout=5)
            assert socket.close_code == LOGIN_ENDED


async def test_a_logout_closes_the_sockets_of_its_login_and_of_no_other(chat: Chat) -> None:
    other = Login(frozenset({SALES.id}), chat.clock() + 60, "of another browser")
    cookie = {COOKIE: write_cookie(chat.settings.chat_secret, other)}
    headers = {"Origin": chat.origin}
    told: list[Push] = []
    chat.pushes.subscribe(told.append)
    async with (
        ClientSession(cookies=cookie, cookie_jar=CookieJar(unsafe=True)) as browser,
        browser.ws_connect(f"{chat.origin}/websocket", headers=headers) as stays,
    ):
        await chat.log_in(SALES)
        async with chat.client.ws_connect("/websocket", headers=headers) as first, chat.page() as second:
            await chat.log_in(HELP)
            await chat.client.post("/logout", headers=headers, allow_redirects=False)
            for socket in (first, second.socket):
                await socket.receive(timeout=5)
                assert socket.close_code == LOGIN_ENDED
        assert "pong" in await Page(stays).ask("ping")
    assert [push["push"] for push in told] == ["logout"], "what other workers hear of, too"


async def test_a_new_register_reaches_the_page_and_the_last_agents_end_closes_it(chat: Chat) -> None:
    await chat.log_in(SALES, HELP)
    async with chat.page() as page:
        chat.feed.change(SALES)
        push = await page.pushed(lambda push: push.get("push") == "agents")
        assert push["agents"] == [{"id": 1, "name": "Sales"}]
        chat.feed.change()
        await page.socket.receive(timeout=5)
        assert page.socket.close_code == LOGIN_ENDED


async def test_a_page_that_cannot_follow_is_let_go(chat: Chat) -> None:
    await chat.log_in()
    async with chat.page() as page:
        for number in range(QUEUE_MAX + 1):
            chat.pushes.publish({"push": "message", "agent": 1, "n": number})
        frame = await page.socket.receive(timeout=5)
        while frame.type.name == "TEXT":
            frame = await page.socket.receive(timeout=5)
        assert page.socket.close_code == 1013


async def test_the_first_generations_page_reads_and_sends(chat: Chat) -> None:
    await chat.arrive(chat.wrote("hello"))
    await chat.log_in()
    async with chat.client.ws_connect("/websocket", headers={"Origin": chat.origin}) as socket:
        await chat.arrive(chat.wrote("and more"))
        await socket.send_json({"ws_action": "read"})
        unread = await socket.receive_json(timeout=5)
        assert [set(one) for one in unread] == [{"created_at", "id", "waID", "type", "body", "isRead"}] * 2
        assert [one["body"] for one in unread] == ["hello", "and more"], "nothing came before it was asked for"
        assert (unread[0]["body"], unread[0]["waID"]) == ("hello", "5511990000001")
        await socket.send_json({"ws_action": "send", "type": "text", "text": "yes?"})
        await socket.send_json(
            {
                "ws_action": "send",
                "waID": "5511990000001",
                "list_title": "Choose",
                "list_body": "Our plans",
                "list_items": [{"id": "p1", "title": "Basic"}],
            }
        )
        await socket.send_json({"ws_action": "read"})
        assert json.loads((await socket.receive(timeout=5)).data) == [], "nothing was pushed, and all is read"
    topic, first, key = chat.producer.records[0]
    assert (topic, first["waID"], first["message_type"], first["text"]) == (
        "sales-out",
        "5511990000001",
        "text",
        "yes?",
    )
    assert key == ANA.encode()
    assert chat.producer.records[1][1]["list_items"] == [{"id": "p1", "title": "Basic", "description": ""}]
