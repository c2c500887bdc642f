"""The engine of `make demo`: checks the machine, starts stores and processes, waits, seeds, shows where to click.

In: settings, the commands of the Procfile, a `seed` that fills the fresh system. Out: a running demo until Ctrl-C, and
an exit code. Must leave nothing behind: no process and no data, however it ends.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import aiohttp

from app.embedded.console import Console
from app.embedded.demo_settings import busy_ports, credentials_of, ports_of
from app.embedded.environment import reachable
from app.embedded.ports import PortTaken
from app.embedded.requirements import missing_parts
from app.settings import Settings

if TYPE_CHECKING:
    # At run time only after `missing_parts`: these need the packages it looks for.
    from app.embedded.process import Process
    from app.embedded.stack import Stack
    from app.embedded.supervisor import Supervisor

Seed = Callable[[Mapping[str, str]], Awaitable[Sequence[str]]]
READY_SECONDS = 60.0


class SeedFailed(RuntimeError):
    """The fresh system could not be filled; the text says what to do. For `seed` to raise."""


async def no_seed(_: Mapping[str, str]) -> Sequence[str]:
    """Fill nothing, add no lines."""
    return ()


async def run_demo(
    settings: Settings,
    commands: Mapping[str, Sequence[str]],
    *,
    seed: Seed = no_seed,
    kafka: Literal["embedded", "apache"] = "embedded",
    console: Console | None = None,
    directory: Path | None = None,
) -> int:
    """Run the demo until it is asked to stop; returns 0 then, and not 0 after a failure, which was explained."""
    begun = time.monotonic()
    console = console or Console(commands)
    problems = missing_parts() or busy_ports(settings)
    for problem in problems:
        console.say(problem)
    if problems:
        return 1
    from app.embedded.stack import Stack
    from app.embedded.supervisor import Supervisor

    stack = Stack(
        kafka=kafka,
        kafka_port=settings.demo_kafka_port,
        redis_port=settings.demo_redis_port,
        postgres_port=settings.demo_postgres_port,
        mongo_port=settings.demo_mongo_port,
        host=settings.demo_host,
        ports=ports_of(settings),
        credentials=credentials_of(settings),
        partitions=settings.partitions,
    )
    supervisor = Supervisor(commands, {}, console=console, directory=directory)
    return await Demo(stack, supervisor, seed, console, begun).run()


class Demo:
    """One run of the demo."""

    def __init__(self, stack: "Stack", supervisor: "Supervisor", seed: Seed, console: Console, begun: float) -> None:
        self.stack = stack
        self.supervisor = supervisor
        self.seed = seed
        self.console = console
        self.begun = begun

    async def run(self) -> int:
        """Start, wait for the end, stop everything; returns the exit code."""
        from app.embedded.process import ProcessFailed

        with self.supervisor.signals():
            starting = asyncio.create_task(self._start())
            over = asyncio.create_task(self.supervisor.wait())
            try:
                await asyncio.wait({starting, over}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()
                return await over
            except (ProcessFailed, PortTaken, SeedFailed) as error:
                self.console.say(f"the demo did not start: {error}")
                return self.supervisor.exit_code or 1
            finally:
                starting.cancel()
                over.cancel()
                await asyncio.gather(starting, over, return_exceptions=True)
                await self._stop()

    async def _start(self) -> None:
        self.console.say("starting Kafka, PostgreSQL, Valkey and the MongoDB protocol…")
        await self.stack.start()
        for service in self.stack.services:
            self._step(service.name, f"port {service.port}", service.started_in)
        environment = self.stack.environment()
        self.supervisor.give({**os.environ, **environment})
        self.console.say(f"starting {', '.join(self.supervisor.processes)}…")
        await self.supervisor.start()
        begun = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            waits = [
                asyncio.create_task(self._await_process(process, session, begun))
                for process in self.supervisor.processes.values()
            ]
            try:
                await asyncio.gather(*waits)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
        lines = await self.seed(environment)
        self._banner(lines)

    async def _await_process(self, process: "Process", session: aiohttp.ClientSession, begun: float) -> None:
        from app.embedded.process import ProcessFailed

        port: int | None = getattr(self.stack.ports, process.name, None)
        if port is None:
            return
        path = "/live" if process.name == "simulator" else "/ready"
        url = f"http://{reachable(self.stack.host)}:{port}{path}"

        said = ""

        async def answers() -> bool:
            nonlocal said
            try:
                async with session.get(url) as answer:
                    said = await answer.text()
                    return answer.status == 200
            except aiohttp.ClientError as error:
                said = type(error).__name__
                return False

        try:
            await process.wait_ready(answers, READY_SECONDS, every=0.1)
        except ProcessFailed as error:
            raise ProcessFailed(f"{error}\n{url} said last: {said}") from None
        self._step(process.name, f"port {port}", time.monotonic() - begun)

    async def _stop(self) -> None:
        begun = time.monotonic()
        try:
            await self.supervisor.stop()
        finally:
            await self.stack.stop()
        self.console.say(f"everything is stopped, data removed ({time.monotonic() - begun:.1f} s)")

    def _step(self, name: str, where: str, seconds: float) -> None:
        self.console.say(f"  {name:<10} {where:<12} ready after {seconds:4.1f} s")

    def _banner(self, lines: Sequence[str]) -> None:
        host, ports = reachable(self.stack.host), self.stack.ports
        rows = [
            ("phones", f"http://{host}:{ports.simulator}/", "be a user on a fake WhatsApp"),
            ("chat", f"http://{host}:{ports.chat}/", "be an operator who answers"),
            ("admin API", f"http://{host}:{ports.broker}/api/v1/", "add and remove agents"),
            ("webhook", f"http://{host}:{ports.webhook}/webhook", "what Meta would call"),
            ("media", f"http://{host}:{ports.media}/media/…", "users' files, for agents with a token"),
            ("Kafka", self.stack.kafka.bootstrap, "for your own agent"),
        ]
        say = self.console.say
        say()
        for name, address, use in rows:
            say(f"  {name:<10} {address:<34} {use}")
        say()
        say("  Next: open the phones, write hi, choose an agent; then answer in the chat.")
        for line in lines:
            say(f"  {line}")
        say("  Ctrl-C stops everything and removes the demo's data.")
        say()
        say(self.console.paint(f"ready (after {time.monotonic() - self.begun:.1f} s)", 32))
