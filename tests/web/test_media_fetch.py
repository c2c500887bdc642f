"""A file is fetched from Meta with the token, whole or not at all, and no outcome shows where it was."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from app.core.media import LARGEST_FETCHED, Note, NotFetched, media_id
from app.whatsapp import media_fetch
from app.whatsapp.media_fetch import Located, MediaSource

TOKEN = "EAAtoken"
NOTE = Note(id=media_id("N", "wamid", "77"), kind="sticker", phone_number_id="N", created=0.0, meta_id="77")


class Bytes:
    """A place in memory."""

    def __init__(self, room: int = 10**9) -> None:
        self.content = b""
        self.size = 0
        self._room = room

    def write(self, part: bytes) -> None:
        """Add bytes, while there is room."""
        if self.size + len(part) > self._room:
            raise OSError(28, "No space left on device")
        self.content += part
        self.size += len(part)


@dataclass
class Meta:
    """What the fake Meta answers, and the source that asks it."""

    content: bytes = b"picture"
    located: Any = None
    status: int = 200
    download_status: int = 200
    stalls: bool = False
    largest: dict[str, int] = field(default_factory=lambda: dict(LARGEST_FETCHED))
    source: MediaSource | None = None

    async def fetch(self, place: Bytes, note: Note = NOTE) -> Located | NotFetched:
        """Fetch the file."""
        assert self.source is not None
        return await self.source.fetch(note, place)


@asynccontextmanager
async def meta(answers: Meta) -> AsyncIterator[Meta]:
    """Meta on a port of its own."""

    def with_token(request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {TOKEN}"

    async def locate(request: web.Request) -> web.Response:
        assert with_token(request) and request.query["phone_number_id"] == "N"
        told = {
            "url": f"{request.url.origin()}/file?hash=secret",
            "mime_type": "image/webp; codecs=x",
            "sha256": hashlib.sha256(b"picture").hexdigest(),
        }
        return web.json_response(answers.located or told, status=answers.status)

    async def download(request: web.Request) -> web.StreamResponse:
        if answers.stalls:
            begun = web.StreamResponse(headers={"Content-Length": "100"})
            await begun.prepare(request)
            await begun.write(b"a")
            await asyncio.Event().wait()
        return web.Response(body=answers.content, status=answers.download_status if with_token(request) else 401)

    app = web.Application()
    app.router.add_get("/v25.0/77", locate)
    app.router.add_get("/file", download)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        answers.source = MediaSource(session, str(server.make_url("")), "v25.0", SecretStr(TOKEN), answers.largest)
        yield answers


async def test_the_bytes_and_what_meta_says_of_them_come() -> None:
    place = Bytes()
    async with meta(Meta()) as there:
        found = await there.fetch(place)
    assert isinstance(found, Located) and found.mime_type == "image/webp; codecs=x"
    assert place.content == b"picture"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (Meta(status=400, located={"error": {"code": 100, "error_subcode": 33}}), "HTTP 400, error 100"),
        (Meta(status=401, located={"error": {"code": 190}}), "HTTP 401, error 190"),
        (Meta(status=500, located=["?"]), "HTTP 500"),
        (Meta(located={"id": "77"}), "no address"),
        (Meta(located={"url": "nowhere?hash=secret"}), "InvalidUrl"),
        (Meta(download_status=404), "HTTP 404"),
        (Meta(content=b"another"), "SHA-256"),
    ],
)
async def test_what_may_heal_is_no_end(answers: Meta, words: str) -> None:
    async with meta(answers) as there:
        found = await there.fetch(Bytes())
    assert isinstance(found, NotFetched) and not found.final
    assert words in found.reason and "secret" not in found.reason and TOKEN not in found.reason


async def test_a_file_over_the_limit_of_its_kind_is_given_up_at_the_limit() -> None:
    place = Bytes()
    async with meta(Meta(content=b"x" * 1001, largest={"sticker": 1000, "image": 5000})) as there:
        found = await there.fetch(place)
    assert isinstance(found, NotFetched) and found.final and "larger" in found.reason
    assert place.size <= 1000


async def test_a_full_disk_is_not_taken_for_a_fault_of_meta() -> None:
    async with meta(Meta()) as there:
        with pytest.raises(OSError, match="No space left"):
            await there.fetch(Bytes(room=3))


@pytest.mark.parametrize("meta_id", ["", "../me", "77?x=1", "77/messages"])
async def test_nothing_but_an_id_comes_into_a_path(meta_id: str) -> None:
    async with meta(Meta()) as there:
        found = await there.fetch(Bytes(), replace(NOTE, meta_id=meta_id))
    assert isinstance(found, NotFetched) and found.final


async def test_a_download_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_fetch, "STALLED_SECONDS", 0.1)
    async with asyncio.timeout(20), meta(Meta(stalls=True)) as one:
        found = await one.fetch(Bytes())
    assert isinstance(found, NotFetched) and not found.final and "SocketTimeoutError" in found.reason
