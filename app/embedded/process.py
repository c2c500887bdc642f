"""One child process under our control: started, waited for, paused, stopped, killed, started again.

In: a command and a sink for its lines. Out: lines, readiness, an exit code, and errors that quote its last lines.
It must never leave anything behind: what the child started dies with it, and on Linux the child dies with us.
Start it from a thread that lives on (the main one): Linux ties the child's life to the thread, not to the process.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

LineSink = Callable[[str, str], None]
Predicate = Callable[[], Awaitable[bool]]
LAUNCHER = Path(__file__).with_name("launch.py")
LONGEST_LINE = 64 * 1024


class Account(NamedTuple):
    """The user and group a process runs as."""

    user: int
    group: int


class ProcessFailed(RuntimeError):
    """A process that did not start, did not become ready, or ended too early; the text quotes its last lines."""


class Process:
    """A child process with a name; one object can be started again after it ended."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        sink: LineSink | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        account: Account | None = None,
        on_exit: Callable[["Process"], None] | None = None,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.environment = dict(environment) if environment is not None else None
        self.directory = directory
        self.sink = sink
        self.stop_signal = stop_signal
        self.account = account or Account(-1, -1)
        self.on_exit = on_exit
        self.last_lines: deque[str] = deque(maxlen=60)
        self.asked_to_end = False
        self._paused = False
        self._child: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[int] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running child, None when nothing runs."""
        return self._child.pid if self._child is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._watcher is not None and not self._watcher.done()

    @property
    def returncode(self) -> int | None:
        """Exit code of the last run, negative for a signal; None before the first end."""
        if self._watcher is None or not self._watcher.done() or self._watcher.cancelled():
            return None
        return self._watcher.result()

    async def start(self) -> None:
        """Start the child; raises ProcessFailed if it runs already or the program cannot be run."""
        if self.running:
            raise ProcessFailed(f"{self.name} runs already (process {self.pid}): stop it first")
        self.asked_to_end = self._paused = False
        self.last_lines.clear()
        account = [str(number) for number in self.account]
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *account]
        # A pipe of our own: asyncio's would let wait() hang as long as a grandchild holds the other end.
        reading, writing = os.pipe()
        try:
            self._child = await asyncio.create_subprocess_exec(
                *launcher,
                *self.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=self.environment,
                cwd=self.directory,
                # A session of its own: Ctrl-C in the terminal reaches us only, and we stop the children in order.
                start_new_session=True,
            )
        except BaseException as error:
            os.close(reading)
            if isinstance(error, OSError):
                raise ProcessFailed(f"{self.name} cannot be started in {self.directory}: {error}") from error
            raise
        finally:
            os.close(writing)
        self._watcher = asyncio.create_task(self._watch(self._child, reading), name=f"watch {self.name}")

    async def wait(self) -> int:
        """Wait for the end and return the exit code; raises ProcessFailed if it was never started."""
        if self._watcher is None:
            raise ProcessFailed(f"{self.name} was never started: call start() first")
        return await asyncio.shield(self._watcher)

    async def run(self) -> int:
        """Start, wait for the end and return the exit code; the child is killed if we are cancelled meanwhile."""
        await self.start()
        try:
            return await self.wait()
        finally:
            await self.kill_and_wait()

    async def wait_ready(self, predicate: Predicate, limit: float, every: float = 0.05) -> float:
        """Wait until `predicate` holds and return the seconds it took; raises ProcessFailed after `limit` seconds
        or when the child ends first."""
        begun = time.monotonic()
        while self.running:
            remaining = limit - (time.monotonic() - begun)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(remaining, 0.001)):
                    if await predicate():
                        return time.monotonic() - begun
            if remaining <= every:
                raise ProcessFailed(f"{self.name} was not ready within {limit:g} s; {self.quote()}")
            await asyncio.sleep(every)
        raise ProcessFailed(f"{self.name} {describe(self.returncode)} before it was ready; {self.quote()}")

    async def terminate(self, grace: float = 5.0) -> int | None:
        """Ask the child to end, kill it and all it started after `grace` seconds; returns the exit code."""
        if not self.running:
            return self.returncode
        self.resume()
        assert self._child is not None
        self.asked_to_end = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child.pid, self.stop_signal)
        try:
            async with asyncio.timeout(grace):
                return await self.wait()
        except TimeoutError:
            return await self.kill_and_wait()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the child and everything it started; nothing happens if it has ended."""
        if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            self.asked_to_end = True
        for member in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(number)

    async def kill_and_wait(self) -> int | None:
        """Kill with SIGKILL and wait until it is gone; returns the exit code."""
        if self.running:
            self.kill()
            return await self.wait()
        return self.returncode

    def pause(self) -> None:
        """Freeze the child and everything it started (SIGSTOP): connections stay open, nothing answers."""
        self.kill(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a paused child go on (SIGCONT)."""
        if self._paused:
            self.kill(signal.SIGCONT)
            self._paused = False

    def quote(self) -> str:
        """The last lines the child wrote, for an error message."""
        if not self.last_lines:
            return "it wrote nothing"
        return "its last lines:\n" + "\n".join(f"  {line}" for line in list(self.last_lines)[-20:])

    def _tree(self) -> list[psutil.Process]:
        """The child first, then its descendants, so that a stopped parent starts no more of them."""
        if self.pid is None:
            return []
        try:
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    async def _watch(self, child: asyncio.subprocess.Process, descriptor: int) -> int:
        reading = asyncio.create_task(self._read(descriptor))
        code = await child.wait()
        # What the child started and left in its session must not survive it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        # A grandchild in a session of its own may keep the pipe open; its words do not matter any more.
        await asyncio.wait({reading}, timeout=1.0)
        reading.cancel()
        (problem,) = await asyncio.gather(reading, return_exceptions=True)
        if isinstance(problem, Exception):
            # The sink failed, not the child; whoever waits for the child has to know.
            raise problem
        if self.on_exit is not None:
            asyncio.get_running_loop().call_soon(self.on_exit, self)
        return code

    async def _read(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        stream = asyncio.StreamReader()
        pipe = open(descriptor, "rb", buffering=0)  # noqa: ASYNC230, SIM115 - the transport closes it
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        try:
            rest = b""
            while chunk := await stream.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._line(line)
                if len(rest) > LONGEST_LINE:
                    self._line(rest)
                    rest = b""
            if rest:
                self._line(rest)
        finally:
            transport.close()

    def _line(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").rstrip("\r")
        self.last_lines.append(line)
        if self.sink is not None:
            self.sink(self.name, line)


def describe(code: int | None) -> str:
    """How a process ended, in words: `ended with exit code 1`, `was killed by SIGKILL`."""
    if code is None:
        return "is not running"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
