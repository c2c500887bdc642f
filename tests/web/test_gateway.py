"""The gateway of the compose file, run by a real nginx before servers that say what reached them."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestServer

from app.core.media import LARGEST
from app.embedded.ports import free_port
from app.settings import Settings
from tests.system.system import until

CONFIGURATION = Path(__file__).parents[2] / "docker" / "gateway.conf"
NGINX = shutil.which("nginx", path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/opt/homebrew/bin")
WRAP = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {inside}
}}
"""

FORM_BYTES = 1024
"""More than what a browser puts around a file."""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


async def _heard(request: web.Request) -> web.StreamResponse:
    """What a process behind the gateway hears of a request."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"heard {message.data}")
        return socket
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
    told = {name: request.headers.get(name) for name in ("Host", "X-Forwarded-For", "X-Forwarded-Proto")}
    return web.json_response({"path": request.path, "bytes": size, **told})


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The addresses of the gateway's servers, by the name of the process behind each."""
    text, doors = CONFIGURATION.read_text(), {}
    async with AsyncExitStack() as stack:
        for name, port in re.findall(r"set \$workers http://(\w+):(\d+);", text):
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", _heard)
            server = await stack.enter_async_context(TestServer(app))
            inside, outside = f"http://{name}:{port}", free_port()
            assert f"listen {port};" in text and inside in text
            text = text.replace(f"listen {port};", f"listen 127.0.0.1:{outside};")
            text = text.replace(inside, f"http://127.0.0.1:{server.port}")
            doors[name] = f"http://127.0.0.1:{outside}"
        written = tmp_path / "nginx.conf"
        written.write_text(WRAP.format(folder=tmp_path, inside=text))
        assert NGINX is not None
        nginx = await asyncio.create_subprocess_exec(NGINX, "-p", str(tmp_path), "-c", str(written))
        try:
            async with ClientSession() as http:

                async def answers() -> bool:
                    assert nginx.returncode is None, "nginx ended: it says why above"
                    try:
                        async with http.get(doors["chat"]) as response:
                            return response.status == 200
                    except OSError:
                        return False

                await until(answers, 10, "the gateway")
            yield doors
        finally:
            if nginx.returncode is None:
                nginx.terminate()
            await nginx.wait()


async def test_a_process_hears_who_it_was_and_how_they_came(gateway: dict[str, str]) -> None:
    async with ClientSession() as http:
        for name in ("chat", "broker"):
            async with http.get(gateway[name] + "/x", headers={"Host": "desk.example:7000"}) as response:
                heard = await response.json()
            assert heard == {
                "path": "/x",
                "bytes": 0,
                "Host": "desk.example:7000",
                "X-Forwarded-For": "127.0.0.1",
                "X-Forwarded-Proto": "http",
            }
        made_up = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        async with http.get(gateway["chat"], headers=made_up) as response:
            heard = await response.json()
        assert heard["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1", "what is believed comes last, from the gateway"
        assert heard["X-Forwarded-Proto"] == "https", "a proxy before it ended https"


async def test_a_webhook_as_large_as_metas_comes_through_and_nothing_else_is_seen(gateway: dict[str, str]) -> None:
    most = Settings(_env_file=None).webhook_max_bytes
    async with ClientSession() as http:
        async with http.post(gateway["webhook"] + "/webhook?hub.mode=x", data=BytesIO(bytes(most))) as response:
            assert (response.status, (await response.json())["bytes"]) == (200, most)
        for path in ("/", "/ready", "/metrics", "/webhook/x"):
            async with http.get(gateway["webhook"] + path) as response:
                assert response.status == 404, path


@pytest.mark.parametrize("kind", LARGEST)
async def test_the_largest_file_of_each_kind_comes_through(gateway: dict[str, str], kind: str) -> None:
    async with ClientSession() as http:
        body = BytesIO(bytes(LARGEST[kind] + FORM_BYTES))
        async with http.post(gateway["chat"] + "/chat/media", data=body) as response:
            assert response.status == 200
            assert (await response.json())["bytes"] == LARGEST[kind] + FORM_BYTES


async def test_the_chats_socket_comes_through(gateway: dict[str, str]) -> None:
    async with ClientSession() as http, http.ws_connect(gateway["chat"] + "/websocket") as socket:
        await socket.send_str("hello")
        answer = await socket.receive()
        assert (answer.type, answer.data) == (WSMsgType.TEXT, "heard hello")
