"""Behind proxies a request comes from the browser's address, and nobody can make up another."""

from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from app.faust_app import make_app
from app.settings import Settings

BROWSER, OTHER, PROXY = "203.0.113.7", "198.51.100.9", "10.0.0.5"


async def heard(directory: Path, proxies: int, *forwarded: str) -> tuple[str, str]:
    """Whom a page and a websocket of a worker take a request with these headers for."""
    app = make_app(Settings(_env_file=None, data_dir=directory, proxies=proxies), "broker", 8000)

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.match_info['name']} {request.remote}")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        await response.send_str(str(request.remote))
        await response.close()
        return response

    app.web.web_app.router.add_get("/of/{name}", page)
    app.web.web_app.router.add_get("/socket", socket)
    headers = [("X-Forwarded-For", value) for value in forwarded]
    async with TestClient(TestServer(app.web.web_app)) as client:
        answer = await (await client.get("/of/ana", headers=headers)).text()
        name, _, remote = answer.partition(" ")
        assert name == "ana"
        async with client.ws_connect("/socket", headers=headers) as opened:
            said = await opened.receive()
            assert said.type == WSMsgType.TEXT
            return remote, said.data


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, [BROWSER], "127.0.0.1"),
        (1, [BROWSER], BROWSER),
        (1, [f"{OTHER}, {BROWSER}"], BROWSER),
        (1, [OTHER, BROWSER], BROWSER),
        (2, [f"{OTHER}, {BROWSER}, {PROXY}"], BROWSER),
        (1, [], "127.0.0.1"),
        (2, [PROXY], "127.0.0.1"),
        (1, [" , "], "127.0.0.1"),
    ],
)
async def test_as_many_addresses_are_believed_as_there_are_proxies(
    tmp_path: Path, proxies: int, forwarded: list[str], expected: str
) -> None:
    assert await heard(tmp_path, proxies, *forwarded) == (expected, expected)
