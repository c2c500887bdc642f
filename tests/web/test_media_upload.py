"""Agents bring files: whole and of a kind Meta takes, or the reason why not."""

import asyncio
import hashlib
import json
import shutil
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.media import LARGEST, media_id
from app.core.verdicts import Verdict
from app.stores.media import MediaStore
from app.stores.media_directory import MediaDirectory
from app.whatsapp.graph import GraphClient
from tests.unit.media_stores import put
from tests.web.simulator_support import NUMBER_ID, PNG, TOKEN, running_bench
from web.media import install_media

OURS = media_id("N", "wamid", "7")
BEARER = {"Authorization": "Bearer secret"}


def served(files: MediaStore) -> TestClient[web.Request, web.Application]:
    """The pages of files; pictures have 100 bytes at most."""
    app = web.Application(client_max_size=10)
    install_media(app, files, [SecretStr("secret")], {**LARGEST, "image": 100})
    return TestClient(TestServer(app))


async def test_a_file_an_agent_brings_is_kept(files: MediaStore) -> None:
    async with served(files) as client:
        answer = await client.post("/media", data=PNG, headers={**BEARER, "Content-Type": "image/png"})
        told = await answer.json()
        assert answer.status == 201 and (told["mime_type"], told["size"]) == ("image/png", len(PNG))
        got = await client.get(f"/media/{told['id']}", headers=BEARER)
        assert (got.status, await got.read()) == (200, PNG)


@pytest.mark.parametrize(
    ("mime_type", "size", "status", "words"),
    [
        ("image/png", 101, 413, "larger than 100 bytes"),
        ("image/png", 0, 422, "empty"),
        ("application/x-msdownload", 5, 415, "takes no file of type"),
    ],
)
async def test_what_meta_would_not_take_is_not_kept(
    tmp_path: Path, mime_type: str, size: int, status: int, words: str
) -> None:
    async with served(MediaDirectory(tmp_path)) as client:
        answer = await client.post("/media", data=b"x" * size, headers={**BEARER, "Content-Type": mime_type})
        assert answer.status == status and words in (await answer.json())["error"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_nobody_brings_a_file_without_a_token(tmp_path: Path) -> None:
    async with served(MediaDirectory(tmp_path)) as client:
        answer = await client.post("/media", data=PNG, headers={"Content-Type": "image/png"})
        assert answer.status == 401
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def form(
    content: bytes, filename: str | None, mime_type: str | None, name: str = "file", *, quoted: bool = False
) -> aiohttp.FormData:
    """A form with a file and something beside it."""
    data = aiohttp.FormData({"note": "for the bill"}, quote_fields=quoted)
    data.add_field(name, BytesIO(content), filename=filename or "", content_type=mime_type)
    data.add_field("more", "after it")
    return data


@pytest.mark.parametrize(
    ("filename", "mime_type", "kept_as", "name"),
    [
        ("bill.pdf", "application/pdf", "application/pdf", "bill.pdf"),
        ("../../Größe\u202e 7.pdf", "application/octet-stream", "application/pdf", "Größe 7.pdf"),
        ("film.MP4", "application/octet-stream", "video/mp4", "film.MP4"),
        ("note.m4a", "audio/x-m4a", "audio/mp4", "note.m4a"),
        ("x.opus", "audio/ogg; codecs=opus", "audio/ogg; codecs=opus", "x.opus"),
    ],
)
async def test_a_form_brings_a_file_with_its_name(
    files: MediaStore, filename: str, mime_type: str, kept_as: str, name: str
) -> None:
    content = b"%PDF" * 200_000
    async with served(files) as client:
        answer = await client.post("/media", data=form(content, filename, mime_type), headers=BEARER)
        told = await answer.json()
        assert answer.status == 201, told
        assert (told["mime_type"], told["size"], told["filename"]) == (kept_as, len(content), name)
        note = files.note(told["id"])
        assert note is not None and (note.filename, note.state) == (name, "stored")
        got = await client.get(f"/media/{told['id']}", headers=BEARER)
        assert await got.read() == content
        assert got.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{quote(name, safe='')}")


async def test_curl_brings_a_file(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    (tmp_path / "photo.png").write_bytes(PNG)
    async with served(MediaDirectory(tmp_path / "files")) as client:
        url, given = str(client.make_url("/media")), f"file=@{tmp_path / 'photo.png'}"
        process = await asyncio.create_subprocess_exec(
            curl, "-s", "-H", "Authorization: Bearer secret", "-F", given, url, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
    told = json.loads(said)
    assert (told["mime_type"], told["size"], told["filename"]) == ("image/png", len(PNG), "photo.png")


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (form(b"x", "a.exe", "application/octet-stream"), 415, "'a.exe' cannot be sent"),
        (form(b"x" * 101, "a.png", "image/png"), 413, "larger than 100 bytes"),
        (form(b"", "a.png", "image/png"), 422, "empty"),
        (form(b"x", "a.png", "image/png", "upload"), 422, "the field `file`"),
    ],
    ids=["type", "size", "empty", "field"],
)
async def test_a_form_that_is_wrong_says_why(tmp_path: Path, data: aiohttp.FormData, status: int, words: str) -> None:
    async with served(MediaDirectory(tmp_path)) as client:
        answer = await client.post("/media", data=data, headers=BEARER)
        assert answer.status == status and words in (await answer.json())["error"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "body", [b"", b"nothing", b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nhalf']
)
async def test_a_form_that_breaks_off_leaves_nothing(tmp_path: Path, body: bytes) -> None:
    async with served(MediaDirectory(tmp_path)) as client:
        for kind in ("multipart/form-data; boundary=b", "multipart/form-data"):
            answer = await client.post("/media", data=body, headers={**BEARER, "Content-Type": kind})
            assert answer.status in (400, 415, 422) and (await answer.json())["error"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("encoding", "status"),
    [
        ("Content-Transfer-Encoding: base64", 400),
        ("Content-Encoding: gzip", 400),
        ("Content-Transfer-Encoding: Binary", 201),
    ],
)
async def test_a_file_whose_bytes_are_encoded_is_not_kept_as_they_came(
    tmp_path: Path, encoding: str, status: int
) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n{encoding}\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    async with served(MediaDirectory(tmp_path)) as client:
        answer = await client.post("/media", data=head.encode() + b"aGk=\r\n--b--\r\n", headers={**BEARER, **kind})
        assert answer.status == status
        assert status == 201 or "send its bytes as they are" in (await answer.json())["error"]


async def test_what_is_far_too_large_is_refused_by_its_length(tmp_path: Path) -> None:
    async with served(MediaDirectory(tmp_path)) as client:
        answer = await client.post("/media", data=b"x" * 500_000, headers={**BEARER, "Content-Type": "image/png"})
        assert answer.status == 413 and "larger than 100 bytes" in (await answer.json())["error"]


async def test_a_store_that_is_away_is_named(tmp_path: Path) -> None:
    files = MediaDirectory(tmp_path / "files")
    (tmp_path / "files").rename(tmp_path / "away")
    async with served(files) as client:
        answer = await client.post("/media", data=PNG, headers={**BEARER, "Content-Type": "image/png"})
        assert answer.status == 503 and "the store of files cannot be used" in (await answer.json())["error"]


async def upload(graph: GraphClient, files: MediaStore, mime_type: str) -> str | Verdict:
    """Bring the one file to Meta."""
    file = files.get(OURS)
    assert file is not None
    try:
        return await graph.upload(NUMBER_ID, file, mime_type)
    finally:
        file.close()


async def test_a_file_is_uploaded_to_meta(files: MediaStore) -> None:
    content = PNG + b"x" * 600_000
    put(files, OURS, content)
    async with running_bench() as bench:
        graph = GraphClient(bench.url, "v25.0", SecretStr(TOKEN), 5.0, 5)
        try:
            meta_id = await upload(graph, files, "image/png")
            assert isinstance(meta_id, str)
            status, found = await bench.graph("GET", meta_id)
            assert (status, found["mime_type"], found["file_size"]) == (200, "image/png", len(content))
            assert found["sha256"] == hashlib.sha256(content).hexdigest()
            refused = await upload(graph, files, "image/gif")
            assert not isinstance(refused, str) and refused.outcome == "refused" and TOKEN not in refused.reason
        finally:
            await graph.close()
    gone = GraphClient("http://127.0.0.1:9", "v25.0", SecretStr(TOKEN), 5.0, 5)
    verdict = await upload(gone, files, "image/png")
    await gone.close()
    assert not isinstance(verdict, str) and verdict.outcome == "retry"


class Broken:
    """A file that cannot be read to its end."""

    size = 1000

    def __init__(self, error: OSError | None) -> None:
        self._error = error

    def read(self, most: int, /) -> bytes:
        """Fail, or be shorter than told."""
        if self._error:
            raise self._error
        return b""


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), None], ids=["fault", "short"])
async def test_a_file_that_cannot_be_read_is_no_fault_of_meta(error: OSError | None) -> None:
    async with running_bench() as bench:
        graph = GraphClient(bench.url, "v25.0", SecretStr(TOKEN), 5.0, 5)
        try:
            with pytest.raises(OSError, match=r"Input/output error|shorter"):
                await graph.upload(NUMBER_ID, Broken(error), "image/png")
        finally:
            await graph.close()
