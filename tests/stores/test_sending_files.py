"""Files of ours before the simulator: brought once, and anew when Meta has dropped them before their time."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.effects import Send
from app.core.media import Note, after_success, media_id
from app.stores.media import MediaStore
from tables.sends import STARTED, WAITING
from tests.stores.sending_scene import Scene, scene
from tests.unit.histories import NOW
from tests.unit.media_stores import MemoryStore, put
from tests.web.simulator_support import NUMBER_ID, PNG

OURS = media_id("N", "wamid", "7")
NOTE = Note(OURS, "image", "", NOW, mime_type="image/png")
HOUR = 3600.0


@pytest.fixture
def photo(files: MediaStore) -> MediaStore:
    """A store with a picture in it."""
    put(files, OURS, PNG)
    files.keep(after_success(NOTE, "", "", len(PNG)))
    return files


def picture(s: Scene, number: int, **more: Any) -> Send:
    """The picture, as a message of its own."""
    send = s.from_agent(number, message_type="image", image={"media": OURS, "caption": f"look {number}"}, **more)
    assert isinstance(send, Send)
    return send


async def forget(s: Scene, files: MediaStore) -> str:
    """Let Meta drop the file, an hour later; returns its id there."""
    s.bench.now += HOUR
    meta_id = files.uploaded(OURS, NUMBER_ID, s.bench.now)
    assert meta_id is not None
    assert (await s.simulator.graph("DELETE", meta_id))[0] == 200
    return meta_id


async def uploads(s: Scene) -> int:
    """How often a file was brought to Meta."""
    calls = (await s.simulator.call("GET", "/sim/media-log"))["calls"]
    return sum(call["action"] == "upload" for call in calls)


def later(s: Scene, send: Send) -> Send:
    """The message as if it had just been made."""
    return replace(send, made_at=s.bench.now)


async def test_a_file_that_meta_has_dropped_is_brought_anew_and_sent(photo: MediaStore) -> None:
    async with scene(files=photo) as s:
        for number in (1, 2):
            await s.bench.handle(picture(s, number))
        assert await uploads(s) == 1
        dropped = await forget(s, photo)
        s.bench.sends.notes.clear()
        await s.bench.handle(later(s, picture(s, 3)))
        assert s.bench.all_finished()[-1].verdict == "accepted" and s.bench.sender.counts["brought_anew"] == 1
        assert s.bench.sends.notes == [STARTED, WAITING, STARTED, "accepted"]
        assert await uploads(s) == 2 and photo.uploaded(OURS, NUMBER_ID, s.bench.now) != dropped
        await s.bench.handle(later(s, picture(s, 4)))
        assert await uploads(s) == 2, "the new id is remembered"
        assert await s.received() == ["look 1", "look 2", "look 3", "look 4"]


async def test_a_fault_that_stays_is_reported_after_one_more_upload(photo: MediaStore) -> None:
    async with scene(files=photo) as s:
        await s.bench.handle(picture(s, 1))
        await forget(s, photo)
        await s.switch(errors=[{"code": 131009}])
        posted = len(await s.posts())
        await s.bench.handle(later(s, picture(s, 2)))
        report = s.bench.all_finished()[-1]
        assert (report.verdict, report.code) == ("refused", "131009")
        assert (await uploads(s), len(await s.posts()) - posted) == (2, 2)
        await s.bench.handle(later(s, picture(s, 3)))
        assert (await uploads(s), len(await s.posts()) - posted) == (2, 3), "what was brought just now is not at fault"


async def test_a_file_that_cannot_be_brought_anew_says_why() -> None:
    photo = MemoryStore()
    put(photo, OURS, PNG)
    photo.keep(after_success(NOTE, "", "", len(PNG)))
    async with scene(files=photo) as s:
        await s.bench.handle(picture(s, 1))
        await forget(s, photo)
        photo.files.clear()
        await s.bench.handle(later(s, picture(s, 2)))
        report = s.bench.all_finished()[-1]
        assert (report.verdict, report.code) == ("refused", "unknown_media") and "is gone" in report.reason


async def test_a_fault_that_no_upload_heals_brings_nothing(photo: MediaStore) -> None:
    async with scene(files=photo) as s:
        await s.bench.handle(picture(s, 1))
        s.bench.now += HOUR
        await s.switch(errors=[{"code": 131026}])
        await s.bench.handle(later(s, picture(s, 2)))
        assert s.bench.all_finished()[-1].code == "131026" and await uploads(s) == 1
