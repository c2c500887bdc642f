"""What the tests of the admin API share: a register in memory and a client of a real Faust web server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.agent_rules import Draft, refuse_clashes
from app.core.register import Agent, Register
from app.faust_app import make_app
from app.settings import Settings
from app.stores.register import RegisterAway, UnknownAgent
from web.admin import install_admin
from web.admin.envelopes import agent_json

TOKEN, OLD_TOKEN, NAMED_TOKEN = "the-new-token-of-the-admin", "the-old-token-of-the-admin", "the-token-of-ana"
SALES = {"name": "Sales", "read_topic": "sales-in", "write_topic": "sales-out", "error_topic": "sales-error"}
HELP = {"name": "Help desk", "read_topic": "help-in", "write_topic": "help-out", "error_topic": "help-error"}


class MemoryStore:
    """The register in a dictionary; `away` makes every call fail as PostgreSQL does when it is gone."""

    def __init__(self) -> None:
        self.agents: dict[int, Agent] = {}
        self.version = 1
        self.away = False
        self.broken = False
        self.changes: list[dict[str, Any]] = []
        self.ordered: list[dict[str, Any]] = []

    async def snapshot(self) -> Register:
        if self.away:
            raise RegisterAway("PostgreSQL did not answer within 5 s")
        if self.broken:
            raise RuntimeError("a fault with secret details")
        return Register.of(self.agents.values(), self.version)

    async def add(self, draft: Draft, actor: str = "") -> Agent:
        refuse_clashes(draft, (await self.snapshot()).agents)
        return self._keep(draft.as_agent(len(self.agents) + 1), actor)

    async def change(self, agent_id: int, draft: Draft, actor: str = "") -> Agent:
        refuse_clashes(draft, (await self.snapshot()).agents, own_id=agent_id)
        return self._keep(draft.as_agent(agent_id), actor)

    async def retire(self, agent_id: int, actor: str = "") -> bool:
        await self.snapshot()
        if agent_id not in self.agents:
            raise UnknownAgent(agent_id)
        agent = self.agents[agent_id]
        self._keep(Agent.from_dict({**agent.to_dict(), "active": False}), actor)
        return agent.active

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        await self.snapshot()
        return self.changes[::-1][:limit]

    async def orders(self, limit: int) -> list[dict[str, Any]]:
        await self.snapshot()
        return self.ordered[::-1][:limit]

    def _keep(self, agent: Agent, actor: str) -> Agent:
        former = self.agents.get(agent.id)
        change = {"id": len(self.changes) + 1, "at": 1_790_000_000.0 + len(self.changes), "actor": actor}
        rows = {"before": former and agent_json(former), "after": agent_json(agent)}
        self.changes.append({**change, "agent_id": agent.id, **rows})
        self.agents[agent.id] = agent
        self.version += 1
        return agent


class Admin:
    """A client with a token, and what the API did besides answering."""

    def __init__(self, client: TestClient[Any, Any], store: MemoryStore) -> None:
        self.client = client
        self.store = store
        self.topics: list[Agent] = []
        self.topics_error: Exception | None = None
        self.notified = 0

    async def create_topics(self, agent: Agent) -> None:
        if self.topics_error is not None:
            raise self.topics_error
        self.topics.append(agent)

    def notify(self) -> None:
        self.notified += 1

    async def call(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> tuple[int, Any]:
        """Status and JSON of a call below /api/v1."""
        response = await self.respond(method, path, body, token=token)
        return response.status, await response.json()

    async def respond(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> ClientResponse:
        """The response itself; a body of bytes is sent as it is."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        return await self.client.request(
            method, "/api/v1" + path, headers=headers, **content if body is not None else {}
        )

    async def create(self, agent: dict[str, Any]) -> int:
        """The id of a new agent."""
        status, answer = await self.call("POST", "/agent/create", agent)
        assert status == 200, answer
        return int(answer["id"])


@asynccontextmanager
async def admin_api(directory: Path) -> AsyncIterator[Admin]:
    """A broker's web server with nothing but the admin API."""
    tokens = [TOKEN, OLD_TOKEN, f"ana:{NAMED_TOKEN}"]
    settings = Settings(data_dir=directory, admin_tokens=[SecretStr(token) for token in tokens])
    faust_app = make_app(settings, "broker", 8000)
    store = MemoryStore()
    server = TestServer(faust_app.web.web_app)
    admin = Admin(TestClient(server), store)
    install_admin(faust_app, settings, store, admin.create_topics, admin.notify)
    faust_app.web.init_server()
    async with admin.client:
        yield admin
