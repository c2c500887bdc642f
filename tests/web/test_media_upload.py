"""Agents bring files: whole and of a kind Meta takes, or the reason why not."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.core.media import LARGEST
from app.stores.media import MediaDirectory
from app.whatsapp.graph import GraphClient
from tests.web.simulator_support import NUMBER_ID, PNG, TOKEN, running_bench
from web.media import install_media

BEARER = {"Authorization": "Bearer secret"}


def served(root: Path) -> TestClient[web.Request, web.Application]:
    """The pages of files; pictures have 100 bytes at most."""
    app = web.Application(client_max_size=10)
    install_media(app, MediaDirectory(root), [SecretStr("secret")], {**LARGEST, "image": 100})
    return TestClient(TestServer(app))


async def test_a_file_an_agent_brings_is_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
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
    async with served(tmp_path) as client:
        answer = await client.post("/media", data=b"x" * size, headers={**BEARER, "Content-Type": mime_type})
        assert answer.status == status and words in (await answer.json())["error"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_nobody_brings_a_file_without_a_token(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        answer = await client.post("/media", data=PNG, headers={"Content-Type": "image/png"})
        assert answer.status == 401
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_file_is_uploaded_to_meta(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    async with running_bench() as bench:
        graph = GraphClient(bench.url, "v25.0", SecretStr(TOKEN), 5.0, 5)
        try:
            with (tmp_path / "a.png").open("rb") as file:
                meta_id = await graph.upload(NUMBER_ID, file, "image/png")
            assert isinstance(meta_id, str)
            status, found = await bench.graph("GET", meta_id)
            assert (status, found["mime_type"], found["file_size"]) == (200, "image/png", len(PNG))
            with (tmp_path / "a.png").open("rb") as file:
                refused = await graph.upload(NUMBER_ID, file, "image/gif")
            assert not isinstance(refused, str) and refused.outcome == "refused" and TOKEN not in refused.reason
        finally:
            await graph.close()
    async with aiohttp.ClientSession():
        gone = GraphClient("http://127.0.0.1:9", "v25.0", SecretStr(TOKEN), 5.0, 5)
        with (tmp_path / "a.png").open("rb") as file:
            verdict = await gone.upload(NUMBER_ID, file, "image/png")
        await gone.close()
        assert not isinstance(verdict, str) and verdict.outcome == "retry"
