"""One person at two business numbers: two conversations, and a reply leaves from the number the user wrote to."""

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from agents.bridge import Bridge
from app.core.register import Agent
from app.core.rules import Rules
from app.producing import Producer
from app.register_feed import RegisterFeed
from tests.unit.histories import REGISTER, SALES, SERVICE
from tests.unit.line import Line
from tests.unit.stream import Log
from tests.unit.whatsapp.shapes import webhook

FIRST, SECOND = "1029384756", "5647382910"
PHONE = "5511999990000"


def text_to(number: str, text: str = "hi") -> bytes:
    """Ana's text to one of the business numbers."""
    data = webhook("text")
    value = data["entry"][0]["changes"][0]["value"]
    value["metadata"]["phone_number_id"] = number
    value["messages"][0]["text"]["body"] = text
    value["messages"][0]["id"] += number + text
    return orjson.dumps(data)


async def reply(line: Line, by: Agent, **more: Any) -> None:
    """Carry an agent's answer to Ana over the bridge, whose own number is the first, and through the router."""
    feed = cast(RegisterFeed, SimpleNamespace(register=REGISTER))
    bridge = Bridge(line.topics, feed, cast(Producer, line.log), FIRST)
    record = {"waID": PHONE, "message_type": "text", "text": "Hello", **more}
    await bridge.handle([Log(by.write_topic, orjson.dumps(record), offset=len(line.log.records))])
    await line.run()


@pytest.fixture
async def line() -> Line:
    """Ana is with sales at the first number and with service at the second, and has written to both."""
    line = Line()
    line.known.connect(f"{FIRST}:{PHONE}".encode(), SALES)
    line.known.connect(f"{SECOND}:{PHONE}".encode(), SERVICE)
    await line.post(text_to(FIRST), text_to(SECOND))
    return line


def sent_from(line: Line) -> list[str]:
    """The business numbers from which something is sent."""
    return [send["user"]["phone_number_id"] for send in line.of(line.topics.outbox)]


async def test_each_number_has_its_own_agent(line: Line) -> None:
    for agent, number in ((SALES, FIRST), (SERVICE, SECOND)):
        (told,) = line.of(agent.read_topic)
        assert (told["phone_number_id"], told["user"]) == (number, f"{number}:{PHONE}")


@pytest.mark.parametrize(("agent", "number"), [(SALES, FIRST), (SERVICE, SECOND)])
async def test_a_reply_leaves_from_the_number_the_user_wrote_to(line: Line, agent: Agent, number: str) -> None:
    (told,) = line.of(agent.read_topic)
    await reply(line, agent, phone_number_id=told["phone_number_id"])
    assert sent_from(line) == [number]


async def test_without_a_number_a_reply_leaves_from_the_brokers_own(line: Line) -> None:
    await reply(line, SALES)
    assert sent_from(line) == [FIRST]


async def test_an_agent_has_no_say_at_the_other_number(line: Line) -> None:
    await reply(line, SERVICE)
    await reply(line, SALES, phone_number_id=SECOND)
    assert sent_from(line) == []
    for agent in (SALES, SERVICE):
        assert [error["code"] for error in line.of(agent.error_topic)] == ["not_connected"]


async def test_a_first_generation_reply_follows_its_user_to_the_other_number() -> None:
    line = Line(Rules(default_number=FIRST))
    await line.post(text_to(SECOND))
    await line.post(text_to(SECOND, "sales"))
    line.forget()
    await reply(line, SALES)
    assert sent_from(line) == [SECOND]
    assert line.of(SALES.error_topic) == []


@pytest.mark.parametrize("more", [{"phone_number_id": FIRST}, {"user": f"{FIRST}:{PHONE}"}])
async def test_a_reply_that_names_its_place_stays_there(more: dict[str, str]) -> None:
    line = Line(Rules(default_number=FIRST))
    await line.post(text_to(SECOND))
    await line.post(text_to(SECOND, "sales"))
    line.forget()
    await reply(line, SALES, **more)
    assert sent_from(line) == []
    assert [error["code"] for error in line.of(SALES.error_topic)] == ["not_connected"]


async def test_where_a_user_is_stands_in_kafka_before_the_agent_is_told() -> None:
    line = Line(Rules(default_number=FIRST))
    await line.post(text_to(SECOND))
    line.forget()
    await line.post(text_to(SECOND, "sales"))
    written = [(record.topic, orjson.loads(record.value).get("kind")) for record in line.log.records]
    told = written.index((SALES.read_topic, None))
    placed = [place for place, record in enumerate(written) if record == (line.topics.replies, "user_placed")]
    assert placed and max(placed) < told
