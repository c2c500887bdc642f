"""kill -9 in the middle of a conversation: the user is still with the agent, nothing is lost."""

import pytest

from tests.system.phones import body
from tests.system.system import System

pytestmark = [pytest.mark.kafka]


async def test_the_router_is_killed_during_a_conversation() -> None:
    async with System() as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await sales.reads("initial", ana.address)
        await ana.write("before")
        await sales.reads("text", ana.address, "before")

        await system.processes["broker-0"].kill_and_wait()
        await ana.write("while it was dead")
        await sales.say(ana.address, "an answer to a dead router")
        await system.processes["broker-0"].start()
        await system.until_ready("broker-0")

        await sales.reads("text", ana.address, "while it was dead")
        await ana.receives_text("an answer to a dead router")
        await ana.write("after")
        await sales.reads("text", ana.address, "after")
        ids = {record["message_id"]: record["text"] for record in sales.records if record["type"] == "text"}
        assert list(ids.values()) == ["hi", "before", "while it was dead", "after"]
        assert [body(message) for message in await ana.received()].count("an answer to a dead router") == 1


@pytest.mark.parametrize("victim", ["webhook", "sender"])
async def test_the_door_and_the_sender_are_killed(victim: str) -> None:
    async with System() as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await sales.reads("initial", ana.address)
        await ana.receives_text("Transferring")

        await system.processes[victim].kill_and_wait()
        await sales.say(ana.address, "an answer")
        await system.processes[victim].start()
        await system.until_ready(victim)
        await ana.receives_text("an answer")
        await ana.write("a question")
        await sales.reads("text", ana.address, "a question")
        assert [body(message) for message in await ana.received()].count("an answer") == 1


async def test_the_sender_is_killed_between_request_and_answer() -> None:
    async with System() as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring")
        await system.simulator.switch(
            stall_rate=1.0, stall_seconds=30, status_delay_min_ms=6000, status_delay_max_ms=6000
        )
        await sales.say(ana.address, "on its way")
        await ana.receives_text("on its way")
        await system.processes["sender"].kill_and_wait()
        await system.simulator.switch(stall_rate=0.0, status_delay_min_ms=20, status_delay_max_ms=60)
        await system.processes["sender"].start()
        await system.until_ready("sender")
        await sales.say(ana.address, "the next")
        await ana.receives_text("the next", within=60)
        assert [body(message) for message in await ana.received()][-2:] == ["on its way", "the next"]
        assert not sales.errors, "the status settled it"
