"""The supervisor and its parts with small stand-in processes: order, crashes, restarts, exit codes, one stream."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded.console import Console
from app.embedded.procfile import ProcfileError, parse_procfile
from app.embedded.supervisor import Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, lambda *_: print('no', flush=True)); print('up', flush=True); "
STUBBORN += "[time.sleep(0.05) for _ in range(2000)]"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Wait for a condition, with a limit."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.02)


class Lines:
    """A sink that keeps lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append(f"{name}: {line}")


def supervisor(commands: dict[str, list[str]], lines: Lines, **options: float) -> Supervisor:
    console = Console(commands, io.StringIO())
    return Supervisor(commands, dict(os.environ), console=console, sink=lines, **options)  # type: ignore[arg-type]


def test_procfile_keeps_order_and_replaces_python() -> None:
    text = "# parts\n\nweb: python -m app web\nother:  /bin/echo 'two words'\n"
    commands = parse_procfile(text, python="/opt/python")
    assert list(commands.items()) == [
        ("web", ["/opt/python", "-m", "app", "web"]),
        ("other", ["/bin/echo", "two words"]),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("web python", "line 1"),
        ("a: x\na: y", "second time"),
        ("a: x | y", "needs a shell"),
        ("a: x 'y", "No closing quotation"),
        ("# nothing\n", "names no process"),
    ],
)
def test_procfile_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ProcfileError, match=reason):
        parse_procfile(text)


def test_console_prefixes_and_colours_only_when_asked() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    Console(["web", "broker"], plain).write("web", "hello")
    Console(["web", "broker"], coloured, colour=True).write("broker", "hello")
    assert plain.getvalue() == "web    | hello\n"
    assert coloured.getvalue() == "\x1b[33mbroker |\x1b[0m hello\n"


def test_console_goes_silent_when_the_terminal_is_gone() -> None:
    stream = io.StringIO()
    console = Console(["web"], stream)
    stream.close()
    console.write("web", "hello")
    assert console.gone


async def test_a_crash_stops_the_others_and_gives_the_exit_code() -> None:
    lines = Lines()
    crash = "import time; print('up', flush=True); time.sleep(0.3); raise SystemExit(7)"
    whole = supervisor({"one": python(SLEEPER), "two": python(crash)}, lines)
    async with asyncio.timeout(15):
        assert await whole.run() == 7
    assert whole.crashed is whole["two"]
    assert not whole["one"].running
    assert whole["one"].returncode == -signal.SIGTERM


async def test_a_part_killed_from_outside_is_a_crash() -> None:
    lines = Lines()
    whole = supervisor({"one": python(SLEEPER), "two": python(SLEEPER)}, lines)
    running = asyncio.create_task(whole.run())
    await until(lambda: len(lines.lines) == 2)
    assert whole["one"].pid is not None
    os.kill(whole["one"].pid, signal.SIGKILL)
    async with asyncio.timeout(15):
        assert await running == 128 + signal.SIGKILL
    assert not whole["two"].running


async def test_an_end_with_0_that_nobody_asked_for_is_a_crash_too() -> None:
    whole = supervisor({"one": python("pass"), "two": python(SLEEPER)}, Lines())
    async with asyncio.timeout(15):
        assert await whole.run() == 1


async def test_kill_and_restart_of_one_part_is_no_crash() -> None:
    lines = Lines()
    whole = supervisor({"one": python(SLEEPER), "two": python(SLEEPER)}, lines)
    await whole.start()
    try:
        await until(lambda: len(lines.lines) == 2)
        before = whole["one"].pid
        assert await whole["one"].kill_and_wait() == -signal.SIGKILL
        await whole.restart("one")
        await until(lambda: len(lines.lines) == 3)
        assert whole["one"].running
        assert whole["one"].pid != before
        assert whole["two"].running
        assert not whole.ending
        assert whole.crashed is None
    finally:
        await whole.stop()


async def test_stop_is_in_reverse_order() -> None:
    lines = Lines()
    code = "import signal, time; signal.signal(15, lambda *_: (print('bye', flush=True), exit(0))); "
    code += "print('up', flush=True); time.sleep(60)"
    whole = supervisor({name: python(code) for name in ("one", "two", "three")}, lines)
    await whole.start()
    await until(lambda: len(lines.lines) == 3)
    await whole.stop()
    assert lines.lines[3:] == ["three: bye", "two: bye", "one: bye"]
    assert whole.exit_code == 0


async def test_a_part_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    lines = Lines()
    whole = supervisor({"one": python(SLEEPER), "two": python(STUBBORN)}, lines, grace=0.5, turn=0.1)
    await whole.start()
    await until(lambda: len(lines.lines) == 2)
    async with asyncio.timeout(5):
        await whole.stop()
    assert whole["two"].returncode == -signal.SIGKILL
    assert whole["one"].returncode == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_all_with_0(number: signal.Signals) -> None:
    lines = Lines()
    whole = supervisor({"one": python(SLEEPER), "two": python(SLEEPER)}, lines)
    running = asyncio.create_task(whole.run())
    await until(lambda: len(lines.lines) == 2)
    os.kill(os.getpid(), number)
    async with asyncio.timeout(15):
        assert await running == 0
    assert not any(process.running for process in whole.processes.values())


async def test_a_second_signal_kills_at_once() -> None:
    lines = Lines()
    whole = supervisor({"one": python(STUBBORN)}, lines, grace=60)
    running = asyncio.create_task(whole.run())
    await until(lambda: len(lines.lines) == 1)
    whole.request_stop()
    await until(lambda: lines.lines[-1] == "one: no")
    whole.request_stop()
    async with asyncio.timeout(5):
        assert await running == 0
    assert whole["one"].returncode == -signal.SIGKILL


async def test_what_a_part_started_dies_with_it() -> None:
    lines = Lines()
    code = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    )
    code += "print(child.pid, flush=True); time.sleep(60)"
    whole = supervisor({"one": python(code)}, lines)
    await whole.start()
    await until(lambda: bool(lines.lines))
    grandchild = int(lines.lines[0].removeprefix("one: "))
    assert psutil.pid_exists(grandchild)
    await whole.stop()
    # As an orphan it may stay a zombie for a moment until init collects it.
    await until(lambda: not alive(grandchild))


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
