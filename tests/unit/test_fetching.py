"""Waiting files are fetched by one worker, survive whatever happens in between, and never stop each other."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.media import LEASE_SECONDS, RETRY_SECONDS, Note, NotFetched, after_success, media_id
from app.fetching import Fetcher
from app.stores.media import Incoming, MediaStore
from app.whatsapp.media_fetch import Located, Place
from tests.unit.media_stores import MemoryStore, content_of, put


def note(number: int = 1) -> Note:
    """The note of some file."""
    return Note(id=media_id("N", "wamid", str(number)), kind="image", phone_number_id="N", created=0.0, meta_id="7")


class Source:
    """A Meta that gives every file, unless told otherwise."""

    def __init__(self, act: Callable[[], NotFetched | None] = lambda: None) -> None:
        self.asked: list[str] = []
        self.act = act

    async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
        """Give a file."""
        self.asked.append(note.id)
        place.write(b"bytes")
        return self.act() or Located("https://example.test", "image/png", "ab")


class Clock:
    """A time that is set."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def full() -> None:
    """A disk without room."""
    raise OSError(28, "No space left on device")


def died() -> None:
    """The end of a process."""
    raise KeyboardInterrupt


async def rounds(fetcher: Fetcher) -> None:
    """A round, and the end of what it began."""
    await fetcher.round()
    await fetcher.finish()


class Closed(MemoryStore):
    """A store that takes no file until it is opened."""

    closed = True

    def put(self, media_id: str) -> Incoming:
        """As in the interface."""
        if self.closed:
            full()
        return super().put(media_id)


async def test_a_store_that_takes_files_again_is_no_problem_though_nobody_sends_any() -> None:
    store, clock = Closed(), Clock()
    fetcher = Fetcher(store, Source(), clock, 1)
    store.announce(note())
    await rounds(fetcher)
    store.keep(replace(note(), state="failed"))
    await rounds(fetcher)
    assert fetcher.problem is not None and "No space left" in fetcher.problem
    store.closed = False
    await rounds(fetcher)
    assert fetcher.problem is None and store.files == {}


async def test_what_waits_is_fetched_once_and_kept(files: MediaStore) -> None:
    source = Source()
    files.announce(note())
    fetcher = Fetcher(files, source, Clock(), at_once=2)
    await rounds(fetcher)
    await rounds(fetcher)
    kept = files.note(note().id)
    assert kept is not None and (kept.state, kept.size, kept.mime_type) == ("stored", 5, "image/png")
    assert content_of(files, note().id) == b"bytes" and len(source.asked) == 1


async def test_what_does_not_come_is_tried_again_in_its_time(files: MediaStore) -> None:
    source, clock = Source(lambda: NotFetched("HTTP 500")), Clock()
    files.announce(note())
    fetcher = Fetcher(files, source, clock, at_once=2)
    for now in (0.0, RETRY_SECONDS - 0.1):
        clock.now = now
        await rounds(fetcher)
        assert len(source.asked) == 1 and content_of(files, note().id) is None
    clock.now, source.act = RETRY_SECONDS, lambda: None
    await rounds(fetcher)
    assert content_of(files, note().id) == b"bytes" and fetcher.counts == {"waiting": 1, "stored": 1}


async def test_a_full_disk_is_named_and_heals(files: MediaStore) -> None:
    source, clock = Source(full), Clock()
    files.announce(note())
    fetcher = Fetcher(files, source, clock, at_once=1)
    await rounds(fetcher)
    assert fetcher.problem is not None and "No space left" in fetcher.problem
    assert content_of(files, note().id) is None
    clock.now, source.act = 10.0, lambda: None
    await rounds(fetcher)
    assert fetcher.problem is None and content_of(files, note().id) == b"bytes"


async def test_two_workers_fetch_a_backlog_once(files: MediaStore) -> None:
    clock = Clock()
    files.announce(note())
    second = Source()
    other = Fetcher(files, second, clock, at_once=1)

    class Slow(Source):
        """The other worker looks, and has its turn, while this one's file is on its way."""

        async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
            await rounds(other)
            await other._in_turn(note.id)
            return await super().fetch(note, place)

    first = Slow()
    await rounds(Fetcher(files, first, clock, at_once=1))
    assert (len(first.asked), len(second.asked)) == (1, 0)


async def test_a_file_whose_worker_died_is_fetched_after_the_lease(files: MediaStore) -> None:
    source, clock = Source(died), Clock()
    files.announce(note())
    with pytest.raises(KeyboardInterrupt):
        await Fetcher(files, source, clock, at_once=1)._fetch(note().id)
    source.act = lambda: None
    later = Fetcher(files, source, clock, at_once=1)
    await rounds(later)
    assert len(source.asked) == 1
    clock.now = LEASE_SECONDS
    await rounds(later)
    assert content_of(files, note().id) == b"bytes"


async def test_a_slow_file_holds_up_no_other(files: MediaStore) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    class OneSlow(Source):
        """The first file takes its time."""

        async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
            if not self.asked:
                self.asked.append(note.id)
                begun.set()
                await go.wait()
            return await super().fetch(note, place)

    source = OneSlow()
    fetcher = Fetcher(files, source, Clock(), at_once=2)
    files.announce(note(1))
    await fetcher.round()
    await begun.wait()
    for number in (2, 3):
        files.announce(note(number))
        await fetcher.round()
        while fetcher.busy > 1:
            await asyncio.sleep(0)
    assert content_of(files, note(2).id) == b"bytes" and content_of(files, note(3).id) == b"bytes"
    assert content_of(files, note(1).id) is None and fetcher.busy == 1
    go.set()
    await fetcher.finish()
    assert content_of(files, note(1).id) == b"bytes"


async def test_a_worker_that_stops_gives_back_what_it_was_fetching(files: MediaStore) -> None:
    clock, begun = Clock(), asyncio.Event()
    files.announce(note())

    class Endless(Source):
        """A file that never comes."""

        async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
            begun.set()
            await asyncio.Event().wait()
            return await super().fetch(note, place)

    fetcher = Fetcher(files, Endless(), clock, at_once=1)
    fetcher.begin(note().id)
    await begun.wait()
    await fetcher.stop()
    assert fetcher.busy == 0 and content_of(files, note().id) is None
    clock.now = RETRY_SECONDS
    await rounds(Fetcher(files, Source(), clock, at_once=1))
    assert content_of(files, note().id) == b"bytes"


async def test_a_failed_try_leaves_alone_what_another_worker_has_stored(files: MediaStore) -> None:
    files.announce(note())

    def stored() -> NotFetched:
        put(files, note().id, b"bytes")
        files.keep(after_success(note(), "image/png", "", 5))
        return NotFetched("HTTP 500")

    await rounds(Fetcher(files, Source(stored), Clock(), at_once=1))
    kept = files.note(note().id)
    assert kept is not None and kept.state == "stored" and list(files.waiting()) == []
