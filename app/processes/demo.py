"""`python -m app demo`: everything on this machine, and three agents to talk with.

In: settings and the Procfile. Out: a running demo, its addresses and login codes on the terminal.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import aiohttp
from pydantic import SecretStr

from app.core.register import Agent
from app.embedded.demo import SeedFailed, run_demo
from app.embedded.environment import reachable
from app.embedded.procfile import parse_procfile
from app.settings import Settings
from web.admin.tokens import bare_token
from web.chat.codes import login_code

REPOSITORY = Path(__file__).parents[2]
AGENTS = {
    "Consumer Service": "Orders, deliveries, returns",
    "Sales": "Offers and new contracts",
    "Help Desk": "When something does not work",
}
KNOWN_SECONDS = 30.0


def demo(settings: Settings, kafka: Literal["embedded", "apache"]) -> int:
    """Run the demo until Ctrl-C; returns its exit code."""
    commands = parse_procfile((REPOSITORY / "Procfile").read_text())
    return asyncio.run(run_demo(settings, commands, seed=seed, kafka=kafka, directory=REPOSITORY))


async def seed(environment: Mapping[str, str]) -> Sequence[str]:
    """Register the demo's agents and wait until everybody knows them; returns the login lines."""
    token = bare_token(json.loads(environment["BROKER_ADMIN_TOKENS"])[0])
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=15)) as http:
        agents = [await _register(http, environment, name, words) for name, words in AGENTS.items()]
        await asyncio.gather(*(_known(http, environment, process) for process in ("BROKER", "CHAT")))
    secret = SecretStr(environment["BROKER_CHAT_SECRET"])
    codes = [f"  {agent.name:18} {login_code(secret, agent)}" for agent in agents]
    return [
        "Login codes for the chat:",
        *codes,
        f"Admin token: {token}",
        f"Media token: {json.loads(environment['BROKER_MEDIA_TOKENS'])[0]}",
    ]


def _url(environment: Mapping[str, str], process: str, path: str) -> str:
    host = reachable(environment["BROKER_HOST"])
    return f"http://{host}:{environment[f'BROKER_{process}_PORT']}{path}"


async def _register(http: aiohttp.ClientSession, environment: Mapping[str, str], name: str, words: str) -> Agent:
    slug = name.lower().replace(" ", "_")
    body: dict[str, Any] = {"name": name, "description": words}
    body |= {f"{kind}_topic": f"{slug}-{end}" for kind, end in (("read", "in"), ("write", "out"), ("error", "error"))}
    async with http.post(_url(environment, "BROKER", "/api/v1/agent/create"), json=body) as response:
        if response.status != 200:
            raise SeedFailed(f"the admin API did not register {name}: {response.status} {await response.text()}")
        return Agent(id=(await response.json())["id"], **body)


async def _known(http: aiohttp.ClientSession, environment: Mapping[str, str], process: str) -> None:
    """Wait until a process reads the new agents' topics: only then a first message is not slow."""
    try:
        async with asyncio.timeout(KNOWN_SECONDS):
            while True:
                async with http.get(_url(environment, process, "/ready")) as response:
                    body = await response.json()
                if body["ready"] and set(AGENTS) <= set(body["agents"]):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise SeedFailed(
            f"{process.lower()} does not read the agents' topics after {KNOWN_SECONDS:.0f} s: {body}"
        ) from None
