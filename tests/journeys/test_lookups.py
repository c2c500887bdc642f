"""Three broker workers: a look-up is right whichever is asked, also after one has died."""

import asyncio
from functools import partial
from typing import Any

import pytest

from tests.system.agent_program import AgentProgram
from tests.system.phones import Phone, body
from tests.system.system import AGENTS, System, until

pytestmark = [pytest.mark.kafka]
USERS = 9


async def test_each_lookup_is_right_whichever_worker_is_asked() -> None:
    async with System(brokers=3) as system:
        programs = {name: await system.program(name) for name in AGENTS}
        phones = [await system.phone(f"User {number}") for number in range(USERS)]

        async def arrive(phone: Phone, agent: str) -> None:
            await phone.write("hi")
            await phone.receives_text("Choose")
            await phone.write(agent)
            await programs[agent].reads("initial", phone.address)

        await asyncio.gather(*(arrive(phone, AGENTS[n % len(AGENTS)]) for n, phone in enumerate(phones)))
        workers = ["broker-0", "broker-1", "broker-2"]
        for worker in workers:
            await _all_right(system, worker, phones, arriving=True)
            await until(partial(_unknown, system, worker), 30, f"{worker} says that it knows nobody of that number")
            await until(partial(_counted, system, worker), 30, f"{worker} counts the users of each agent")
            await until(partial(_named, system, worker, phones), 30, f"{worker} finds everybody by their name")
        await _moved_and_ended(system, workers, phones[0], programs)
        await system.processes["broker-1"].kill_and_wait()
        for worker in ("broker-0", "broker-2"):
            await _all_right(system, worker, phones)


async def _all_right(system: System, worker: str, phones: list[Phone], *, arriving: bool = False) -> None:
    for number, phone in enumerate(phones):
        expected = AGENTS[number % len(AGENTS)]

        async def right(phone: Phone = phone, expected: str = expected) -> bool:
            status, answer = await _ask(system, worker, phone.address)
            # Only a group that is sharing out its users may have no answer; it never has a wrong one.
            assert status in (200, 503), (status, answer)
            if status == 503:
                return False
            shown: dict[str, Any] = answer["data"]
            with_agent: bool = shown["state"] == "agent" and shown["agent"]["name"] == expected
            assert shown["user"]["wa_id"] == phone.address
            # The agent has its record a moment before the table shows it.
            assert with_agent or (arriving and shown["state"] == "menu"), shown
            return with_agent

        await until(right, 60, f"{worker} says that {phone.address} is with {expected}")


async def _moved_and_ended(system: System, workers: list[str], phone: Phone, programs: dict[str, AgentProgram]) -> None:
    """Orders given to each worker in turn, the move twice; the user ends where they began."""
    old, new = programs[AGENTS[0]], programs[AGENTS[1]]

    async def heard(number: int, program: AgentProgram, kind: str, **fields: str) -> None:
        def found() -> list[dict[str, Any]]:
            of_user = [one for one in program.records if (one["type"], one["waID"]) == (kind, phone.address)]
            return [one for one in of_user if all(one.get(name) == value for name, value in fields.items())]

        async def enough() -> bool:
            return len(found()) >= number

        await until(enough, 30, f"{kind} {fields}, {number} times")
        assert len(found()) == number, found()

    for number, worker in enumerate(workers, 1):
        for _ in range(2):
            status, answer = await _ask(system, worker, f"{phone.address}/move", {"agent": AGENTS[1], "note": worker})
            assert status == 202, answer
        await heard(1, new, "initial", note=worker)
        await heard(number, old, "closed", reason="transferred")
        await phone.write("over there")
        await heard(number, new, "text", text="over there")
        status, answer = await _ask(system, worker, phone.address, method="DELETE")
        assert status == 202, answer
        await heard(number, new, "closed", reason="ended")
        await phone.write(AGENTS[0])
        await heard(number + 1, old, "initial")

    async def all_sent() -> bool:
        # The agent reads of the end before the phone shows it.
        words = [body(message) for message in await phone.received()]
        return sum("Your conversation is over." in text for text in words) >= len(workers)

    await until(all_sent, 30, "the last farewell on the phone")
    shown = [body(message) for message in await phone.received()]
    assert sum(text == f"Transferring to {AGENTS[1]}" for text in shown) == len(workers), shown
    assert sum("Your conversation is over." in text for text in shown) == len(workers), shown
    # The agent has its record a moment before the table shows it.
    await _all_right(system, workers[0], [phone], arriving=True)


async def _unknown(system: System, worker: str) -> bool:
    status, answer = await _ask(system, worker, "5500000000")
    assert status in (404, 503), (status, answer)
    return status == 404


async def _counted(system: System, worker: str) -> bool:
    status, answer = await _ask(system, worker, "/stats")
    assert status == 200, answer
    users = {agent["name"]: agent["users"] for agent in answer["data"]["agents"]}
    return users == dict.fromkeys(AGENTS, USERS // len(AGENTS))


async def _named(system: System, worker: str, phones: list[Phone]) -> bool:
    status, answer = await _ask(system, worker, "/users?name=user")
    assert status in (200, 503), (status, answer)
    if status == 503 or answer["missing"]:
        return False
    assert [one["user"]["wa_id"] for one in answer["data"]] == [phone.address for phone in phones]
    return True


async def _ask(
    system: System, worker: str, user: str, order: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, Any]:
    path = user if user.startswith("/") else f"/session/{user}"
    url = f"http://127.0.0.1:{system.port_of(worker)}/api/v1{path}"
    headers = {"Authorization": f"Bearer {system.stack.credentials.admin_tokens[0]}"}
    async with system.http.request("POST" if order else method, url, json=order, headers=headers) as response:
        return response.status, await response.json()
