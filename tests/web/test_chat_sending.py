"""From the operator's text to the agent's write topic and back as ticks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, read_agent_record
from app.core.messages import List, Text
from app.stores.conversations import StoreAway
from tests.web.chat_support import ANA, Chat, Page, running_chat
from web.chat import sending


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with running_chat(tmp_path) as chat:
        await chat.arrive(chat.wrote("hello"))
        await chat.log_in()
        yield chat


async def send(page: Page, ref: str = "r", **content: Any) -> dict[str, Any]:
    return await page.ask("send", agent=1, user=ANA, ref=ref, **(content or {"text": "hi"}))


def about(ref: str, condition: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], bool]:
    def matches(push: dict[str, Any]) -> bool:
        message = push.get("message", {})
        return push.get("push") == "message" and message.get("ref") == ref and bool(condition(message))

    return matches


def status(chat: Chat, ref: str, text: str) -> Any:
    return chat.wrote(text, "status", ref=ref, message_id="wamid.1")


async def test_a_text_goes_out_as_the_contract_says_and_its_ticks_come_back(chat: Chat) -> None:
    async with chat.page() as page:
        answer = await send(page, text="How can I help?")
        assert (answer["message"]["body"], answer["conversation"]["last_text"]) == (
            "How can I help?",
            "How can I help?",
        )
        await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
        topic, record, key = chat.producer.records[0]
        assert (topic, key) == ("sales-out", ANA.encode())
        assert {
            "waID": "5511990000001",
            "message_type": "text",
            "text": "How can I help?",
            "ref": "r",
        }.items() <= record.items()
        for tick in ("sent", "delivered", "read"):
            await chat.arrive(status(chat, "r", tick))
            await page.pushed(about("r", lambda message, tick=tick: message.get("tick") == tick))  # type: ignore[misc]


async def test_a_list_is_one_the_broker_takes(chat: Chat) -> None:
    items = [{"id": "p1", "title": "Basic", "description": "cheap"}, {"id": "p2", "title": "Pro"}]
    async with chat.page() as page:
        await send(page, list={"title": "Choose", "body": "Our plans", "items": items})
        await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
    read = read_agent_record(orjson.dumps(chat.producer.records[0][1]), "")
    assert isinstance(read, AgentRecord)
    assert isinstance(read.message, List)
    assert (read.message.button, read.message.section, [row.title for row in read.message.rows]) == (
        "Choose",
        "Our plans",
        ["Basic", "Pro"],
    )


async def test_a_resend_of_the_same_ref_is_not_sent_twice(chat: Chat) -> None:
    async with chat.page() as page:
        first = await send(page)
        again = await send(page)
        assert first["message"]["id"] == again["message"]["id"]
        await asyncio.gather(send_elsewhere(chat), send_elsewhere(chat))
        await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
    assert chat.producer.texts == ["hi"]


async def send_elsewhere(chat: Chat) -> None:
    async with chat.page() as page:
        await send(page)


async def test_messages_leave_in_the_order_they_were_written(chat: Chat) -> None:
    chat.producer.gate.clear()
    texts = [str(number) for number in range(12)]
    async with chat.page() as page:
        for text in texts:
            await send(page, ref=f"r{text}", text=text)
        chat.producer.gate.set()
        await page.pushed(about("r11", lambda message: message.get("tick") == "queued"))
    assert chat.producer.texts == texts


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"text": "  "}, "must not be empty"),
        ({"text": "x" * 4097}, "4096"),
        ({"list": {"title": "x" * 21, "body": "b", "items": [{"id": "1", "title": "t"}]}}, "20"),
        ({"list": {"title": "t", "body": "b", "items": []}}, "rows"),
        ({"list": {"title": "t", "body": "b", "items": [{"id": "1", "title": "t"}] * 2}}, "two rows"),
    ],
)
async def test_what_meta_would_refuse_is_refused_at_once(chat: Chat, content: dict[str, Any], part: str) -> None:
    async with chat.page() as page:
        answer = await send(page, **content)
        assert answer["error"]["code"] == "invalid"
        assert part in answer["error"]["text"]
    assert chat.producer.records == []


@pytest.mark.parametrize("ref", ["", "x" * 65])
async def test_a_ref_has_a_length(chat: Chat, ref: str) -> None:
    async with chat.page() as page:
        assert (await send(page, ref=ref))["error"]["code"] == "invalid"


async def test_nothing_leaves_through_a_shut_window_or_after_the_end(chat: Chat) -> None:
    chat.clock.now += 86_400 - 60
    await chat.log_in()
    async with chat.page() as page:
        assert (await send(page))["error"]["code"] == "window_closed"
        await chat.arrive(chat.wrote("back"))
        assert "error" not in await send(page, ref="r2")
        await chat.arrive(chat.wrote("bye", "closed", reason="exit"))
        assert (await send(page, ref="r3"))["error"]["code"] == "closed"
    assert len(chat.producer.records) == 1


async def test_a_failed_message_is_shown_and_retried_once(chat: Chat) -> None:
    chat.producer.away = True
    async with chat.page() as page:
        await send(page)
        push = await page.pushed(about("r", lambda message: message.get("error")))
        assert push["message"]["error"]["code"] == "produce_failed"
        chat.producer.away = False
        chat.producer.gate.clear()
        first = await page.ask("retry", agent=1, user=ANA, ref="r")
        second = await page.ask("retry", agent=1, user=ANA, ref="r")
        assert ("error" in first, second["error"]["code"]) == (False, "under_way")
        chat.producer.gate.set()
        push = await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
        assert "error" not in push["message"]
    assert chat.producer.texts == ["hi"]


async def test_a_slow_kafka_is_shown_until_it_answers(chat: Chat) -> None:
    chat.producer.gate.clear()
    work = sending.Sending(
        chat.conversations,
        chat.producer,
        chat.pushes.publish,
        window_margin=0,
        clock=chat.clock,
        new_id=chat.new_id,
        slow_seconds=0.05,
    )
    async with chat.page() as page:
        sales = chat.feed.register.agents[0]
        await work.send(sales, ANA, "r", Text(text="hi"))
        await page.pushed(about("r", lambda message: message.get("error", {}).get("verdict") == "waiting"))
        assert (await page.ask("retry", agent=1, user=ANA, ref="r"))["error"]["code"] == "under_way"
        chat.producer.gate.set()
        push = await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
        assert "error" not in push["message"]
        await work.finished()


async def test_errors_of_the_broker_mark_the_message_or_stand_in_the_conversation(chat: Chat) -> None:
    async with chat.page() as page:
        await send(page)
        await page.pushed(about("r", lambda message: message.get("tick") == "queued"))
        error = {"waID": "5511990000001", "user": ANA, "text": "undeliverable", "code": "131026", "raw_payload": ""}
        await chat.arrive(chat.record("sales-error", {**error, "id": "e1", "ref": "r"}))
        push = await page.pushed(about("r", lambda message: message.get("error")))
        assert push["message"]["error"] == {"reason": "undeliverable", "code": "131026", "verdict": "refused"}
        await chat.arrive(chat.record("sales-error", {**error, "id": "e2"}))
        push = await page.pushed(lambda push: push.get("message", {}).get("direction") == "system")
        assert (push["message"]["body"], push["conversation"]["unread"]) == ("undeliverable", 1)


async def test_the_inbox_takes_each_record_once_and_puts_aside_what_it_cannot_read(chat: Chat) -> None:
    batch = [chat.wrote("one"), chat.record("sales-in", b"\xff"), chat.wrote("two"), chat.record("gone-in", {"a": 1})]
    await chat.arrive(*batch)
    await chat.arrive(*batch)
    history = await chat.conversations.history(1, ANA)
    assert [one["body"] for one in history] == ["hello", "one", "two"]
    kept = await chat.conversations.unreadable.find({}).to_list(9)
    assert len(kept) == 2
    assert any("gone-in belongs to no agent" in one["reason"] for one in kept)


async def test_the_inbox_holds_the_batch_while_the_store_is_away(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise StoreAway("MongoDB is away")

    record = chat.wrote("kept")
    with monkeypatch.context() as patched:
        patched.setattr(chat.conversations, "receive", away)
        with pytest.raises(StoreAway):
            await chat.arrive(record)
    await chat.arrive(record)
    assert (await chat.conversations.history(1, ANA))[-1]["body"] == "kept"
