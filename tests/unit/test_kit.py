"""The agent kit: who is called with what, what is written, what happens when a handler or Kafka fails."""

import json
import logging
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from agents import echo_bot, handover_bot
from agents.kit import Bot, Message, new
from agents.kit.new import main, registration, write_bot
from app.core.agent_record import AgentRecord, read_agent_record
from app.processes.demo import AGENTS

ROOT = Path(__file__).parents[2]
ANA = {"waID": "5511999990000", "user": "1029384756:5511999990000", "phone_number_id": "1029384756"}


class Topic:
    """An out topic, in memory."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.records: list[dict[str, Any]] = []

    async def write(self, value: bytes) -> None:
        if self.failure:
            raise self.failure
        assert isinstance(read_agent_record(value, ""), AgentRecord), value
        self.records.append(json.loads(value))


async def taken(bot: Bot, *records: dict[str, Any], topic: str = "") -> list[dict[str, Any]]:
    """What a bot writes when it reads these records."""
    out = Topic()
    for record in records:
        await bot.take(topic or f"{bot.name}-in", json.dumps({**ANA, **record}).encode(), out.write)
    return out.records


async def test_each_record_reaches_its_handler() -> None:
    bot, called = Bot("x"), []

    @bot.on_message
    async def message(found: Message) -> None:
        called.append(("message", found.type))

    @bot.on_event
    async def event(found: Message) -> None:
        called.append(("event", found.type))

    @bot.on_error
    async def error(found: Message) -> None:
        called.append(("error", found.text))

    await taken(bot, {"type": "text", "text": "hi"}, {"type": "initial"}, {"type": "status"}, {"type": "closed"})
    await taken(bot, {"type": "a kind to come"}, {"type": "system"}, {"type": "system", "joined": ["k"]})
    await taken(bot, {"text": "the window is closed"}, topic="x-error")
    assert called == [
        ("message", "text"),
        ("event", "initial"),
        ("event", "status"),
        ("event", "closed"),
        ("message", "a kind to come"),
        ("message", "system"),
        ("event", "system"),
        ("error", "the window is closed"),
    ]


async def test_a_message_is_answered_closed_and_handed_over() -> None:
    out = Topic()
    message = Message({**ANA, "id": "i1", "type": "text", "text": "hi", "timestamp": 5.0}, out.write)
    assert (message.id, message.type, message.text, message.timestamp) == ("i1", "text", "hi", 5.0)
    assert not message.kept
    assert (message.address, message.user) == (ANA["waID"], ANA["user"])
    await message.reply("hello", reply_to="wamid.1")
    await message.transfer("Sales", note="a note")
    await message.transfer(3)
    await message.close("Bye!", reason="solved")
    await message.close()
    assert out.records == [
        {**ANA, "message_type": "text", "text": "hello", "reply_to": "wamid.1"},
        {**ANA, "message_type": "transfer", "to": "Sales", "note": "a note"},
        {**ANA, "message_type": "transfer", "to": 3},
        {**ANA, "message_type": "close", "text": "Bye!", "reason": "solved"},
        {**ANA, "message_type": "close"},
    ]


async def test_a_first_generation_record_without_our_fields_can_be_answered() -> None:
    out = Topic()
    message = Message({"waID": "5511999990000", "type": "text", "text": "hi"}, out.write)
    assert (message.id, message.user, message.timestamp) == ("", "5511999990000", 0.0)
    await message.send("text", text="hello", phone_number_id="1")
    assert out.records[0] == {"waID": ANA["waID"], "message_type": "text", "text": "hello", "phone_number_id": "1"}


@pytest.mark.parametrize("failure", [ValueError("a bug"), MessageSizeTooLargeError("too large")])
async def test_what_a_handler_raises_is_logged_and_passed_over(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    await echo_bot.bot.take("echo-in", json.dumps({**ANA, "id": "i7", "type": "text"}).encode(), Topic(failure).write)
    (logged,) = caplog.records
    assert logged.levelno == logging.ERROR and "i7" in logged.getMessage() and logged.exc_info


async def test_what_kafka_does_not_acknowledge_is_raised_so_that_it_is_not_committed() -> None:
    value = json.dumps({**ANA, "type": "text"}).encode()
    with pytest.raises(KafkaTimeoutError):
        await echo_bot.bot.take("echo-in", value, Topic(KafkaTimeoutError()).write)


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"\xff"])
async def test_what_is_no_record_is_logged_and_passed_over(value: bytes, caplog: pytest.LogCaptureFixture) -> None:
    await echo_bot.bot.take("echo-in", value, Topic().write)
    assert "passed over" in caplog.text


async def test_errors_without_a_handler_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    await taken(Bot("x"), {"id": "i9", "text": "undeliverable"}, topic="x-error")
    assert "undeliverable" in caplog.text and "i9" in caplog.text


async def test_the_echo_bot_repeats_messages_and_no_events() -> None:
    written = await taken(echo_bot.bot, {"type": "initial", "text": "Ana"}, {"type": "text", "text": "hi"})
    assert [record["text"] for record in written] == ["You said: hi"]


async def test_the_handover_bot_asks_and_hands_over_with_the_answer() -> None:
    asked, handed = await taken(
        handover_bot.bot,
        {"type": "initial", "timestamp": 10.9},
        {"type": "text", "text": "hi", "timestamp": 8.0, "kept": True},
        {"type": "button_reply", "text": "bill", "timestamp": 10.0},
    )
    assert (asked["message_type"], [one["id"] for one in asked["buttons"]]) == ("buttons", ["order", "bill", "other"])
    assert (handed["to"], handed["note"]) == ("Help Desk", "It is about: A bill")


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        ({"type": "text", "text": "bill"}, "It is about: bill"),
        ({"type": "image", "text": ""}, "It is about: image"),
        ({"type": "text", "text": "x" * 4096}, ("It is about: " + "x" * 4096)[:4096]),
    ],
)
async def test_the_handover_bot_takes_other_answers_also_after_a_restart(answer: dict[str, str], note: str) -> None:
    (handed,) = await taken(handover_bot.bot, {**answer, "timestamp": 12.0})
    assert handed["note"] == note


def test_a_new_bot_is_the_echo_bot_under_its_name(tmp_path: Any) -> None:
    path = write_bot("help-desk", tmp_path)
    assert path.name == "help_desk_bot.py"
    source = path.read_text()
    assert 'Bot("help-desk")' in source
    compile(source, str(path), "exec")
    with pytest.raises(FileExistsError):
        write_bot("help-desk", tmp_path)
    assert path.read_text() == source


@pytest.mark.parametrize("name", ["", "Help Desk", "help--desk", "-x", "../x", "1st", "x" * 25, "é"])
def test_a_name_that_cannot_be_used_is_refused(name: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="NAME="):
        write_bot(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert main(name) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_the_command_that_registers_is_one_the_admin_api_takes() -> None:
    command = registration("help-desk")
    assert json.loads(command.split("-d '")[1].rstrip("'")) == {
        "name": "Help Desk",
        "read_topic": "help-desk-in",
        "write_topic": "help-desk-out",
        "error_topic": "help-desk-error",
    }


def test_the_names_in_the_documents_are_free_in_the_demo() -> None:
    """Who tries what the README says while the demo runs is not told that somebody else has the name."""
    words = [(path, (ROOT / path).read_text()) for path in ("README.md", "Makefile", "agents/kit/new.py")]
    named = {(path, name.replace("-", " ")) for path, text in words for name in re.findall(r"NAME=([a-z-]+)", text)}
    assert {path for path, _ in named} == {path for path, _ in words}
    taken = {name.casefold() for name in AGENTS}
    assert not [one for one in named if one[1] in taken]


def test_the_command_that_starts_a_new_bot_finds_what_the_kit_needs(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new, "write_bot", partial(write_bot, folder=tmp_path))
    assert main("help-desk") == 0
    said = capsys.readouterr().out
    assert registration("help-desk") in said
    assert said.endswith(f"{sys.executable} -m agents.help_desk_bot\n"), "not whatever python the shell has"


def test_the_echo_bot_itself_is_not_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("echo") == 1
    assert "nothing was written" in capsys.readouterr().err
