"""What the simulator's tests share: a running simulator, a webhook that answers as told, and a small client.

Both run in this process on free loopback ports; nothing here sleeps, every wait has a limit.
"""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from web.simulator import SimulatorConfig, Switches, create_app

TOKEN = "test-token"
SECRET = "test-secret"
NUMBER_ID = "1029384756"
BUSINESS = "551155501234"
LIMIT_SECONDS = 10.0
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
"""A picture of one red point."""


@dataclass
class Received:
    """One POST the webhook got."""

    raw: bytes
    headers: dict[str, str]

    @property
    def items(self) -> list[dict[str, Any]]:
        """All messages and statuses in it, in order."""
        return [
            item
            for entry in json.loads(self.raw)["entry"]
            for change in entry["changes"]
            for kind in ("messages", "statuses")
            for item in change["value"].get(kind, [])
        ]

    @property
    def values(self) -> list[dict[str, Any]]:
        """The value of each change."""
        return [change["value"] for entry in json.loads(self.raw)["entry"] for change in entry["changes"]]


@dataclass
class Webhook:
    """A webhook that keeps what it gets and answers 200, or the next of `answers` while there are any."""

    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    url: str = ""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a POST."""
        status = self.answers.pop(0) if self.answers else 200
        async with self.news:
            self.received.append(Received(await request.read(), dict(request.headers)))
            self.news.notify_all()
        return web.Response(status=status)

    def items(self) -> list[dict[str, Any]]:
        """All items of all POSTs, in order of arrival."""
        return [item for post in self.received for item in post.items]

    def statuses(self, wamid: str) -> list[str]:
        """The statuses reported for a message, in order of arrival."""
        return [item["status"] for item in self.items() if item["id"] == wamid and "status" in item]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until a condition over what was received holds."""
        async with asyncio.timeout(LIMIT_SECONDS), self.news:
            await self.news.wait_for(condition)


@dataclass
class Bench:
    """A running simulator and its webhook."""

    url: str
    webhook: Webhook
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, data: Any = None, expect: int = 200) -> Any:
        """Call the control API and return the answer's JSON."""
        async with self.http.request(method, self.url + path, json=data) as answer:
            text = await answer.text()
            assert answer.status == expect, f"{method} {path}: {answer.status} {text}"
            return json.loads(text)

    async def user(self, name: str = "Ana", **fields: Any) -> dict[str, Any]:
        """Make a phone."""
        made: dict[str, Any] = await self.call("POST", "/sim/users", {"name": name, **fields}, 201)
        return made

    async def write(self, user: dict[str, Any], text: str = "hi", *, wait: bool = True, **fields: Any) -> str:
        """Let a user write; return the wamid."""
        path = f"/sim/users/{user['id']}/messages" + ("?wait=1" if wait else "")
        answer = await self.call("POST", path, {"type": "text", "text": text, **fields}, 202)
        return str(answer["wamid"])

    async def act(self, user: dict[str, Any], expect: int = 202, **action: Any) -> Any:
        """Let a user do something; return the answer once the webhook took it."""
        return await self.call("POST", f"/sim/users/{user['id']}/messages?wait=1", action, expect)

    async def item(self, user: dict[str, Any], **action: Any) -> dict[str, Any]:
        """Let a user do something; return the message item the webhook got."""
        wamid = (await self.act(user, **action))["wamid"]
        return next(item for item in self.webhook.items() if item["id"] == wamid)

    async def attach(self, data: bytes, mime: str, filename: str = "") -> str:
        """Put a file on a phone; return its media id."""
        url = self.url + "/sim/media" + (f"?filename={filename}" if filename else "")
        async with self.http.post(url, data=io.BytesIO(data), headers={"Content-Type": mime}) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["id"])

    async def upload(self, data: bytes, mime: str, expect: int = 200, **fields: str) -> dict[str, Any]:
        """Upload a medium of the business by the Graph API; return the answer's JSON."""
        form = aiohttp.FormData()
        for name, value in ({"messaging_product": "whatsapp", "type": mime} | fields).items():
            form.add_field(name, value)
        form.add_field("file", io.BytesIO(data), content_type=mime, filename="file.bin")
        url = f"{self.url}/v25.0/{NUMBER_ID}/media"
        async with self.http.post(url, data=form, headers=BEARER) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == expect, body
            return body

    async def graph(self, method: str, path: str, headers: Any = None) -> tuple[int, Any]:
        """Call another Graph path; return HTTP status and body."""
        url = path if path.startswith("http") else f"{self.url}/v25.0/{path}"
        async with self.http.request(method, url, headers=BEARER if headers is None else headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.read()

    async def messages(self, user: dict[str, Any], after: int = 0, wait: float = 0) -> list[dict[str, Any]]:
        """Read a transcript."""
        answer = await self.call("GET", f"/sim/users/{user['id']}/messages?after={after}&wait={wait}")
        return list(answer["messages"])

    async def send(self, payload: Any, token: str = TOKEN, number: str = NUMBER_ID) -> tuple[int, Any]:
        """Call the Graph API; return HTTP status and body."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/v25.0/{number}/messages"
        async with self.http.post(url, json=payload, headers=headers) as answer:
            return answer.status, await answer.json()

    async def send_text(self, user: dict[str, Any], text: str = "hello", **fields: Any) -> str:
        """Send a text by number; return the wamid."""
        status, body = await self.send(text_to(user["wa_id"], text, **fields))
        assert status == 200, body
        return str(body["messages"][0]["id"])


def text_to(number: str, text: str = "hello", **fields: Any) -> dict[str, Any]:
    """Return a text payload."""
    return {"messaging_product": "whatsapp", "to": f"+{number}", "type": "text", "text": {"body": text}, **fields}


@contextlib.asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free loopback port and give its address."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def running_bench(**fields: Any) -> AsyncIterator[Bench]:
    """Run a simulator and a webhook; fields change the configuration."""
    webhook = Webhook()
    receiver = web.Application()
    receiver.router.add_post("/webhook", webhook.take)
    async with serving(receiver) as receiver_url, aiohttp.ClientSession() as http:
        webhook.url = receiver_url + "/webhook"
        defaults: dict[str, Any] = {
            "webhook_url": webhook.url,
            "access_token": TOKEN,
            "app_secrets": (SECRET, "older-secret"),
            "phone_number_id": NUMBER_ID,
            "display_phone_number": BUSINESS,
            "switches": Switches(status_delay_min_ms=1, status_delay_max_ms=2),
            "retry_first_seconds": 0.01,
            "retry_cap_seconds": 0.05,
        }
        async with serving(create_app(SimulatorConfig(**(defaults | fields)))) as url:
            yield Bench(url, webhook, http)
