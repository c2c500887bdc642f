"""Files are served whole or in ranges, with their type, or with the reason why they are not there."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.media import Note, media_id
from app.stores.media import MediaDirectory
from web.media import install_media, serve

NOTE = Note(id=media_id("N", "wamid", "7"), kind="audio", phone_number_id="N", created=0.0, meta_id="7")


async def ask(root: Path, note: Note, content: bytes | None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """The answer for a note and its bytes."""
    store = MediaDirectory(root)
    store.keep(note)
    if content is not None:
        store.path(note.id).write_bytes(content)

    async def view(request: web.Request) -> web.StreamResponse:
        return await serve(store, request.match_info["id"], wait=0.0)

    app = web.Application()
    app.router.add_get("/media/{id}", view)
    async with TestClient(TestServer(app)) as client:
        unknown = await client.get("/media/..%2fx")
        assert unknown.status == 404
        answer = await client.get(f"/media/{note.id}", headers=headers)
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
async def test_a_file_comes_with_its_type(tmp_path: Path, mime_type: str, disposition: str) -> None:
    note = replace(NOTE, state="stored", size=5, mime_type=mime_type)
    status, content, headers = await ask(tmp_path, note, b"bytes")
    assert (status, content, headers["Content-Type"]) == (200, b"bytes", mime_type)
    assert (headers["Content-Disposition"], headers["X-Content-Type-Options"]) == (disposition, "nosniff")


async def test_a_range_and_an_empty_file(tmp_path: Path) -> None:
    note = replace(NOTE, state="stored", size=5, mime_type="audio/ogg")
    assert (await ask(tmp_path, note, b"bytes", Range="bytes=1-2"))[:2] == (206, b"yt")
    assert (await ask(tmp_path, replace(note, size=0), b"", Range="bytes=0-"))[:2] == (200, b"")


async def test_what_is_not_there_says_why(tmp_path: Path) -> None:
    status, content, headers = await ask(tmp_path, replace(NOTE, reason="HTTP 500"), None)
    assert status == 503 and b"HTTP 500" in content and headers["Retry-After"]
    status, content, _ = await ask(tmp_path, replace(NOTE, state="failed", reason="too large"), None)
    assert status == 410 and b"too large" in content


async def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    status, content, _ = await ask(tmp_path, replace(NOTE, state="stored", size=5), None)
    assert status == 410 and b"is gone" in content


async def test_a_note_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    store = MediaDirectory(tmp_path)
    (tmp_path / "notes" / f"{NOTE.id}.json").write_bytes(b"{")
    assert (await serve(store, NOTE.id)).status == 410


async def test_a_request_waits_for_a_file_that_is_not_announced_yet(tmp_path: Path) -> None:
    store = MediaDirectory(tmp_path)
    asked = asyncio.create_task(serve(store, NOTE.id))
    await asyncio.sleep(0)
    store.path(NOTE.id).write_bytes(b"bytes")
    store.keep(replace(NOTE, state="stored", size=5))
    assert (await asked).status == 200
    assert (await serve(store, NOTE.id[:-1] + "x", wait=0.0)).status == 404


async def test_nobody_gets_a_file_without_a_token(tmp_path: Path) -> None:
    store = MediaDirectory(tmp_path)
    store.path(NOTE.id).write_bytes(b"bytes")
    store.keep(replace(NOTE, state="stored", size=5))
    for tokens, given, status in (
        (["old", "new"], "Bearer new", 200),
        (["old", "new"], "Bearer old", 200),
        (["old"], "Bearer new", 401),
        (["old"], "", 401),
        ([""], "Bearer ", 401),
    ):
        app = web.Application()
        install_media(app, store, [SecretStr(token) for token in tokens])
        async with TestClient(TestServer(app)) as client:
            answer = await client.get(f"/media/{NOTE.id}", headers={"Authorization": given})
            assert answer.status == status, (tokens, given)
