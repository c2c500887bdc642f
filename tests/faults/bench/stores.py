"""What the stores show at the end: the mirror in Redis, the demo agent's conversations in MongoDB.

In: a quiet system, and the truth of the run. Out: violations where a store says something else than Kafka.
"""

import asyncio
import os
import sys
from collections import defaultdict
from typing import Any

import orjson
import redis.asyncio as redis
from motor.motor_asyncio import AsyncIOMotorClient

from tests.faults.bench.truth import Truth
from tests.faults.bench.verdict import Findings
from tests.system.system import REPOSITORY, System, until

MIRROR_SECONDS = 60.0


async def rebuild_mirror(system: System) -> None:
    """Fill an emptied Redis again, as an administrator does."""
    environment = {**os.environ, **system.stack.environment()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "mirror", "rebuild", env=environment, cwd=REPOSITORY,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0, "the mirror could not be rebuilt"


async def judge_mirror(system: System, truth: Truth, findings: Findings) -> None:
    """The mirror shows each session as the changelog leaves it."""
    sessions = truth.last_values(truth.topics.sessions_changelog)
    async with redis.from_url(system.stack.valkey.url) as client:

        async def shown() -> dict[str, Any]:
            found = {}
            for key in truth.users:
                value = await client.get(f"wab:session:{key}")
                found[key] = orjson.loads(value)["agent"] if value else None
            return found

        wanted = {key: sessions[key]["agent"] if key in sessions else None for key in truth.users}

        async def equal() -> bool:
            return await shown() == wanted

        try:
            await until(equal, MIRROR_SECONDS, "the mirror to follow")
        except AssertionError:
            for key, agent in (await shown()).items():
                if agent != wanted[key]:
                    findings.add("wrong", key, f"the mirror says agent {agent}, the changelog {wanted[key]}")


async def judge_chat(system: System, truth: Truth, findings: Findings, *, whole: bool) -> None:
    """The chat has each record of its agents once and in order; `whole` unless its store was emptied meanwhile."""
    client: Any = AsyncIOMotorClient(system.stack.mongo.url)
    stored: dict[tuple[int, str], list[str]] = defaultdict(list)
    try:
        async for message in client["broker_chat"]["messages"].find().sort("seq", 1):
            stored[message["agent"], message["user"]].append(message["source"])
    finally:
        client.close()
    for agent in truth.register.agents:
        for key, records in truth.of_key(agent.read_topic).items():
            values = [orjson.loads(record.value) for record in records]
            wanted = list(dict.fromkeys(value["id"] for value in values if value["type"] != "status"))
            found = [source for source in stored[agent.id, key] if source in set(wanted)]
            missing = [one for one in wanted if one not in found]
            if whole and missing:
                findings.add("lost", key, f"the chat of {agent.name} lacks {len(missing)} records: {missing[:5]}")
            if len(found) != len(set(found)):
                findings.add("doubled", key, f"the chat of {agent.name} has records twice")
            if found != [one for one in wanted if one in set(found)]:
                findings.add("reordered", key, f"the chat of {agent.name} has records out of order")
