"""A sender before the simulator: requests are real, only the waits between them pass in no time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
from pydantic import SecretStr

from app.core.agent_record import BadRecord, read_agent_record
from app.core.decide import decide
from app.core.effects import Send, TellAgent
from app.core.identity import User
from app.core.state import State
from app.stores.media import MediaStore
from app.whatsapp.graph import GraphClient, Token
from tests.unit.histories import NOW, REGISTER, RULES, SALES
from tests.unit.sender_bench import SEND, Bench
from tests.web.simulator_support import NUMBER_ID, TOKEN, running_bench
from tests.web.simulator_support import Bench as Simulator


class Scene:
    """A phone that has written, and a sender; simulator and sender have one clock."""

    def __init__(self, simulator: Simulator, bench: Bench, phone: dict[str, Any]) -> None:
        self.simulator = simulator
        self.phone = phone
        self.bench = bench
        self.user = User.at(NUMBER_ID, phone["wa_id"], None)

    async def switch(self, **switches: Any) -> None:
        """Turn faults of the simulator on or off."""
        await self.simulator.call("PATCH", "/sim/switches", switches)

    def message(self, number: int = 1, user: User | None = None, **more: Any) -> Send:
        """A message of the agent Sales."""
        content = {"kind": "text", "text": f"message {number}"}
        return replace(SEND, id=f"e{number}", user=user or self.user, message=content, ref=None, **more)

    def from_agent(self, number: int = 1, **fields: Any) -> Send | BadRecord:
        """A message as it comes of an agent's record, or why there is none."""
        value = orjson.dumps({"waID": self.user.wa_id, "phone_number_id": NUMBER_ID, **fields})
        record = read_agent_record(value, NUMBER_ID)
        if isinstance(record, BadRecord):
            return record
        return replace(self.message(number), message=record.message.model_dump(mode="json"))

    async def posts(self) -> list[tuple[int | None, int]]:
        """Code and HTTP status of every answer so far."""
        answer = await self.simulator.call("GET", "/sim/graph-log")
        return [(call["code"], call["http_status"]) for call in answer["calls"]]

    async def received(self) -> list[str]:
        """The texts on the phone."""
        return [one["text"] for one in await self.simulator.messages(self.phone) if one["direction"] == "in"]

    def record(self) -> dict[str, Any]:
        """The agent's error record about the one report."""
        (effect,) = decide(State(), self.bench.finished(), NOW, REGISTER, RULES).effects
        assert isinstance(effect, TellAgent)
        assert effect.topic == SALES.error_topic
        return effect.record


@asynccontextmanager
async def scene(
    token: Token | None = None, seconds: float = 5.0, files: MediaStore | None = None
) -> AsyncIterator[Scene]:
    """A simulator, a phone that has just written, and a sender that waits `seconds` for an answer; its files if any."""
    clock: list[Bench] = []
    async with running_bench(clock=lambda: clock[0].now if clock else NOW) as simulator:
        client = GraphClient(simulator.url, "v25.0", token or SecretStr(TOKEN), seconds, 10)
        try:
            clock.append(Bench(meta=client, media=(files, client) if files else None))
            phone = await simulator.user()
            await simulator.write(phone)
            yield Scene(simulator, clock[0], phone)
        finally:
            await client.close()
