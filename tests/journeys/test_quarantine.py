"""What cannot be handled is put aside with the reason, can be looked at, and comes back by a replay."""

import pytest

from tests.system.system import System, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_a_webhook_nobody_understands_is_listed_and_discarded(system: System) -> None:
    answer = await system.simulator.call("POST", "/sim/webhooks", {"raw": "{not json", "sign": True})
    assert answer["status"] == 200, "what can never be understood must not be sent again for seven days"
    listed = await system.command("quarantine", "list")
    assert "the body is not JSON" in listed
    entry = next(line.split()[0] for line in listed.splitlines() if "not JSON" in line)
    assert "{not json" in await system.command("quarantine", "show", entry)
    refused = await system.command("quarantine", "replay", entry, code=1)
    assert "would only come back" in refused
    await system.command("quarantine", "discard", entry)
    assert entry not in (await system.command("quarantine", "list")).split()
    assert "[discarded]" in await system.command("quarantine", "list", "--all")
    again = await system.command("quarantine", "replay", entry, code=1)
    assert "would only come back" in again, "who names an entry means it, also one that was discarded"
    assert "no such entry" in await system.command("quarantine", "show", "9/999999", code=1)


async def test_a_message_three_days_late_is_put_aside_and_can_be_replayed(system: System) -> None:
    desk = await system.program("Help Desk")
    jana = await system.phone("Jana")
    three_days_ago = int(await system.now()) - 3 * 86_400
    await jana.write("is anybody there?", timestamp=three_days_ago)

    async def aside() -> list[str]:
        listed = await system.command("quarantine", "list", "--reason", "so late")
        return [line.split()[0] for line in listed.splitlines()]

    entries = await until(aside, 30, "the late message in the quarantine")
    assert await jana.received() == [], "no free text may leave with the window shut"

    await jana.write("hello")
    await jana.receives_text("Choose")
    await jana.write("help desk")
    await desk.reads("text", jana.address, "hello")
    assert desk.texts(jana.address) == ["is anybody there?", "hello"]

    for _ in range(2):
        assert await system.command("quarantine", "replay", entries[0]) == "1 entries replayed\n"
    await jana.write("and now?")
    await desk.reads("text", jana.address, "and now?")
    again = [
        record for record in desk.records if record["waID"] == jana.address and record["text"] == "is anybody there?"
    ]
    assert len({record["message_id"] for record in again}) == 1, "a replay is recognisable by its message id"
    assert len({record["id"] for record in again}) == 2, "it is told once more, however often it is replayed"
