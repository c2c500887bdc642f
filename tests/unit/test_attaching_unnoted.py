"""A file that nothing is noted of yet: the process `media` may read a message later than its agent does."""

import asyncio
from dataclasses import replace

from app.core.media import media_id
from app.core.verdicts import Verdict
from app.sending.attaching import UNNOTED_SECONDS, UPLOADS_AT_ONCE, Attached
from app.stores.media import MediaStore
from app.whatsapp.outbound import payload
from tests.unit.histories import NOW
from tests.unit.sender_bench import SEND
from tests.unit.test_attaching import NOTE, OURS, PHOTO, World


async def test_a_file_that_nothing_is_noted_of_yet_is_waited_for(files: MediaStore) -> None:
    world = World(files)

    def noted_then_stored() -> None:
        if world.now > NOW + UNNOTED_SECONDS / 2:
            world.files.announce(NOTE)
        if world.now > NOW + UNNOTED_SECONDS + 60:
            world.store()

    world.meanwhile = noted_then_stored
    sent = await world.attacher.attach(PHOTO)
    assert isinstance(sent, Attached) and payload(sent.send)["image"]["id"] == "998811"
    assert world.now > NOW + UNNOTED_SECONDS, "once it is noted, it is waited for as any other"


async def test_a_file_that_is_never_noted_is_refused_a_minute_after_its_message_was_made(files: MediaStore) -> None:
    world = World(files)
    verdict = await world.attacher.attach(PHOTO)
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("refused", "unknown_media")
    assert OURS in verdict.reason and UNNOTED_SECONDS <= world.now - NOW < UNNOTED_SECONDS + 30
    # From when it was made: what a bot has written at once is not waited for one after the other.
    begun, world.gates.slices = world.now, 0
    again = await world.attacher.attach(PHOTO)
    assert isinstance(again, Verdict) and again.code == "unknown_media"
    assert world.now == begun and world.gates.slices == 0


async def test_who_waits_for_a_file_to_be_noted_holds_up_nobody(files: MediaStore) -> None:
    world, waiting, go = World(files), asyncio.Semaphore(0), asyncio.Event()

    async def stand_still(seconds: float) -> None:
        waiting.release()
        await go.wait()
        world.now = NOW + UNNOTED_SECONDS + 1

    world.gates.sleep = stand_still
    unnoted = [media_id("N", "wamid", f"unnoted {number}") for number in range(2 * UPLOADS_AT_ONCE)]
    held = [
        asyncio.create_task(world.attacher.attach(replace(SEND, message={"kind": "image", "image": {"media": one}})))
        for one in unnoted
    ]
    async with asyncio.timeout(30):
        for _ in held:
            await waiting.acquire()
        world.store()
        assert isinstance(await world.attacher.attach(PHOTO), Attached) and not any(one.done() for one in held)
        go.set()
        ends = await asyncio.gather(*held)
    assert {end.code for end in ends if isinstance(end, Verdict)} == {"unknown_media"}


async def test_a_message_that_dies_before_its_file_is_noted_says_that_the_file_was_away(files: MediaStore) -> None:
    world = World(files)
    verdict = await world.attacher.attach(replace(PHOTO, deadline=NOW + 10))
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("late", "media_away")
    assert "nothing is known of the file" in verdict.reason and world.now <= NOW + 10
