"""How long a message takes: phone to chat page, and back. `python -m tests.bench.latency [count]`

In: a running system of its own. Out: median, 90th percentile and maximum in milliseconds, for each direction. It judges
nothing: figures depend on the machine.
"""

import asyncio
import json
import statistics
import sys
import time
import uuid
from typing import Any

import aiohttp
from pydantic import SecretStr

from app.core.identity import user_key
from app.core.register import Agent
from tests.system.phones import Phone, body
from tests.system.system import System
from web.chat.codes import login_code

ORIGIN = "http://127.0.0.1:{port}"


async def measure(count: int) -> None:
    """Measure both ways, one message at a time."""
    async with System(chat=True, BROKER_PAIR_SECONDS="0.01") as system:
        await system.until_serving("Sales")
        origin = ORIGIN.format(port=system.ports.chat)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            await _log_in(http, system, origin)
            async with http.ws_connect(f"{origin}/websocket", headers={"Origin": origin}) as socket:
                await socket.send_json({"do": "hello", "n": 0})
                phone = await system.phone("Latency")
                await phone.write("hi")
                await phone.receives_text("Choose")
                await phone.write("sales")
                await phone.receives_text("Transferring")
                there = [await _to_chat(phone, socket, f"message {number}") for number in range(count)]
                whom = {"agent": system.agents["Sales"]["id"], "user": _key(system, phone)}
                back = [await _to_phone(phone, socket, whom, f"answer {number}") for number in range(count)]
        _print("phone to chat page", there)
        _print("chat page to phone", back)


async def _log_in(http: aiohttp.ClientSession, system: System, origin: str) -> None:
    agent = system.agents["Sales"]
    code = login_code(SecretStr(system.stack.credentials.chat_secret), Agent(**agent))
    form = {"agent": str(agent["id"]), "code": code}
    async with http.post(f"{origin}/login", data=form, headers={"Origin": origin}) as response:
        assert response.status in (200, 303), await response.text()


async def _to_chat(phone: Phone, socket: aiohttp.ClientWebSocketResponse, text: str) -> float:
    begun = time.perf_counter()
    writing = asyncio.create_task(phone.write(text))
    while True:
        push = json.loads((await socket.receive(timeout=30)).data)
        if text in json.dumps(push):
            break
    ended = time.perf_counter()
    await writing
    return ended - begun


def _key(system: System, phone: Phone) -> str:
    return user_key(system.stack.credentials.phone_number_id, phone.address, None)


async def _to_phone(phone: Phone, socket: aiohttp.ClientWebSocketResponse, whom: dict[str, Any], text: str) -> float:
    _, seq = await phone.transcript()
    begun = time.perf_counter()
    await socket.send_json({"do": "send", "n": 1, **whom, "ref": uuid.uuid4().hex, "text": text})
    while True:
        messages, seq = await phone.transcript(after=seq, wait=10)
        if any(message["direction"] == "in" and body(message) == text for message in messages):
            return time.perf_counter() - begun


def _print(what: str, seconds: list[float]) -> None:
    milliseconds = sorted(1000 * one for one in seconds)
    ninth = milliseconds[int(len(milliseconds) * 0.9)]
    print(
        f"{what}: median {statistics.median(milliseconds):.0f} ms, 90 % {ninth:.0f} ms,"
        f" maximum {milliseconds[-1]:.0f} ms ({len(milliseconds)} messages)"
    )


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
