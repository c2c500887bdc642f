"""Health and numbers of a process, through the real Faust web server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.faust_app import make_app
from app.settings import Settings
from web import health as module
from web.health import add_health

Check = Callable[[], Awaitable[str | None]]


def says(answer: str | None) -> Check:
    """A check with this answer."""

    async def check() -> str | None:
        return answer

    return check


async def raises() -> str | None:
    """A check that fails itself."""
    raise ConnectionError("the store is gone")


async def hangs() -> str | None:
    """A check that never ends."""
    await asyncio.Event().wait()
    return None


@asynccontextmanager
async def page(
    directory: Path, checks: dict[str, Check], *more: Any, **named: Any
) -> AsyncIterator[TestClient[Any, Any]]:
    """A client of a process with these checks."""
    faust_app = make_app(Settings(_env_file=None, data_dir=directory), "broker", 8000)
    add_health(faust_app, checks, *more, **named)
    faust_app.web.init_server()
    async with TestClient(TestServer(faust_app.web.web_app)) as client:
        yield client


async def test_a_process_that_serves_is_alive_whatever_its_checks_say(tmp_path: Path) -> None:
    async with page(tmp_path, {"kafka": says("away")}) as client:
        answer = await client.get("/")
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        answer = await client.get("/live")
        assert (answer.status, await answer.json()) == (
            200,
            {"status": "ok", "process": "broker", "checks": {"loop": "ok"}},
        )


async def test_what_only_a_restart_can_mend_is_said_by_live(tmp_path: Path) -> None:
    vital = {"router": says("3 records are in the works and none was finished for 901 s")}
    async with page(tmp_path, {"kafka": says(None)}, vital=vital) as client:
        answer = await client.get("/live")
        assert answer.status == 503
        body = await answer.json()
        assert body["status"] == "restart me"
        assert "none was finished" in body["checks"]["router"]


async def test_ready_when_every_check_is(tmp_path: Path) -> None:
    async with page(tmp_path, {"kafka": says(None), "tables": says(None)}) as client:
        answer = await client.get("/ready")
        assert answer.status == 200
        assert await answer.json() == {"process": "broker", "ready": True, "checks": {"kafka": "ok", "tables": "ok"}}


async def test_not_ready_says_which_check_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.05)
    checks = {"kafka": says(None), "tables": says("being recovered"), "postgres": raises, "redis": hangs}
    async with page(tmp_path, checks) as client:
        answer = await client.get("/ready")
        assert answer.status == 503
        data = await answer.json()
        assert data["ready"] is False
        assert data["checks"] == {
            "kafka": "ok",
            "tables": "being recovered",
            "postgres": "ConnectionError('the store is gone')",
            "redis": "no answer within 0 s",
        }


async def test_checks_are_asked_at_the_same_time(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def meets() -> str | None:
        async with asyncio.timeout(2), both:
            return None

    async with page(tmp_path, {"one": meets, "two": meets}) as client:
        assert (await client.get("/ready")).status == 200


async def test_metrics_are_read_when_asked_for(tmp_path: Path) -> None:
    counts: Counter[str] = Counter(UserWrote=2)
    async with page(tmp_path, {}, {"router": counts}, {"partitions": lambda: 8.0}) as client:
        counts["UserWrote"] += 1
        answer = await client.get("/metrics")
        text = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'broker_events_total{part="router",process="broker",what="UserWrote"} 3.0' in text
    assert 'broker_now{process="broker",what="partitions"} 8.0' in text
    assert "process_resident_memory_bytes" in text


async def test_two_apps_in_one_process_do_not_share_their_numbers(tmp_path: Path) -> None:
    async with page(tmp_path, {}, {"one": Counter(a=1)}) as first, page(tmp_path, {}, {"two": Counter(b=1)}) as second:
        assert 'part="two"' not in await (await first.get("/metrics")).text()
        assert 'part="one"' not in await (await second.get("/metrics")).text()


@pytest.mark.parametrize("path", ["/table/sessions", "/router/sessions/x", "/graph", "/performance", "/stats"])
async def test_fausts_own_pages_are_closed(tmp_path: Path, path: str) -> None:
    async with page(tmp_path, {}) as client:
        assert (await client.get(path)).status == 404
