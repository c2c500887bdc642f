"""An agent of the first generation writes without a key: its messages still reach the phone in its order."""

import pytest

from tests.system.phones import body
from tests.system.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_fifteen_messages_without_a_key_arrive_in_order(system: System) -> None:
    desk = await system.program("Help Desk")
    rosa = await system.phone("Rosa")
    await rosa.write("hi")
    await rosa.receives_text("Choose")
    await rosa.write("help desk")
    await rosa.receives_text("Transferring")
    said = [f"part {number}" for number in range(15)]
    for text in said:
        await desk.say(rosa.address, text)
    received = await rosa.receives(2 + len(said))
    assert [body(message) for message in received][2:] == said


async def test_a_record_that_cannot_be_read_stops_no_other_agent(system: System) -> None:
    desk, sales = await system.program("Help Desk"), await system.program("Sales")
    tito = await system.phone("Tito")
    await tito.write("hi")
    await tito.receives_text("Choose")
    await tito.write("sales")
    await tito.receives_text("Transferring")
    await desk.write(b'{"waID": "5511999990000", "ref": ' + b"[" * 1000 + b"]" * 1000 + b"}")
    await sales.say(tito.address, "not disturbed")
    await tito.receives_text("not disturbed")
