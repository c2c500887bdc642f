"""Files are served whole or in ranges, with their type, or with the reason why they are not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.media import Note, media_id
from app.stores.media import MediaStore, Outgoing
from app.stores.media_directory import MediaDirectory
from tests.unit.media_stores import MemoryStore, put
from web.media import WAIT_SECONDS, install_media, serve

NOTE = Note(id=media_id("N", "wamid", "7"), kind="audio", phone_number_id="N", created=0.0, meta_id="7")
STORED = replace(NOTE, state="stored", size=5, mime_type="audio/ogg")


@asynccontextmanager
async def served(files: MediaStore, wait: float = 0.0) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The files of a store, for everybody."""

    async def view(request: web.Request) -> web.StreamResponse:
        return await serve(files, request, wait)

    app = web.Application()
    app.router.add_get("/media/{id}", view)
    async with TestClient(TestServer(app)) as client:
        yield client


async def ask(
    files: MediaStore, note: Note, content: bytes | None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """The answer for a note and its bytes."""
    files.keep(note)
    if content is not None:
        put(files, note.id, content)
    async with served(files) as client:
        unknown = await client.get("/media/..%2fx")
        assert unknown.status == 404
        answer = await client.get(
            f"/media/{note.id}", headers={name.replace("_", "-"): headers[name] for name in headers}
        )
        return answer.status, await answer.read(), dict(answer.headers)


@pytest.mark.parametrize(
    ("mime_type", "disposition"),
    [
        ("audio/ogg; codecs=opus", "inline"),
        ("application/pdf", "attachment"),
        ("image/svg+xml", "attachment"),
        ("image/SVG+xml", "attachment"),
        ("Image/PNG", "inline"),
    ],
)
async def test_a_file_comes_with_its_type(files: MediaStore, mime_type: str, disposition: str) -> None:
    note = replace(NOTE, state="stored", size=5, mime_type=mime_type)
    status, content, headers = await ask(files, note, b"bytes")
    assert (status, content, headers["Content-Type"]) == (200, b"bytes", mime_type)
    assert (headers["Content-Disposition"], headers["X-Content-Type-Options"]) == (disposition, "nosniff")


@pytest.mark.parametrize(
    ("asked", "status", "got", "told"),
    [
        ("bytes=1-2", 206, b"yt", "bytes 1-2/5"),
        ("bytes=0-", 206, b"bytes", "bytes 0-4/5"),
        ("bytes=3-99", 206, b"es", "bytes 3-4/5"),
        ("bytes=-2", 206, b"es", "bytes 3-4/5"),
        ("bytes=-99", 206, b"bytes", "bytes 0-4/5"),
        ("bytes=5-", 416, b"", "bytes */5"),
        ("bytes=3-1", 416, b"", "bytes */5"),
        ("bytes=-", 416, b"", "bytes */5"),
    ],
)
async def test_a_range(files: MediaStore, asked: str, status: int, got: bytes, told: str) -> None:
    answer, content, headers = await ask(files, STORED, b"bytes", Range=asked)
    assert (answer, content, headers["Content-Range"]) == (status, got, told)


@pytest.mark.parametrize("asked", ["pages=1", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", ""])
async def test_what_is_no_single_range_of_bytes_brings_the_whole_file(files: MediaStore, asked: str) -> None:
    assert (await ask(files, STORED, b"bytes", Range=asked))[:2] == (200, b"bytes")


async def test_an_empty_file_is_whole_whatever_is_asked(files: MediaStore) -> None:
    assert (await ask(files, replace(STORED, size=0), b"", Range="bytes=0-"))[:2] == (200, b"")


async def test_who_has_the_file_already_gets_no_bytes_and_no_part_of_another(files: MediaStore) -> None:
    status, content, headers = await ask(files, STORED, b"bytes")
    tag = headers["Etag"]
    assert (status, content, headers["Accept-Ranges"], headers["Content-Length"]) == (200, b"bytes", "bytes", "5")
    assert (await ask(files, STORED, None, If_None_Match=f'"x", {tag}'))[:2] == (304, b"")
    assert (await ask(files, STORED, None, If_None_Match='"x"'))[:2] == (200, b"bytes")
    assert (await ask(files, STORED, None, Range="bytes=1-2", If_Range=tag))[:2] == (206, b"yt")
    assert (await ask(files, STORED, None, Range="bytes=1-2", If_Range='"x"'))[:2] == (200, b"bytes")


async def test_a_large_file_comes_whole_and_in_parts(files: MediaStore) -> None:
    content = bytes(range(256)) * 9000
    files.keep(replace(STORED, size=len(content)))
    put(files, NOTE.id, content)
    async with served(files) as client:
        assert await (await client.get(f"/media/{NOTE.id}")).read() == content
        part = await client.get(f"/media/{NOTE.id}", headers={"Range": "bytes=300001-1900001"})
        assert await part.read() == content[300001:1900002]
        head = await client.head(f"/media/{NOTE.id}")
        assert (head.status, head.headers["Content-Length"], await head.read()) == (200, str(len(content)), b"")


class Counted(MemoryStore):
    """A store that counts what is open, and breaks off in the midst of a file."""

    def __init__(self, breaks_after: int) -> None:
        super().__init__()
        self.breaks_after = breaks_after
        self.open = 0
        self.parts: list[int] = []

    async def closed(self) -> None:
        """Wait until nothing is open."""
        async with asyncio.timeout(60):
            while self.open:
                await asyncio.sleep(0.01)

    def get(self, media_id: str, start: int = 0) -> Outgoing | None:
        """A file that counts what is read of it."""
        inner = super().get(media_id, start)
        assert inner is not None
        self.open += 1
        return CountedFile(self, inner)


class CountedFile:
    """A file of such a store."""

    def __init__(self, store: Counted, inner: Outgoing) -> None:
        self._store = store
        self._inner = inner
        self.size = inner.size

    def read(self, most: int, /) -> bytes:
        """The next bytes, or a fault."""
        self._store.parts.append(most)
        if len(self._store.parts) > self._store.breaks_after:
            raise OSError(5, "Input/output error")
        return self._inner.read(most)

    def close(self) -> None:
        """Closed."""
        self._store.open -= 1
        self._inner.close()


async def test_a_file_that_breaks_off_is_never_taken_for_whole(caplog: pytest.LogCaptureFixture) -> None:
    files, size = Counted(breaks_after=2), 3_000_000
    files.keep(replace(STORED, size=size))
    put(files, NOTE.id, b"x" * size)
    async with served(files) as client:
        answer = await client.get(f"/media/{NOTE.id}")
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
        await files.closed()
    assert "broke off" in caplog.text


async def test_only_parts_of_a_file_are_held() -> None:
    files, size = Counted(breaks_after=10**6), 3_000_000
    files.keep(replace(STORED, size=size))
    put(files, NOTE.id, b"x" * size)
    async with served(files) as client:
        assert len(await (await client.get(f"/media/{NOTE.id}")).read()) == size
        await files.closed()
    assert max(files.parts) <= 256 * 1024


async def test_whoever_leaves_in_the_midst_leaves_nothing_open() -> None:
    files, size = Counted(breaks_after=10**6), 60_000_000
    files.keep(replace(STORED, size=size))
    put(files, NOTE.id, b"x" * size)
    async with served(files) as client:
        answer = await client.get(f"/media/{NOTE.id}")
        await answer.content.read(1000)
        answer.close()
        await files.closed()


async def test_bytes_that_are_others_than_noted_are_not_given(files: MediaStore) -> None:
    status, content, _ = await ask(files, replace(STORED, size=4), b"bytes")
    assert status == 410 and b"is gone" in content


async def test_what_is_not_there_says_why(files: MediaStore) -> None:
    status, content, headers = await ask(files, replace(NOTE, reason="HTTP 500"), None)
    assert status == 503 and b"HTTP 500" in content and headers["Retry-After"]
    status, content, _ = await ask(files, replace(NOTE, state="failed", reason="too large"), None)
    assert status == 410 and b"too large" in content


async def test_a_file_that_is_gone_says_so(files: MediaStore) -> None:
    status, content, _ = await ask(files, STORED, None)
    assert status == 410 and b"is gone" in content


async def test_a_note_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    files = MediaDirectory(tmp_path)
    (tmp_path / "notes" / f"{NOTE.id}.json").write_bytes(b"{")
    async with served(files) as client:
        assert (await client.get(f"/media/{NOTE.id}")).status == 410


async def test_a_store_that_is_away_is_named(tmp_path: Path) -> None:
    files = MediaDirectory(tmp_path / "files")
    (tmp_path / "files").rename(tmp_path / "away")
    async with served(files) as client:
        answer = await client.get(f"/media/{NOTE.id}")
        assert answer.status == 503 and "the store of files cannot be used" in (await answer.json())["error"]


async def test_a_request_waits_for_a_file_that_is_not_announced_yet(files: MediaStore) -> None:
    async with served(files, WAIT_SECONDS) as client:
        asked = asyncio.create_task(client.get(f"/media/{NOTE.id}"))
        await asyncio.sleep(0)
        put(files, NOTE.id, b"bytes")
        files.keep(STORED)
        assert (await asked).status == 200
        assert (await client.get(f"/media/{NOTE.id[:-1]}x")).status == 404


async def test_nobody_gets_a_file_without_a_token(files: MediaStore) -> None:
    put(files, NOTE.id, b"bytes")
    files.keep(STORED)
    for tokens, given, status in (
        (["old", "new"], "Bearer new", 200),
        (["old", "new"], "Bearer old", 200),
        (["old"], "Bearer new", 401),
        (["old"], "", 401),
        ([""], "Bearer ", 401),
    ):
        app = web.Application()
        install_media(app, files, [SecretStr(token) for token in tokens])
        async with TestClient(TestServer(app)) as client:
            answer = await client.get(f"/media/{NOTE.id}", headers={"Authorization": given})
            assert answer.status == status, (tokens, given)
