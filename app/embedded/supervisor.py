"""Runs a set of named processes as one: starts them in order, shows their lines, ends them together.

In: commands by name, an environment, a console. Out: an exit code. The end of one process that nobody asked to end is a
crash, and everything stops in reverse order. Tests may kill and restart single processes; that is not a crash.
"""

import asyncio
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.embedded.console import Console
from app.embedded.process import LineSink, Process, describe

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Processes by name; `run()` does everything, the other methods are for who wants the steps."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        *,
        console: Console | None = None,
        sink: LineSink | None = None,
        directory: Path | None = None,
        grace: float = 8.0,
        turn: float = 1.0,
    ) -> None:
        self.console = console or Console(commands)
        self.grace = grace
        self.turn = turn
        self.crashed: Process | None = None
        self._end = asyncio.Event()
        self._hurry = False
        show = sink or self.console.write
        self.processes = {
            name: Process(name, argv, directory=directory, sink=show, on_exit=self._ended)
            for name, argv in commands.items()
        }
        self.give(environment)

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    def give(self, environment: Mapping[str, str]) -> None:
        """Set the environment of the processes that are started from now on."""
        for process in self.processes.values():
            # Without this variable, the last words of a killed Python process stay in its buffer.
            process.environment = {**environment, "PYTHONUNBUFFERED": "1"}

    async def start(self) -> None:
        """Start all in order; raises ProcessFailed if one cannot be started, after stopping the others."""
        try:
            for process in self.processes.values():
                await process.start()
        except BaseException:
            await self.stop()
            raise

    async def restart(self, name: str) -> None:
        """Stop one process if it runs, and start it again."""
        await self.processes[name].terminate(self.grace)
        await self.processes[name].start()

    async def wait(self) -> int:
        """Wait for a crash or for `request_stop`; returns the exit code: 0 if asked to stop, else not 0."""
        await self._end.wait()
        return self.exit_code

    @property
    def exit_code(self) -> int:
        """0, or the code of the process that crashed: 128 + the signal that killed it, 1 if it ended with 0."""
        code = self.crashed.returncode if self.crashed is not None else 0
        if self.crashed is None or code is None:
            return 0
        return 128 - code if code < 0 else code or 1

    @property
    def ending(self) -> bool:
        """Whether a crash or a request has begun the end."""
        return self._end.is_set()

    def request_stop(self) -> None:
        """Ask for the end; asked a second time, nothing is waited for any more."""
        if not self._end.is_set():
            self.console.say("stopping…")
            self._end.set()
        elif not self._hurry:
            self._hurry = True
            for process in self.processes.values():
                process.kill()

    async def stop(self) -> None:
        """Stop all in reverse order: each has `turn` seconds before the next is asked, all have `grace` seconds."""
        self._end.set()
        stopping: list[asyncio.Task[int | None]] = []
        for process in reversed(self.processes.values()):
            if process.running:
                task = asyncio.create_task(process.terminate(self.grace))
                stopping.append(task)
                await asyncio.wait({task}, timeout=self.turn)
        await asyncio.gather(*stopping)

    async def run(self) -> int:
        """Start, wait for the end with Ctrl-C and SIGTERM caught, stop; returns the exit code."""
        with self.signals():
            await self.start()
            try:
                return await self.wait()
            finally:
                await self.stop()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Turn SIGINT, SIGTERM and SIGHUP into `request_stop` meanwhile."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.request_stop)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _ended(self, process: Process) -> None:
        if process.asked_to_end or process.running:
            return
        if self.crashed is None and not self._end.is_set():
            self.crashed = process
            self.console.say(f"{process.name} {describe(process.returncode)}: stopping the others")
        self._end.set()
