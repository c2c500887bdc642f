"""One running system with users and agents talking, to be struck; and the account of it at the end.

In: a seed, what sort of system and users. Out: conditions to wait for (traffic, readiness), and findings. Like any
supervisor it starts again what ended by itself, and counts it.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from typing import Any, Self

import aiohttp

from app.embedded.ports import free_port
from app.embedded.process import Process
from app.topics import Topics
from tests.faults.bench.files import getter, judge_files
from tests.faults.bench.kafka_log import ends_of, lag_of
from tests.faults.bench.plan import Habits, Plan, Written
from tests.faults.bench.players import EchoProgram, UserPlayer
from tests.faults.bench.slow import SlowLine
from tests.faults.bench.stores import judge_chat, judge_mirror, rebuild_mirror
from tests.faults.bench.truth import broker_settings, gather_truth
from tests.faults.bench.verdict import Findings, judge
from tests.system.system import AGENTS, System, until

READY_SECONDS = 150.0
FLOW_SECONDS = 180.0
QUIET_SECONDS = 180.0
HEARD_AFTER_A_STRIKE = 5
CRY_SECONDS = 3.0


class Stuck(Exception):
    """Something that had to happen did not, within its limit."""


class BenchSystem(System):
    """A system that may have more than one sender, and lines to its stores that can be made slow."""

    def __init__(self, *, senders: int = 1, **more: Any) -> None:
        # Its users are quicker than Meta lets anybody be.
        super().__init__(**{"BROKER_PAIR_SECONDS": "0.01", **more})
        self.more_senders = [f"sender-{number}" for number in range(1, senders)]
        self.more_ports: dict[str, int] = {}
        self.lines: dict[str, SlowLine] = {}
        self._open = contextlib.AsyncExitStack()

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        await self._open.aclose()

    def port_of(self, name: str) -> int:
        """The port of a process."""
        return self.more_ports.get(name) or super().port_of(name)

    async def _start(self) -> None:
        stack = self.stack
        for name, store, variable, address in (
            ("valkey", stack.valkey, "BROKER_REDIS_URL", stack.valkey.url),
            ("postgres", stack.postgres, "BROKER_POSTGRES_DSN", stack.postgres.dsn),
            ("mongo", stack.mongo, "BROKER_MONGO_URL", stack.mongo.url),
        ):
            line = self.lines[name] = await self._open.enter_async_context(SlowLine(store.port))
            self.settings[variable] = address.replace(str(store.port), str(line.port))
        await super()._start()
        for name in self.more_senders:
            self.more_ports[name] = free_port()
            environment = dict(self.processes["sender"].environment or {})
            self._add("sender", {**environment, "BROKER_SENDER_PORT": str(self.more_ports[name])}, name)
            await self.processes[name].start()
            await self.until_ready(name)


class Bench:
    """A system under test with its players."""

    def __init__(
        self, seed: str, *, users: int = 12, habits: Habits | None = None, ordered: bool = True, **system: Any
    ) -> None:
        self.rng = random.Random(seed)
        self.system = BenchSystem(**system)
        self.written: list[Written] = []
        self.struck = 0
        self.restarts = 0
        self.longest_end = 0.0
        """Seconds from SIGTERM to the end, at most."""
        self.expecting: set[str | Process] = set()
        """Names of processes that are meant to end by themselves, and processes that are being started."""
        self.emptied: set[str] = set()
        """Services that have lost their data."""
        self.findings = Findings()
        self._seed = seed
        self._users = users
        self._habits = habits or Habits()
        self._ordered = ordered
        self._by_id: dict[str, Written] = {}
        self._arrived: dict[str, float] = {}
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._keeper: asyncio.Task[None] | None = None
        self.players: list[UserPlayer] = []
        self.programs: list[EchoProgram] = []

    async def __aenter__(self) -> Self:
        await self.system.__aenter__()
        try:
            for number, name in enumerate(AGENTS):
                agent = self.system.agents[name]
                topics = [agent[f"{kind}_topic"] for kind in ("read", "write", "error")]
                bootstrap = self.system.stack.kafka.bootstrap
                program = EchoProgram(name, bootstrap, *topics, names=number < 2, arrived=self._note_arrival)
                await program.open()
                self.system._programs.append(program)
                self.programs.append(program)
            for number in range(self._users):
                phone = await self.system.phone(f"User {number}")
                plan = Plan(f"{self._seed}/{number}", f"u{number}", AGENTS, self._habits)
                self.players.append(UserPlayer(self.system, phone, plan, self._note_written))
        except BaseException:
            await self.system.__aexit__()
            raise
        self._tasks = [asyncio.create_task(player.play(self._over)) for player in self.players]
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (*self._tasks, self._keeper):
            if task is not None:
                task.cancel()
        await asyncio.gather(*self._tasks, self._keeper or asyncio.sleep(0), return_exceptions=True)
        await self.system.__aexit__()

    # --- what players tell

    def _note_written(self, one: Written) -> None:
        self.written.append(one)
        self._by_id[one.message_id] = one
        one.arrived = self._arrived.get(one.message_id)

    def _note_arrival(self, message_id: str, at: float) -> None:
        self._arrived.setdefault(message_id, at)
        one = self._by_id.get(message_id)
        if one is not None and one.arrived is None:
            one.arrived = at

    # --- what strikes wait for

    async def until(self, condition: Any, within: float, what: str) -> Any:
        """Wait for a condition; raises Stuck after so many seconds, or when a player fails."""

        async def holds() -> Any:
            self._check_players()
            return await condition()

        try:
            return await until(holds, within, what)
        except AssertionError as error:
            raise Stuck(str(error)) from None

    def _check_players(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception():
                raise RuntimeError("a player failed") from task.exception()
        for program in self.programs:
            if program.broken:
                raise RuntimeError("an agent's program failed") from program.broken

    async def heard(self, count: int, within: float = FLOW_SECONDS) -> None:
        """Wait until so many messages written from now on have reached an agent."""
        begun = time.time()

        async def flowing() -> bool:
            return sum(1 for one in self.written[-500:] if one.arrived and one.at > begun) >= count

        await self.until(flowing, within, f"{count} fresh messages heard by agents")

    async def some_written(self, count: int, within: float = 8.0) -> None:
        """Wait until users have written so many more messages, as far as they can meanwhile."""
        wanted = len(self.written) + count

        async def enough() -> bool:
            return len(self.written) >= wanted

        with contextlib.suppress(Stuck):
            await self.until(enough, within, "more messages written")

    async def ready(self, *names: str, within: float = READY_SECONDS) -> None:
        """Wait until processes say they are ready; none named means all."""
        for name in names or tuple(self.system.processes):
            await self._ready(name, within)

    async def ready_running(self) -> None:
        """Wait until the processes that run are ready."""
        await self.ready(*(name for name, process in self.system.processes.items() if process.running))

    async def _ready(self, name: str, within: float) -> None:
        said = ""
        url = f"http://127.0.0.1:{self.system.port_of(name)}/{'live' if name == 'simulator' else 'ready'}"

        async def is_ready() -> bool:
            nonlocal said
            try:
                limit = aiohttp.ClientTimeout(total=5)
                async with self.system.http.get(url, timeout=limit) as response:
                    said = await response.text()
                    return response.status == 200
            except (aiohttp.ClientError, TimeoutError) as error:
                said = repr(error)
                return False

        try:
            await self.until(is_ready, within, f"{name} ready")
        except Stuck as stuck:
            raise Stuck(f"{stuck}; it said {said}; {self.system.processes[name].quote()}") from None

    async def healed(self) -> None:
        """Wait until all is ready, agents hear fresh messages and phones get fresh answers: one more fault survived."""
        await self.ready()
        before = self._answers()
        await self.heard(HEARD_AFTER_A_STRIKE)

        async def answered() -> bool:
            return await self._look_at_phones() > before

        await self.until(answered, FLOW_SECONDS, "an agent's fresh answer on a phone")
        self.struck += 1

    def _answers(self) -> int:
        return sum(player.answers for player in self.players)

    async def _look_at_phones(self) -> int:
        for player in self.players:
            await player.received()
        return self._answers()

    async def cry(self) -> None:
        """Let every worker write into its log what each of its tasks waits for."""
        for name, process in self.system.processes.items():
            if name != "simulator" and process.running and process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGUSR1)
        await asyncio.sleep(CRY_SECONDS)

    async def start(self, process: Process) -> None:
        """Start a process that has ended."""
        self.expecting.add(process)
        try:
            await process.start()
        finally:
            self.expecting.discard(process)

    async def _keep(self) -> None:
        while True:
            for name, process in self.system.processes.items():
                ended = process.returncode is not None and not process.running
                if ended and not process.asked_to_end and not {name, process} & self.expecting:
                    self.restarts += 1
                    await self.start(process)
            await asyncio.sleep(0.2)

    # --- the end

    async def finish(self) -> Findings:
        """Let everybody finish their step, wait until all is quiet, and judge."""
        self._over.set()
        try:
            for process in self.system.processes.values():
                if not process.running:
                    await self.start(process)
            await self.ready()
            await self.until(self._players_done, QUIET_SECONDS, "the users' last messages taken by the webhook")
            await self.until(self._quiet, QUIET_SECONDS, "quiet")
        except Stuck as stuck:
            self.findings.add("stuck", "everybody", f"{stuck}; lags are {await self._lags()}")
        truth = await gather_truth(self.system, self.players, self.programs, self.written, ordered=self._ordered)
        found = judge(truth)
        found.violations += self.findings.violations
        if "valkey" in self.emptied:
            await rebuild_mirror(self.system)
        await judge_mirror(self.system, truth, found)
        if self.system.chat:
            await judge_chat(self.system, truth, found, whole="mongo" not in self.emptied)
        if self.system.media:
            await judge_files(truth, found, getter(self.system))
        return found

    async def _players_done(self) -> bool:
        return all(task.done() for task in self._tasks)

    async def _quiet(self) -> bool:
        before = await self._ends()
        if not all(program.idle for program in self.programs) or any((await self._lags()).values()):
            return False
        await asyncio.sleep(0.7)
        return before == await self._ends()

    async def _ends(self) -> dict[tuple[str, int], int]:
        names = [topic for group in self._groups().values() for topic in group]
        return await ends_of(self.system.stack.kafka.bootstrap, sorted(set(names)))

    async def _lags(self) -> dict[str, int]:
        bootstrap = self.system.stack.kafka.bootstrap
        return {group: await lag_of(bootstrap, group, topics) for group, topics in self._groups().items()}

    def _groups(self) -> dict[str, list[str]]:
        """Consumer groups and what they read."""
        settings = broker_settings()
        topics = Topics(settings)
        agents = self.system.agents.values()
        groups = {
            settings.app_id: list(topics.routed),
            f"{settings.app_id}-sender": [topics.outbox, topics.webhook],
            f"{settings.app_id}-bridge": [agent["write_topic"] for agent in agents],
            f"{settings.app_id}-mirror": [topics.sessions_changelog, topics.windows_changelog],
        }
        if self.system.media:
            groups[f"{settings.app_id}-media-intake"] = [topics.webhook]
        if self.system.chat:
            names = [agent[field] for agent in agents for field in ("read_topic", "error_topic")]
            groups[f"{settings.app_id}-chat-inbox"] = names
        return groups

    async def partitions(self, name: str) -> float:
        """How many partitions a worker has; -1 when it does not say."""
        try:
            url = f"http://127.0.0.1:{self.system.port_of(name)}/metrics"
            async with self.system.http.get(url, timeout=aiohttp.ClientTimeout(total=3)) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return -1
        lines = [line for line in text.splitlines() if 'what="partitions"' in line]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else -1

    def order_rng(self, turn: int) -> random.Random:
        """The dice for the order of strikes in one turn through a family."""
        return random.Random(f"{self._seed}/order/{turn}")
