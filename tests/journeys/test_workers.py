"""Three broker workers: sessions stay right and the work is shared."""

import asyncio

import pytest

from tests.system.phones import Phone
from tests.system.system import AGENTS, System, until

pytestmark = [pytest.mark.kafka]
USERS = 24


async def test_three_workers_share_the_users_and_one_may_die() -> None:
    async with System(brokers=3) as system:
        programs = {name: await system.program(name) for name in AGENTS}
        phones = [await system.phone(f"User {number}") for number in range(USERS)]

        async def arrive(number: int, phone: Phone) -> None:
            await phone.write("hi")
            await phone.receives_text("Choose")
            await phone.write(AGENTS[number % len(AGENTS)])
            await programs[AGENTS[number % len(AGENTS)]].reads("initial", phone.address)

        await asyncio.gather(*(arrive(number, phone) for number, phone in enumerate(phones)))
        handled: list[float] = []

        async def counted() -> bool:  # a worker counts a message a moment after the agent has it
            handled[:] = [await system.metric(f"broker-{number}", "router", "UserWrote") for number in range(3)]
            return sum(handled) >= 2 * USERS

        await until(counted, 20, "every message counted by some worker")
        assert all(handled), f"every worker has its share: {handled}"

        await system.processes["broker-1"].kill_and_wait()
        await asyncio.gather(*(phone.write("still there?") for phone in phones))

        async def heard(number: int, phone: Phone) -> None:
            mine = programs[AGENTS[number % len(AGENTS)]]
            await mine.reads("text", phone.address, "still there?", within=60)
            await mine.say(phone.address, "yes")
            await phone.receives_text("yes", within=60)

        await asyncio.gather(*(heard(number, phone) for number, phone in enumerate(phones)))
        for number, phone in enumerate(phones):
            for name, program in programs.items():
                expected = ["hi", "still there?"] if name == AGENTS[number % len(AGENTS)] else []
                ids = {
                    one["message_id"]: one["text"]
                    for one in program.records
                    if one["waID"] == phone.address and one["type"] == "text"
                }
                assert list(ids.values()) == expected
