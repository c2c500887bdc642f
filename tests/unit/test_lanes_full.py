"""Lanes in which many wait: what bounds their memory, and what gives it back."""

import asyncio

from tests.unit.test_lanes import bench


async def test_a_flood_to_one_user_waits_in_the_lane_and_then_the_intake_does() -> None:
    async with bench(limit=4, waiting=4) as b:
        flood = [b.event("ana") for _ in range(6)]
        other = b.event("bia")
        putting = asyncio.create_task(b.put(*flood, other))
        for event in flood[:3]:
            await b.settle()
            assert set(b.running) == {event}, "nothing is handled beside its lane"
            assert not putting.done()
            await b.end(event)
        await putting
        assert set(b.running) == {flood[3], other}
        for event in (*flood[3:], other):
            await b.end(event)
        assert b.acknowledged == [*flood, other]


async def test_a_task_cancelled_while_it_waits_gives_its_place_back() -> None:
    async with bench(limit=2, waiting=2) as b:
        first, cancelled = b.event("ana"), b.event("ana")
        await b.put(first, cancelled)
        b.lanes._last[b"ana"][0].cancel()
        await b.settle()
        behind = b.event("ana")
        other = b.event("bia", partition=1)
        await b.put(behind)
        await b.end(first)
        assert b.attempts[behind] == 0, "it does not pass the one that was not done"
        await b.put(other)
        assert set(b.running) == {other}
        await b.end(other)
        assert b.lanes._waiting._value == 2
        assert set(b.let_go) == {first, cancelled, behind, other}


async def test_what_is_done_and_waits_for_its_acknowledgement_keeps_no_value() -> None:
    async with bench() as b:
        slow, done = b.event("ana"), b.event("bia")
        for event in (slow, done):
            event.message.value = b"long"
        await b.put(slow, done)
        await b.end(done)
        assert b.acknowledged == []
        assert (slow.message.value, done.message.value) == (b"long", None)
        await b.end(slow)
        assert b.acknowledged == [slow, done]
