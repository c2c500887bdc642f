"""What every embedded service has in common: start until it answers, stop, kill, pause, restart with or without data.

In: a port of 127.0.0.1 and a directory of its own. Out: a running server. A subclass says how to prepare the directory,
which command to run and when it answers. Must never touch anything outside its directory.
"""

import asyncio
import contextlib
import shutil
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from app.embedded.ports import PortTaken, port_in_use
from app.embedded.process import Account, LineSink, Process, ProcessFailed

HOST = "127.0.0.1"


class Service(ABC):
    """A server on 127.0.0.1 in a child process; also an asynchronous context manager."""

    name: ClassVar[str]
    start_limit: ClassVar[float] = 30.0
    grace: ClassVar[float] = 5.0
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, port: int, data_dir: Path, *, sink: LineSink | None = None) -> None:
        self.port = port
        self.data_dir = data_dir
        self.sink = sink
        self.started_in = 0.0
        self.process: Process | None = None

    @abstractmethod
    def argv(self) -> list[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether the server answers a real request now."""

    async def prepare(self) -> None:
        """Make the data directory usable; called before every start."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # What users wrote ends up here, so nobody else on the machine may look.
        self.data_dir.chmod(0o700)

    async def complete(self) -> None:
        """What has to be done once the server answers; nothing, for most."""
        return

    def account(self) -> Account | None:
        """The user to run as; None means ours."""
        return None

    def environment(self) -> Mapping[str, str] | None:
        """Environment of the server; None means ours."""
        return None

    @property
    def running(self) -> bool:
        """Whether the server's process lives, paused or not."""
        return self.process is not None and self.process.running

    async def start(self) -> None:
        """Start and wait until it answers; raises PortTaken, or ProcessFailed with the server's last lines."""
        if self.running:
            raise ProcessFailed(f"{self.name} runs already on port {self.port}: stop it first")
        if port_in_use(HOST, self.port):
            raise PortTaken(f"port {self.port} on {HOST}, wanted for {self.name}, is in use: give it another port")
        begun = time.monotonic()
        await self.prepare()
        self.process = Process(
            self.name,
            self.argv(),
            environment=self.environment(),
            directory=self.data_dir,
            sink=self.sink,
            stop_signal=self.stop_signal,
            account=self.account(),
        )
        await self.process.start()
        try:
            await self.process.wait_ready(self.answers, self.start_limit)
            await self.complete()
        except BaseException:
            await self.process.kill_and_wait()
            raise
        self.started_in = time.monotonic() - begun

    async def stop(self) -> None:
        """Stop in good order; killed if that takes too long. Data stays unless the service keeps none."""
        if self.process is not None:
            await self.process.terminate(self.grace)

    async def kill(self) -> None:
        """Kill with SIGKILL, as a crash of the machine would, and wait until it is gone."""
        if self.process is not None:
            await self.process.kill_and_wait()

    def pause(self) -> None:
        """Freeze the server (SIGSTOP): clients hang instead of failing."""
        if self.process is not None:
            self.process.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        if self.process is not None:
            self.process.resume()

    def erase(self) -> None:
        """Forget all data; raises ProcessFailed while the server runs."""
        if self.running:
            raise ProcessFailed(f"{self.name} still runs: stop or kill it before erasing its data")
        if self.data_dir.exists():
            shutil.rmtree(self.data_dir)

    async def restart(self, *, empty: bool = False) -> None:
        """Stop and start on the same port, with the data or `empty`."""
        await self.stop()
        if empty:
            self.erase()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def exchange(port: int, request: bytes, most: int = 64) -> bytes:
    """Send bytes to a port of 127.0.0.1 and return the first `most` bytes of the answer, empty if nobody listens."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return b""
    try:
        writer.write(request)
        return await reader.read(most)
    except OSError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
