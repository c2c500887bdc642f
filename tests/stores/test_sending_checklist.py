"""The checklist of Meta's reference (whatsapp-cloud-api, 9.3), as far as it is about sending; the tests have its names.

What comes in stands in tests/unit/whatsapp/test_checklist.py.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.agent_record import BadRecord
from app.core.effects import Send
from app.core.filling import Filling
from app.core.menu import menu_message
from app.core.messages import parts
from app.core.register import Register
from app.core.rules import Texts
from app.stores.token_file import TokenFile
from tests.stores.sending_scene import Scene, scene
from tests.unit.histories import NOW, agent
from tests.unit.stream import Event, Message
from tests.web.simulator_support import TOKEN

EMOJI = "👍🏽"
TITLE_MAX = {"button": 20, "row": 24}


async def test_window_closed_between_enqueue_and_send() -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": 131016, "http_status": 503}])
        s.bench.sender.gates.pairs.of(s.user.key, NOW).complained(NOW)
        await s.bench.handle(s.message(window_ends=NOW + 1.5))
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == ("window_closed", "late", "permanent")
        assert s.bench.now <= NOW + 1.5
        assert await s.received() == []


async def test_131056_then_success() -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": 131056, "count": 1}])
        await s.bench.handle(s.message())
        assert s.bench.finished().verdict == "accepted"
        assert await s.received() == ["message 1"]
        assert [code for code, _ in await s.posts()] == [131056, None]
        assert s.bench.now - NOW == pytest.approx(1)


async def test_190_then_new_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "token"
    file.write_text("hidden-old")
    now: list[float] = [NOW]
    async with scene(TokenFile(file, lambda: now[0])) as s:
        gates = s.bench.sender.gates

        async def renew(seconds: float) -> None:
            await wait(seconds)
            now[0] = s.bench.now
            if s.bench.now > NOW + 100:
                file.write_text(TOKEN)

        wait, gates.sleep = gates.sleep, renew
        await s.bench.handle(s.message(1))
        await s.bench.handle(s.message(2))
        assert await s.received() == ["message 1", "message 2"]
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert {code for code, _ in await s.posts()} == {190, None}
        assert await gates.problem() is None
        assert (s.bench.sender.counts["circuit_opened"], s.bench.sender.counts["circuit_closed"]) == (1, 1)
    assert caplog.text.count("ALERT") == 1
    assert "hidden-old" not in caplog.text
    assert TOKEN not in caplog.text


async def test_an_expired_token_holds_messages_until_it_is_renewed() -> None:
    async with scene() as s:
        await s.switch(token_expired=True)
        renewed = NOW + 100

        async def renew(seconds: float) -> None:
            await wait(seconds)
            if s.bench.now > renewed:
                await s.switch(token_expired=False)

        gates = s.bench.sender.gates
        wait, gates.sleep = gates.sleep, renew
        await s.bench.handle(s.message(1))
        await s.bench.handle(s.message(2))
        assert await s.received() == ["message 1", "message 2"]
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert await gates.problem() is None


async def settle_all(s: Scene) -> None:
    """Hand the sender every webhook there is so far."""
    for post in s.simulator.webhook.received:
        await s.bench.sender.settle(Event(Message(post.raw, s.user.key.encode())))


@pytest.mark.parametrize("told", [True, False])
async def test_timeout_after_send(told: bool) -> None:
    async with scene(seconds=0.5) as s:
        await s.switch(lose_answers=1.0)
        gates = s.bench.sender.gates

        async def wait(seconds: float) -> None:
            await real(seconds)
            await asyncio.sleep(0)
            if told:
                await s.simulator.webhook.until(lambda: any("status" in item for item in s.simulator.webhook.items()))
                await settle_all(s)

        real, gates.sleep = gates.sleep, wait
        await s.bench.handle(s.message())
        assert s.bench.finished().verdict == ("accepted" if told else "in_doubt")
        assert len(await s.posts()) == 1, "never posted twice"
        assert await s.received() == ["message 1"]


async def test_list_of_11_agents() -> None:
    register = Register.of(agent(number, f"Agent {number}") for number in range(1, 12))
    async with scene() as s:
        for page in (0, 1):
            menu = menu_message(register, Texts(), "ab12", page, filling=Filling(now=NOW)).model_dump(mode="json")
            await s.bench.handle(replace(s.message(page), message=menu, agent=None))
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert {code for code, _ in await s.posts()} == {None}


def titled(title: str, kind: str) -> dict[str, Any]:
    """An agent's message with a title on a button or a row."""
    if kind == "button":
        return {"message_type": "buttons", "text": "Choose", "buttons": [{"id": "b1", "title": title}]}
    return {
        "message_type": "list",
        "list_title": "More",
        "list_body": "Plans",
        "list_items": [{"id": "p1", "title": title}],
    }


@pytest.mark.parametrize("kind", TITLE_MAX)
async def test_titles_with_emoji_at_limit(kind: str) -> None:
    limit = TITLE_MAX[kind]
    title = "x" * (limit - len(EMOJI)) + EMOJI
    async with scene() as s:
        message = s.from_agent(**titled(title, kind))
        assert isinstance(message, Send), message
        await s.bench.handle(message)
        assert s.bench.finished().verdict == "accepted", s.bench.finished().reason
        over = s.from_agent(**titled("x" + title, kind))
        assert isinstance(over, BadRecord)
        assert f"at most {limit} characters, not {limit + 1}" in over.reason


async def test_text_of_4097_characters() -> None:
    text = "word " * 819 + "ab"
    assert len(text) == 4097
    async with scene() as s:
        refused = s.from_agent(message_type="text", text=text)
        assert isinstance(refused, BadRecord)
        assert "text may have at most 4096 characters, not 4097" in refused.reason
        whole = s.from_agent(message_type="text", text=text, split=True)
        assert isinstance(whole, Send)
        for number, part in enumerate(parts(whole.message)):
            await s.bench.handle(replace(whole, id=f"e{number}", message=part))
        assert {event.verdict for event in s.bench.all_finished()} == {"accepted"}
        received = await s.received()
        assert len(received) == 2
        assert " ".join(received).split() == text.split()


async def test_quoted_reply_to_an_unknown_id() -> None:
    async with scene() as s:
        message = s.from_agent(message_type="text", text="message 1", reply_to="wamid.UNKNOWN")
        assert isinstance(message, Send), message
        await s.bench.handle(message)
        assert s.bench.finished().verdict == "accepted", "the bubble is left out, the message arrives"
        assert await s.received() == ["message 1"]


@pytest.mark.parametrize("kind", ["mark_read", "typing"])
async def test_read_mark_with_a_stale_id(kind: str) -> None:
    async with scene() as s:
        message = s.from_agent(message_type=kind, message_id="wamid.STALE")
        assert isinstance(message, Send), message
        await s.bench.handle(message)
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == ("131009", "refused", "payload")
        assert [code for code, _ in await s.posts()] == [131009]
