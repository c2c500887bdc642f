"""The README's first command, as a process: it says ready, and nothing is left after Ctrl-C."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded.environment import Ports
from app.embedded.ports import free_port
from app.embedded.process import Process
from tests.system.system import KAFKA, REPOSITORY, until

READY_SECONDS = 90.0
STOP_SECONDS = 30.0


@pytest.mark.skipif(KAFKA != "embedded", reason="the demo's own Kafka is the embedded one")
@pytest.mark.kafka
async def test_the_demo_says_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ports = Ports.free()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BROKER_")},
        "BROKER_WEBHOOK_PORT": str(ports.webhook),
        "BROKER_BROKER_PORT": str(ports.broker),
        "BROKER_SENDER_PORT": str(ports.sender),
        "BROKER_CHAT_PORT": str(ports.chat),
        "BROKER_MEDIA_PORT": str(ports.media),
        "BROKER_SIMULATOR_PORT": str(ports.simulator),
        "BROKER_DEMO_KAFKA_PORT": str(free_port()),
        "TMPDIR": str(tmp_path),
    }
    tmp_path.chmod(0o711)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o711)  # PostgreSQL, which does not run as root, must get through
    lines: list[str] = []
    argv = [sys.executable, "-m", "app", "demo"]
    demo = Process("demo", argv, environment=environment, directory=REPOSITORY, sink=lambda _, line: lines.append(line))
    await demo.start()
    try:

        async def ready() -> bool:
            assert demo.running, demo.quote()
            return any(line.startswith("ready") for line in lines)

        await until(ready, READY_SECONDS, f"the word ready: {lines[-20:]}")
        assert any("Sales" in line and line.count("-") == 2 for line in lines), "a login code for each agent"
        assert demo.pid is not None
        children = psutil.Process(demo.pid).children(recursive=True)
        assert len(children) >= 10, "four services and six processes"
        demo.kill(signal.SIGINT)
        async with asyncio.timeout(STOP_SECONDS):
            assert await demo.wait() == 0
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not [child for child in alive if not _has_ended(child)]
        assert not list(tmp_path.glob("whatsapp-broker-*")), "the demo's data are gone"
    finally:
        await demo.terminate(grace=STOP_SECONDS)


def _has_ended(child: psutil.Process) -> bool:
    try:
        return bool(child.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
