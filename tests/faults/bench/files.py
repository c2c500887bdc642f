"""Users' pictures, looked for at the end of a run: each by the id in its agent's record.

In: the truth of a quiet run, and who gets files. Out: violations where an agent does not get the very bytes its user
sent. None of the faults gives a file a reason never to come, so a stated failure is one too.
"""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from app.core.media import LEASE_SECONDS
from tests.faults.bench.pictures import picture_of
from tests.faults.bench.truth import Truth
from tests.faults.bench.verdict import Findings
from tests.system.system import System

FILE_SECONDS = LEASE_SECONDS + 60.0
"""What was on its way in a process that was killed is fetched by the next one, once its lease is over."""
AT_ONCE = 8

Get = Callable[[str], Awaitable[tuple[int, bytes]]]
"""HTTP status and body of a file by our id of it."""


async def judge_files(truth: Truth, findings: Findings, get: Get, seconds: float = FILE_SECONDS) -> None:
    """Every picture that an agent read of is there by the id in its record, with the bytes its user sent."""
    pictures = {one.message_id: (key, one) for key, user in truth.users.items() for one in user.written if one.picture}
    found: dict[str, tuple[str, str, str]] = {}
    for agent in truth.register.agents:
        for record in truth.records[agent.read_topic]:
            told = orjson.loads(record.value)
            key, one = pictures.get(told.get("message_id", ""), ("", None))
            if one is None or told["type"] != "image":
                continue
            media = told["content"].get("media")
            if media is None:
                findings.add("lost", key, f"the record of the picture {one.text!r} names no file")
            else:
                found[media] = key, one.text, agent.name
    findings.counts["files"] += len(found)
    places = asyncio.Semaphore(AT_ONCE)

    async def look(media: str, key: str, text: str, agent: str) -> None:
        async with places:
            status, body = await _await(get, media, seconds)
        if status == 200 and body != picture_of(text):
            findings.add("wrong", key, f"the picture {text!r} of {agent} has other bytes ({len(body)})")
        elif status != 200:
            findings.add("lost", key, f"the picture {text!r} of {agent} ({media}): {status} {body[:300]!r}")

    await asyncio.gather(*(look(media, *more) for media, more in found.items()))


async def _await(get: Get, media: str, seconds: float) -> tuple[int, bytes]:
    """The answer for a file, asked again while it is on its way."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        status, body = await get(media)
        if status != 503 or asyncio.get_running_loop().time() >= end:
            return status, body
        await asyncio.sleep(0.5)


def getter(system: System) -> Get:
    """What an agent with a token asks."""
    headers = {"Authorization": f"Bearer {system.stack.credentials.media_tokens[0]}"}

    async def get(media: str) -> tuple[int, bytes]:
        url = f"http://127.0.0.1:{system.ports.media}/media/{media}"
        async with system.http.get(url, headers=headers) as answer:
            return answer.status, await answer.read()

    return get
