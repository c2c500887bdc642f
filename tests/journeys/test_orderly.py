"""An orderly end: SIGTERM finishes what is in flight, and ends well."""

import asyncio

import pytest

from tests.system.phones import body
from tests.system.system import System

pytestmark = [pytest.mark.kafka]

STOP_SECONDS = 20.0
"""The promise: a worker has left its group by then."""


async def test_every_process_stops_within_its_time_and_nothing_is_lost() -> None:
    async with System(chat=True) as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring")
        said: list[str] = []
        for name in ("broker-0", "sender", "webhook", "chat"):
            text = f"while {name} stops"
            said.append(text)
            writing = asyncio.create_task(ana.write(text))
            await sales.say(ana.address, text)
            code = await system.processes[name].terminate(grace=STOP_SECONDS)
            assert code == 0, f"{name} ended with {code}: {system.processes[name].quote()}"
            await system.processes[name].start()
            await system.until_ready(name)
            await writing
            await sales.reads("text", ana.address, text, within=60)
            await ana.receives_text(text, within=60)
        answers = [body(message) for message in await ana.received()][2:]
        assert answers == said, "each answer once, in order"


async def test_a_stalled_request_does_not_keep_the_sender_from_stopping() -> None:
    async with System() as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring")
        await system.simulator.switch(stall_rate=1.0, stall_seconds=60)
        await sales.say(ana.address, "slow")
        await ana.receives_text("slow")
        assert await system.processes["sender"].terminate(grace=STOP_SECONDS) == 0
        await system.simulator.switch(stall_rate=0.0)
        await system.processes["sender"].start()
        await system.until_ready("sender")
        await sales.say(ana.address, "next")
        await ana.receives_text("next")
        assert [body(message) for message in await ana.received()][2:] == ["slow", "next"]
