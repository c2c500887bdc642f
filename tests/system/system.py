"""The whole system as processes, for tests: services, workers, simulator; each can be killed and started again.

In: which Kafka, how many broker workers. Out: a running system with agents registered, driven only from outside: the
simulator's phones, agents' topics, HTTP. It imports nothing of the workers.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, get_args

import aiohttp

from app.embedded.environment import Ports
from app.embedded.ports import free_port
from app.embedded.process import Process
from app.embedded.stack import KafkaKind, Stack
from tests.system.agent_program import AgentProgram
from tests.system.phones import Phone, Simulator

REPOSITORY = Path(__file__).parents[2]
KAFKA: KafkaKind = next(one for one in get_args(KafkaKind) if one == os.environ.get("BROKER_TEST_KAFKA", "embedded"))
START_SECONDS = 60.0
AGENTS = ("Consumer Service", "Sales", "Help Desk")


async def until(condition: Callable[[], Awaitable[Any]], within: float, what: str) -> Any:
    """Wait for a condition to give something true; fails, saying what never came, after so many seconds."""
    end = asyncio.get_running_loop().time() + within
    while True:
        found = await condition()
        if found:
            return found
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(0.05)


class System:
    """One running broker with everything around it."""

    def __init__(self, *, brokers: int = 1, chat: bool = False, media: bool = False, **settings: str) -> None:
        self.ports = Ports.free()
        self.stack = Stack(kafka=KAFKA, ports=self.ports, partitions=4)
        self.settings = settings
        self.processes: dict[str, Process] = {}
        self.broker_ports = [self.ports.broker, *(free_port() for _ in range(brokers - 1))]
        self.chat = chat
        self.media = media
        self._http: aiohttp.ClientSession | None = None
        self._programs: list[AgentProgram] = []

    @property
    def http(self) -> aiohttp.ClientSession:
        """A client for the system's own pages."""
        assert self._http is not None
        return self._http

    @property
    def simulator(self) -> Simulator:
        """The fake WhatsApp's control."""
        return Simulator(self.http, f"http://127.0.0.1:{self.ports.simulator}")

    async def __aenter__(self) -> Self:
        await self.stack.__aenter__()
        self._http = aiohttp.ClientSession()
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        # What ended a program is not to keep the rest from being stopped, nor to hide why the test failed.
        await asyncio.gather(*(program.close() for program in self._programs), return_exceptions=True)
        await asyncio.gather(*(process.terminate(grace=15.0) for process in self.processes.values()))
        if self._http is not None:
            await self._http.close()
        await self.stack.__aexit__()

    async def _start(self) -> None:
        environment = {**os.environ, **self.stack.environment(), "BROKER_PROFILE": "demo", **self.settings}
        self._add("topics", environment)
        await self.processes["topics"].start()
        assert await self.processes["topics"].wait() == 0, self.processes["topics"].quote()
        del self.processes["topics"]
        names = ["webhook", "sender", "simulator", *(["chat"] if self.chat else []), *(["media"] if self.media else [])]
        for name in names:
            self._add(name, environment)
        for number, port in enumerate(self.broker_ports):
            self._add("broker", {**environment, "BROKER_BROKER_PORT": str(port)}, f"broker-{number}")
        await asyncio.gather(*(process.start() for process in self.processes.values()))
        await self.until_live(self.ports.broker)
        self.agents = {name: await self.register(name) for name in AGENTS}
        await asyncio.gather(*(self.until_ready(name) for name in self.processes))
        await self.until_known(*AGENTS)

    def _add(self, command: str, environment: dict[str, str], name: str = "") -> None:
        argv = [sys.executable, "-m", "app", command]
        sink = _log_to(os.environ.get("BROKER_TEST_LOG"))
        self.processes[name or command] = Process(
            name or command, argv, environment=environment, directory=REPOSITORY, sink=sink
        )

    def port_of(self, name: str) -> int:
        """The port of a process."""
        if name.startswith("broker-"):
            return self.broker_ports[int(name.removeprefix("broker-"))]
        return int(getattr(self.ports, name))

    async def until_live(self, port: int) -> None:
        """Wait until something answers on a port."""

        async def answers() -> bool:
            self._all_run()
            try:
                async with self.http.get(f"http://127.0.0.1:{port}/live") as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        await until(answers, START_SECONDS, f"an answer on port {port}")

    async def until_ready(self, name: str) -> None:
        """Wait until a process says it is ready."""
        path = "live" if name == "simulator" else "ready"
        last: dict[str, Any] = {}

        async def is_ready() -> bool:
            self._all_run()
            try:
                async with self.http.get(f"http://127.0.0.1:{self.port_of(name)}/{path}") as response:
                    last["answer"] = await response.text()
                    return response.status == 200
            except aiohttp.ClientError as error:
                last["answer"] = repr(error)
                return False

        try:
            await until(is_ready, START_SECONDS, f"{name} ready")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said {last}; {self.processes[name].quote()}") from None

    async def register(self, name: str, **more: Any) -> dict[str, Any]:
        """Register an agent through the admin API; returns it with its id."""
        slug = name.lower().replace(" ", "_")
        agent = {
            "name": name,
            "read_topic": f"{slug}-in",
            "write_topic": f"{slug}-out",
            "error_topic": f"{slug}-error",
            **more,
        }
        answer = await self.admin("POST", "/agent/create", agent)
        return {**agent, "id": answer["id"]}

    async def admin(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call the admin API; fails when it answers with another status."""
        found, answer = await self.admin_answer(method, path, body)
        assert found == status, f"{method} {path}: {found} {answer}"
        return answer

    async def admin_answer(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer of a call of the admin API."""
        token = self.stack.credentials.admin_tokens[0]
        url = f"http://127.0.0.1:{self.ports.broker}/api/v1{path}"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def until_known(self, *names: str) -> None:
        """Wait until every broker worker that runs knows these agents and reads what they write.

        Each follows the register by itself, and is not ready while its bridge takes up new topics.
        """
        for process in filter(lambda name: name.startswith("broker-") and self.processes[name].running, self.processes):
            url = f"http://127.0.0.1:{self.port_of(process)}/ready"

            async def knows(url: str = url) -> bool:
                try:
                    async with self.http.get(url) as response:
                        known = set((await response.json())["agents"])
                        return response.status == 200 and set(names) <= known
                except aiohttp.ClientError:
                    return False

            await until(knows, START_SECONDS, f"{', '.join(names)} known to {process}")

    async def program(self, name: str) -> AgentProgram:
        """A program connected as one of the agents."""
        agent = self.agents[name]
        program = AgentProgram(
            self.stack.kafka.bootstrap, agent["read_topic"], agent["write_topic"], agent["error_topic"]
        )
        await program.open()
        self._programs.append(program)
        return program

    @asynccontextmanager
    async def bot(self, module: str) -> AsyncIterator[Process]:
        """A bot of `agents` as a process of its own, for as long as the context lasts; it must end when asked to."""
        argv = [sys.executable, "-m", f"agents.{module}"]
        environment = {**os.environ, "BROKER_KAFKA": self.stack.kafka.bootstrap}
        sink = _log_to(os.environ.get("BROKER_TEST_LOG"))
        process = Process(module, argv, environment=environment, directory=REPOSITORY, sink=sink)
        await process.start()
        try:
            yield process
            assert process.running, f"{module} ended: {process.quote()}"
        finally:
            await process.terminate(grace=15.0)

    async def phone(self, name: str, **more: Any) -> Phone:
        """A new user's phone."""
        return await self.simulator.phone(name, **more)

    async def within(self, seconds: float, work: Awaitable[Any]) -> Any:
        """The result of something that promises to be done in time; fails when it is not."""
        async with asyncio.timeout(seconds):
            return await work

    async def command(self, *words: str, code: int = 0, **settings: str) -> str:
        """Run `python -m app …` beside the system, with other settings; fails when it ends with another code.

        Returns what it printed, and when it was to fail, what it complained of.
        """
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *words,
            env={**os.environ, **self.stack.environment(), **settings},
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await child.communicate()
        assert child.returncode == code, f"{words}: {child.returncode}\n{output.decode()}\n{errors.decode()}"
        return errors.decode() if code else output.decode()

    async def until_serving(self, name: str) -> None:
        """Wait until the chat reads the topics of an agent."""

        async def serving() -> bool:
            async with self.http.get(f"http://127.0.0.1:{self.ports.chat}/ready") as response:
                body = await response.json()
                return bool(body["ready"]) and name in body["agents"]

        await until(serving, START_SECONDS, f"the chat serving {name}")

    async def metric(self, name: str, part: str, what: str) -> float:
        """A counter of a process."""
        async with self.http.get(f"http://127.0.0.1:{self.port_of(name)}/metrics") as response:
            text = await response.text()
        wanted = f'part="{part}"', f'what="{what}"'
        lines = [line for line in text.splitlines() if all(word in line for word in wanted)]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0

    async def now(self) -> float:
        """Seconds UTC, for what a test writes itself."""
        return time.time()

    def _all_run(self) -> None:
        ended = [process for process in self.processes.values() if not process.running and not process.asked_to_end]
        assert not ended, "; ".join(f"{process.name} ended: {process.quote()}" for process in ended)


def _log_to(path: str | None) -> Callable[[str, str], None] | None:
    if path is None:
        return None

    def write(name: str, line: str) -> None:
        with Path(path).open("a") as file:
            file.write(f"{name:10} {line}\n")

    return write
