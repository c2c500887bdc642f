"""Every kind of message against the simulator, which checks each payload by Meta's documented limits.

Files and templates are not here: they need what the simulator has been given before.
"""

from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, read_agent_record
from tests.stores.test_graph import talking, to
from tests.unit.kinds import EVERY_KIND, MARKS, WAMID, Fields
from tests.unit.limits import AT_THE_LIMIT
from tests.web.simulator_support import NUMBER_ID, Bench


def needs_more(fields: Fields) -> bool:
    """Whether a message needs a file or a template the simulator knows."""
    text = orjson.dumps(fields)
    return fields["message_type"] == "template" or any(word in text for word in (b'"link":', b'"998"', b"example.org"))


KINDS = {
    name: fields
    for name, fields in ({name: fields for name, (fields, _) in EVERY_KIND.items()} | AT_THE_LIMIT).items()
    if not needs_more(fields)
}


async def request(bench: Bench, phone: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """The Graph request of an agent's record about a message the phone has written."""
    wamid = await bench.write(phone, "question")
    value = orjson.dumps({"waID": phone["wa_id"], **fields}).replace(WAMID.encode(), wamid.encode())
    found = read_agent_record(value, NUMBER_ID)
    assert isinstance(found, AgentRecord), found
    return to(phone, found.message, agent=2, ref="order-7")


@pytest.mark.parametrize("name", KINDS)
async def test_meta_takes_every_kind_up_to_its_limits(name: str) -> None:
    async with talking() as (bench, client, phone):
        verdict = await client.send(NUMBER_ID, await request(bench, phone, KINDS[name]))
        assert verdict.outcome == "accepted", verdict.reason


async def test_meta_takes_a_quoted_reply() -> None:
    async with talking() as (bench, client, phone):
        quoting = {"message_type": "text", "text": "yes", "reply_to": WAMID}
        verdict = await client.send(NUMBER_ID, await request(bench, phone, quoting))
        assert verdict.outcome == "accepted", verdict.reason


@pytest.mark.parametrize("name", MARKS)
async def test_meta_takes_a_mark_and_answers_without_an_id(name: str) -> None:
    async with talking() as (bench, client, phone):
        verdict = await client.send(NUMBER_ID, await request(bench, phone, MARKS[name][0]))
        assert orjson.loads(verdict.raw) == {"success": True}
        assert verdict.message_id is None
