"""Health and numbers of a process: `/`, `/live`, `/ready`, `/metrics`.

In: named checks and counters of the parts. Out: JSON that says which check fails and why, and Prometheus text. It
shows no secret and no user.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else what is wrong and what to do."""


class PartsCollector:
    """Hands the parts' plain counters to Prometheus when it asks."""

    def __init__(self, process: str, counters: Mapping[str, Mapping[str, int]], gauges: Mapping[str, Any]) -> None:
        self._process = process
        self._counters = counters
        self._gauges = gauges

    def collect(self) -> Any:
        """The metrics, read now."""
        labels = ["process", "part", "what"]
        family = CounterMetricFamily("broker_events", "What the parts of a process have done.", labels=labels)
        for part, counts in self._counters.items():
            for what, count in counts.items():
                family.add_metric([self._process, part, what], count)
        yield family
        gauge = GaugeMetricFamily("broker_now", "What is true of a process now.", labels=["process", "what"])
        for what, read in self._gauges.items():
            gauge.add_metric([self._process, what], read())
        yield gauge


def add_health(
    app: Any,
    checks: Mapping[str, Check],
    counters: Mapping[str, Mapping[str, int]] | None = None,
    gauges: Mapping[str, Callable[[], float]] | None = None,
    about: Callable[[], dict[str, Any]] = dict,
    notes: Mapping[str, Check] | None = None,
    vital: Mapping[str, Check] | None = None,
) -> None:
    """Add the health pages to a Faust app; `about` adds facts to the answer of `/ready`.

    `checks` decide whether the process is ready. `notes` are checks of what it can do without for a while: shown, but
    they do not decide. `vital` ones decide whether it lives: what fails there only a restart can mend.
    """
    registry = CollectorRegistry()
    registry.register(PartsCollector(app.process_name, counters or {}, gauges or {}))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)

    async def root(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def live(request: web.Request) -> web.Response:
        found = {"loop": None, **await _results(vital or {})}
        wrong = any(found.values())
        body = {"status": "restart me" if wrong else "ok", "process": app.process_name, "checks": _shown(found)}
        return web.json_response(body, status=503 if wrong else 200)

    async def ready(request: web.Request) -> web.Response:
        found = await _results({**checks, **(notes or {})})
        wrong = any(found[name] for name in checks)
        body = {
            "process": app.process_name,
            "ready": not wrong,
            "checks": _shown(found),
            **about(),
        }
        return web.json_response(body, status=503 if wrong else 200)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    router = app.web.web_app.router
    router.add_get("/", root)
    router.add_get("/live", live)
    router.add_get("/ready", ready)
    router.add_get("/metrics", metrics)


async def _results(checks: Mapping[str, Check]) -> dict[str, str | None]:
    return dict(zip(checks, await asyncio.gather(*map(_result, checks.values())), strict=True))


def _shown(found: Mapping[str, str | None]) -> dict[str, str]:
    return {name: problem or "ok" for name, problem in found.items()}


async def _result(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is the very thing to report
        return repr(error)
