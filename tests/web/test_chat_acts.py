"""Operators close conversations and hand users over; the receiving operator reads the note."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, read_agent_record
from tests.web.chat_support import ANA, HELP, SALES, START, Chat, running_chat

USER: dict[str, Any] = {"agent": 1, "user": ANA}


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with running_chat(tmp_path) as chat:
        await chat.arrive(chat.wrote("hello"))
        await chat.log_in()
        yield chat


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"do": "close"}, {"message_type": "close"}),
        (
            {"do": "close", "text": " Bye! ", "reason": "solved"},
            {"message_type": "close", "text": "Bye!", "reason": "solved"},
        ),
        ({"do": "transfer", "to": 2, "note": ""}, {"message_type": "transfer", "to": 2}),
        ({"do": "transfer", "to": 2, "note": "order 17"}, {"message_type": "transfer", "to": 2, "note": "order 17"}),
    ],
)
async def test_an_act_goes_out_as_the_contract_says(
    chat: Chat, question: dict[str, Any], expected: dict[str, Any]
) -> None:
    async with chat.page() as page:
        assert "error" not in await page.ask(**(USER | question))
    ((topic, record, key),) = chat.producer.records
    assert (topic, key) == ("sales-out", ANA.encode())
    assert record == {"waID": "5511990000001", "phone_number_id": "pn", "user": ANA, **expected}
    assert isinstance(read_agent_record(orjson.dumps(record), ""), AgentRecord)


async def test_a_user_may_be_handed_to_every_other_agent(chat: Chat) -> None:
    async with chat.page() as page:
        answer = await page.ask("targets", agent=SALES.id)
        assert answer["targets"] == [{"id": HELP.id, "name": "Help"}]
        assert (await page.ask("targets", agent=HELP.id))["error"]["code"] == "not_yours"


async def test_an_act_leaves_behind_what_was_written_before(chat: Chat) -> None:
    async with chat.page() as page:
        chat.producer.gate.clear()
        await page.ask("send", ref="r", text="wait", **USER)
        await page.socket.send_json({"do": "close", "n": 99, **USER})
        chat.producer.gate.set()
        await page.pushed(lambda push: push.get("re") == 99)
    assert [record["message_type"] for _, record, _ in chat.producer.records] == ["text", "close"]


@pytest.mark.parametrize("question", [{"do": "close"}, {"do": "transfer", "to": 2}])
async def test_what_cannot_be_done_is_said(chat: Chat, question: dict[str, Any]) -> None:
    async with chat.page() as page:
        assert (await page.ask(agent=2, user=ANA, **question))["error"]["code"] == "not_yours"
        assert (await page.ask(agent=1, user="pn:1", **question))["error"]["code"] == "unknown"
        chat.producer.away = True
        assert (await page.ask(**(USER | question)))["error"]["code"] == "produce_failed"
        await chat.arrive(chat.wrote("over", "closed", reason="exit"))
        assert (await page.ask(**(USER | question)))["error"]["code"] == "closed"
    assert chat.producer.records == []


@pytest.mark.parametrize(
    "question", [{"do": "close", "reason": "x" * 251}, {"do": "transfer", "to": 2, "note": "x" * 4097}]
)
async def test_what_is_too_long_is_refused(chat: Chat, question: dict[str, Any]) -> None:
    async with chat.page() as page:
        assert (await page.ask(**(USER | question)))["error"]["code"] == "invalid"


async def test_the_next_operator_reads_the_note_and_the_window_is_the_users(chat: Chat) -> None:
    await chat.log_in(HELP)
    chat.clock.now = START + 3600
    handed = {"from": "Sales", "note": "order 17", "references": [], "user_wrote_at": START}
    await chat.arrive(chat.wrote("Ana wants to talk", "initial", topic="help-in", **handed))
    async with chat.page() as page:
        answer = await page.ask("history", agent=HELP.id, user=ANA)
    (message,) = answer["messages"]
    assert message["detail"] == {"from": "Sales", "note": "order 17"}
    assert answer["conversation"]["window_ends"] == START + 86_400
