"""One child process: readiness, last lines in errors, pausing, long output, and death together with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded.ports import PortTaken, claim_port, free_port, port_in_use
from app.embedded.process import Process, ProcessFailed


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def never() -> bool:
    return False


async def test_wait_ready_quotes_the_last_lines_of_a_process_that_ended() -> None:
    process = Process("part", python("print('no such file: x.conf'); raise SystemExit(3)"))
    await process.start()
    with pytest.raises(ProcessFailed, match=r"part ended with exit code 3 before it was ready(.|\n)*x\.conf"):
        await process.wait_ready(never, limit=10)
    assert process.returncode == 3
    assert not process.asked_to_end


async def test_wait_ready_has_a_limit_even_if_the_predicate_hangs() -> None:
    async def hangs() -> bool:
        await asyncio.sleep(60)
        return True

    process = Process("part", python("import time; time.sleep(60)"))
    await process.start()
    begun = time.monotonic()
    with pytest.raises(ProcessFailed, match=r"part was not ready within 0\.3 s; it wrote nothing"):
        await process.wait_ready(hangs, limit=0.3)
    assert time.monotonic() - begun < 5
    await process.terminate()


async def test_a_program_that_does_not_exist_is_an_error_with_its_name() -> None:
    process = Process("part", ["/no/such/program"])
    await process.start()
    with pytest.raises(ProcessFailed, match="cannot run /no/such/program: No such file"):
        await process.wait_ready(never, limit=10)


async def test_lines_arrive_whole_however_long_and_without_a_last_newline() -> None:
    lines: list[str] = []
    code = "import sys; sys.stdout.write('x' * 200_000 + '\\nsecond\\nthird')"
    process = Process("part", python(code), sink=lambda _, line: lines.append(line))
    await process.start()
    assert await process.wait() == 0
    assert lines[-2:] == ["second", "third"]
    assert "".join(lines[:-2]) == "x" * 200_000


async def test_a_paused_process_can_be_resumed_and_terminated() -> None:
    lines: list[str] = []
    code = "import time\nwhile True: print('tick', flush=True); time.sleep(0.02)"
    process = Process("part", python(code), sink=lambda _, line: lines.append(line))
    await process.start()
    await process.wait_ready(lambda: _true(bool(lines)), limit=10)
    assert process.pid is not None
    process.pause()
    seen = psutil.Process(process.pid)
    # The signal is sent, but on a busy machine not yet acted upon.
    await process.wait_ready(lambda: _true(seen.status() == psutil.STATUS_STOPPED), limit=10)
    process.resume()
    count = len(lines)
    await process.wait_ready(lambda: _true(len(lines) > count + 3), limit=10)
    process.pause()
    assert await process.terminate(grace=5) == -signal.SIGTERM


async def _true(value: bool) -> bool:
    return value


async def test_start_twice_is_refused_and_start_after_the_end_works() -> None:
    process = Process("part", python("import time; time.sleep(60)"))
    await process.start()
    with pytest.raises(ProcessFailed, match="runs already"):
        await process.start()
    first = process.pid
    await process.kill_and_wait()
    assert process.pid is None
    await process.start()
    assert process.pid != first
    await process.terminate()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent's")
def test_children_die_when_their_parent_is_killed_with_9(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, sys\n"
        "from app.embedded.process import Process\n"
        "async def main():\n"
        "    child = Process('child', [sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    await child.start()\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        # Only the program itself shows that the tie survives exec; the launcher has a check of its own.
        deadline = time.monotonic() + 10
        while "launch.py" in " ".join(child.cmdline()):
            assert time.monotonic() < deadline
        parent.kill()
        parent.wait()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


async def test_ports_are_claimed_or_refused_with_the_name_of_the_setting() -> None:
    port = free_port()
    assert not port_in_use("127.0.0.1", port)
    assert claim_port("127.0.0.1", port, "chat", "BROKER_CHAT_PORT") == port
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    try:
        assert port_in_use("127.0.0.1", port)
        with pytest.raises(PortTaken, match=rf"port {port} .*chat.*BROKER_CHAT_PORT"):
            claim_port("127.0.0.1", port, "chat", "BROKER_CHAT_PORT")
        assert claim_port("127.0.0.1", 0, "chat", "BROKER_CHAT_PORT") not in (0, port)
    finally:
        server.close()
        await server.wait_closed()


def test_free_ports_are_different_each_time() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
