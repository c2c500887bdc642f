"""Without a token no route of a broker worker says anything about agents or users: every one there is, is tried."""

import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.processes.broker import build
from app.settings import Settings
from tests.web.admin_support import TOKEN
from web.admin.door import LOGIN, NUMBERS, PAGE, PUBLIC
from web.admin.gate import PREFIX

OPEN = {"/", "/live", "/ready", "/metrics"}
"""What monitors read: it names agents and counts, no more."""


@pytest.mark.parametrize("shown", ["", "Bearer guessed", f"Basic {TOKEN}"])
async def test_every_admin_route_is_closed_without_a_token(tmp_path: Path, shown: str) -> None:
    app = build(Settings(data_dir=tmp_path, admin_tokens=[SecretStr(TOKEN)], embedded_kafka=True))
    app.web.init_server()
    routes = {
        (route.method, re.sub(r"\{[^/]*\}", "1", route.resource.canonical))
        for route in app.web.web_app.router.routes()
        if route.resource
    }
    tried = {"api": 0, "page": 0}
    async with TestClient(TestServer(app.web.web_app)) as client:
        for method, path in sorted(routes):
            if path in OPEN:
                continue  # asked about its work, a worker that never starts would make what nobody closes
            for verb in ("GET", "POST", "PUT", "PATCH", "DELETE") if method == "*" else (method,):
                response = await client.request(
                    verb,
                    path,
                    headers={"Authorization": shown, "Origin": str(client.make_url("/")).rstrip("/")},
                    allow_redirects=False,
                )
                if path.startswith(PREFIX):
                    tried["api"] += 1
                    assert response.status == 401, f"{verb} {path}"
                elif path == NUMBERS:
                    assert response.status == 401
                elif path.startswith(PAGE) and path != LOGIN and not path.startswith(PUBLIC):
                    tried["page"] += 1
                    assert (response.status, response.headers["Location"]) == (303, LOGIN), f"{verb} {path}"
                else:
                    assert path in {LOGIN, "/admin"} or path.startswith(PUBLIC), path
    assert tried["api"] >= 20 and tried["page"] >= 8, tried
