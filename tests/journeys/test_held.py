"""The token has expired: messages are held, not failed; workers come and go meanwhile; then each arrives once."""

import asyncio
import os
import sys
import time

import pytest

from app.embedded.ports import free_port
from app.embedded.process import Process
from tests.system.phones import Phone, body
from tests.system.system import REPOSITORY, System, until

pytestmark = [pytest.mark.kafka]

LET_GO_SECONDS = 20.0
"""A worker that is told to stop lets go of what it holds within this."""
WORDS = ["one", "two", "three"]


async def held(system: System, port: int) -> str:
    """What a sender's `/ready` notes about its accounts."""
    async with system.http.get(f"http://127.0.0.1:{port}/ready") as response:
        assert response.status in (200, 503)
        return str((await response.json())["checks"]["accounts"])


async def test_messages_held_for_an_expired_token_arrive_once_it_is_good_again() -> None:
    async with System() as system:
        desk = await system.program("Help Desk")
        phones = [await system.phone(f"User {number}") for number in range(6)]

        async def arrive(phone: Phone) -> None:
            await phone.write("hi")
            await phone.receives_text("Choose")
            await phone.write("help desk")
            await phone.receives_text("Transferring")
            await desk.reads("initial", phone.address)

        await asyncio.gather(*map(arrive, phones))
        await system.simulator.switch(token_expired=True)
        for word in WORDS:
            for phone in phones:
                await desk.say(phone.address, word)

        async def is_held() -> bool:
            return "190" in await held(system, system.ports.sender)

        await until(is_held, 30, "the sender holds the number's messages")
        sender = system.processes["sender"]

        other_port = free_port()
        environment = {
            **os.environ,
            **system.stack.environment(),
            "BROKER_PROFILE": "demo",
            "BROKER_SENDER_PORT": str(other_port),
        }
        other = Process(
            "sender-1", [sys.executable, "-m", "app", "sender"], environment=environment, directory=REPOSITORY
        )
        system.processes["sender-1"] = other
        await other.start()

        async def both_hold() -> bool:
            await system.until_live(other_port)
            notes = await asyncio.gather(held(system, system.ports.sender), held(system, other_port))
            return all("190" in note for note in notes)

        await until(both_hold, 60, "both senders hold their share")

        begun = time.monotonic()
        assert await sender.terminate(grace=60.0) == 0, sender.quote()
        assert time.monotonic() - begun < LET_GO_SECONDS
        assert not desk.errors, "nothing is failed"
        await system.simulator.switch(token_expired=False)

        async def all_arrived() -> bool:
            received = await asyncio.gather(*(phone.received() for phone in phones))
            return all([body(one) for one in messages][-3:] == WORDS for messages in received)

        await until(all_arrived, 90, "every message on its phone, in order")
        for phone in phones:
            received = [body(one) for one in await phone.received()]
            assert [received.count(word) for word in WORDS] == [1, 1, 1]
        assert not desk.errors
        assert await held(system, other_port) == "ok"
