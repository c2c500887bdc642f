"""Whatever names Meta shows a user by: one session and one user key, answers arrive, and operators see who it is.

When the news of a new name comes late, there were two users for a while: the agent reads that they are one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.core.register import Agent
from tests.system.system import System, until
from tests.web.chat_support import Page
from web.chat.codes import login_code

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system() -> AsyncIterator[System]:
    """The whole broker with the demo agent."""
    async with System(chat=True) as running:
        yield running


@asynccontextmanager
async def operator(system: System, name: str) -> AsyncIterator[Page]:
    """The chat page of an agent, logged in, as its socket has it."""
    await system.until_serving(name)
    url = f"http://127.0.0.1:{system.ports.chat}"
    agent = Agent(**system.agents[name])
    code = login_code(SecretStr(system.stack.credentials.chat_secret), agent)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(f"{url}/login", data={"agent": str(agent.id), "code": code}) as answer:
            assert answer.status == 200 and str(answer.url) == f"{url}/chat", await answer.text()
        async with browser.ws_connect(f"{url}/websocket", headers={"Origin": url}) as socket:
            page = Page(socket)
            await socket.send_json({"do": "hello"})
            await page.pushed(lambda push: push.get("push") == "welcome")
            yield page


async def test_a_user_changes_the_number_and_stays_with_the_agent(system: System) -> None:
    sales = await system.program("Sales")
    dora = await system.phone("Dora")
    await dora.write("hi")
    await dora.receives_text("Choose an option:")
    await dora.write("sales")
    user = (await sales.reads("initial", dora.address))["user"]

    await system.simulator.call(
        "POST",
        f"/sim/users/{dora.id}/identity",
        {"phone": "5511777770000", "announce": ["user_id_update", "system"]},
    )
    await dora.write("me again")
    told = await sales.reads("text", "5511777770000", "me again")
    assert told["user"] == user

    for address in ("5511777770000", dora.address):
        await sales.say(address, f"to {address}")
        await dora.receives_text(f"to {address}")


async def test_a_user_without_a_number_from_the_start(system: System) -> None:
    sales = await system.program("Sales")
    hana = await system.phone("Hana", phone=None)
    assert hana.user["wa_id"] is None
    await hana.write("hi")
    menu = await hana.receives_text("Choose an option:")
    await hana.tap(menu, "Sales")
    began = await sales.reads("initial", hana.user["user_id"])
    assert (began["user_id"], began["name"], "phone" in began) == (hana.user["user_id"], "Hana", False)
    asked = await hana.write("do you know me?")
    assert (await sales.reads("text", hana.address, "do you know me?"))["message_id"] == asked

    async with operator(system, "Sales") as page:

        async def thread() -> dict[str, Any] | None:
            listed = await page.ask("conversations", agent=system.agents["Sales"]["id"])
            found = [one for one in listed["conversations"] if one["user"] == began["user"]]
            return found[0] if found and found[0]["last_text"] == "do you know me?" else None

        shown: dict[str, Any] = await until(thread, 20, "Hana's thread with her last words")
        assert (shown["name"], shown["phone"], shown["waID"]) == ("Hana", "", hana.user["user_id"])
        place = {"agent": system.agents["Sales"]["id"], "user": began["user"]}
        assert "error" not in await page.ask("send", **place, ref="hana-1", text="by your name only")
        await hana.receives_text("by your name only")

        async def ticked() -> bool:
            history = await page.ask("history", **place)
            return any(one["body"] == "by your name only" and one.get("tick") == "read" for one in history["messages"])

        await until(ticked, 20, "a blue tick at the operator's answer")

    await sales.say(hana.address, "and by the agent's", ref="agents")
    await hana.receives_text("and by the agent's")
    calls = (await system.simulator.call("GET", "/sim/graph-log"))["calls"]
    sent = [call for call in calls if call["to"] == hana.user["user_id"]]
    assert sent and all("to" not in call["payload"] for call in sent), "a user id is no phone number"
    await hana.write("#exit")
    await hana.receives_text("Your conversation is over.")
    assert (await sales.reads("closed", hana.address))["reason"] == "exit"


async def test_two_users_turn_out_to_be_one_and_the_agent_reads_it(system: System) -> None:
    desk = await system.program("Help Desk")
    eva = await system.phone("Eva")
    users = []
    for address in (eva.address, "5511777771111"):
        if address != eva.address:
            change = {"phone": address, "announce": []}
            await system.simulator.call("POST", f"/sim/users/{eva.id}/identity", change)
        await eva.write(f"hi from {address}")
        await eva.receives_text("Choose an option:")
        await eva.write("help desk")
        users.append((await desk.reads("initial", address))["user"])
    first, second = users
    assert first != second

    news = {"announce": ["user_id_update", "system"]}
    await system.simulator.call("POST", f"/sim/users/{eva.id}/identity/announce", news)
    told = await desk.reads("system", "5511777771111", "Two users turned out to be one person.")
    assert (told["user"], told["joined"]) == (first, [second])
    await desk.say("5511777771111", "one Eva, then")
    await eva.receives_text("one Eva, then")
    await eva.write("yes")
    assert (await desk.reads("text", "5511777771111", "yes"))["user"] == first
