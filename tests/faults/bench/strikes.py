"""Strikes on our own processes: killed, terminated, ended at a named point, frozen, joined by others, other clocks.

In: a bench in the midst of traffic, and whom to strike. Out: a bench that has survived one more fault, or `Stuck`.
Nothing waits for time to pass where there is a condition to wait for.
"""

import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app.embedded.process import Process
from tests.faults.bench.bench import FLOW_SECONDS, READY_SECONDS, Bench
from tests.faults.bench.kafka_log import PARTITIONS

FORCED = 70
"""Exit code of a worker that could not finish what was in flight in time: nothing of it is committed."""
TERM_SECONDS = 20.0
"""An orderly end takes no longer; after twice that the bench kills."""
POINT_SECONDS = READY_SECONDS + FLOW_SECONDS
"""A process has to start before it can pass a point, and users have to write what leads there."""
FREEZE_SECONDS = READY_SECONDS
CLOCK_SECONDS = 600
SENDER_PARTITIONS = PARTITIONS * 3
"""Of a sender that is alone: the outbox, the webhook's topic and a changelog."""
BETWEEN_MAX = 8
"""Messages between two strikes, at most."""


async def in_traffic(bench: Bench) -> None:
    """Let some messages come through since the last strike."""
    await bench.heard(bench.rng.randint(1, BETWEEN_MAX))


async def kill(bench: Bench, name: str) -> None:
    """kill -9, and start again after some more messages."""
    await in_traffic(bench)
    process = bench.system.processes[name]
    await process.kill_and_wait()
    await bench.some_written(bench.rng.randint(0, 6))
    await bench.start(process)
    await bench.healed()


async def kill_together(bench: Bench, names: Sequence[str]) -> None:
    """kill -9 of two processes at the same moment, and start both again."""
    await in_traffic(bench)
    chosen = [bench.system.processes[name] for name in bench.rng.sample(list(names), 2)]
    await asyncio.gather(*(process.kill_and_wait() for process in chosen))
    await bench.some_written(bench.rng.randint(0, 6))
    await asyncio.gather(*(bench.start(process) for process in chosen))
    await bench.healed()


async def terminate(bench: Bench, name: str) -> None:
    """SIGTERM; an orderly end leaves the group within 20 s."""
    await in_traffic(bench)
    process = bench.system.processes[name]
    await end_orderly(bench, process)
    await bench.some_written(bench.rng.randint(0, 6))
    await bench.start(process)
    await bench.healed()


async def terminate_without_kafka(bench: Bench, name: str) -> None:
    """SIGTERM while Kafka hangs: what is in flight cannot be finished, and the process ends in time all the same."""
    await in_traffic(bench)
    process, kafka = bench.system.processes[name], bench.system.stack.kafka
    kafka.pause()
    try:
        await end_orderly(bench, process, codes=(0, FORCED))
    finally:
        kafka.resume()
    await bench.start(process)
    await bench.healed()


async def end_orderly(bench: Bench, process: Process, codes: Sequence[int] = (0,)) -> None:
    """SIGTERM, and a finding when it takes too long or ends badly."""
    begun = asyncio.get_running_loop().time()
    at_work = bool(process.last_lines)
    code = await process.terminate(grace=2 * TERM_SECONDS)
    took = asyncio.get_running_loop().time() - begun
    bench.longest_end = max(bench.longest_end, took)
    if code == -signal.SIGTERM and not at_work:
        return  # it had only just been started: there was nothing to end in good order
    if code not in codes or took > TERM_SECONDS:
        what = f"SIGTERM ended it with code {code} after {took:.1f} s; {process.quote()}"
        bench.findings.add("wrong", process.name, what)


async def end_at(bench: Bench, name: str, point: str) -> None:
    """End at a named point: start with the point put in, wait until it has struck, start without."""
    after = bench.rng.randint(1, 6)
    process = bench.system.processes[name]
    normal = process.argv
    await end_orderly(bench, process)
    process.argv = with_point(normal, point, after)
    bench.expecting.add(name)
    try:
        await bench.start(process)

        async def ended() -> bool:
            return not process.running

        await bench.until(ended, POINT_SECONDS, f"{name} ending at {point} (passing {after})")
        if process.returncode != -signal.SIGKILL:
            what = f"it was to end at {point} and ended with code {process.returncode}; {process.quote()}"
            bench.findings.add("wrong", name, what)
    finally:
        process.argv = normal
        bench.expecting.discard(name)
    await bench.start(process)
    await bench.healed()


async def end_at_refusal(bench: Bench, name: str, point: str) -> None:
    """End at a point that only a message Meta refuses comes to."""
    refusals = [{"code": 131026, "http_status": 400, "rate": 0.5}]
    await bench.system.simulator.switch(seed=bench.rng.randrange(10**6), errors=refusals)
    try:
        await end_at(bench, name, point)
    finally:
        await bench.system.simulator.switch(errors=[])


async def with_defect(bench: Bench, name: str, defect: str) -> None:
    """For the bench's own tests: a process runs without a guard, ends itself in traffic, and is started again."""
    process = bench.system.processes[name]
    normal = process.argv
    await process.terminate(grace=2 * TERM_SECONDS)
    process.argv = with_point(normal, defect, 10)
    bench.expecting.add(name)
    await bench.start(process)

    async def ended() -> bool:
        return not process.running

    await bench.until(ended, POINT_SECONDS, f"{name} ended by {defect}")
    await process.kill_and_wait()
    bench.expecting.discard(name)
    process.argv = with_point(normal, defect, 10**9)
    await bench.start(process)
    await bench.healed()


def with_point(argv: Sequence[str], point: str, after: int) -> list[str]:
    """The command of a process with a point or a defect put in."""
    return [sys.executable, "-m", "tests.faults.points", point, str(after), argv[-1]]


async def freeze(bench: Bench, name: str, survivor: str, partitions: float) -> None:
    """SIGSTOP until the survivor has all partitions, some traffic, SIGCONT."""
    await in_traffic(bench)
    process = bench.system.processes[name]
    process.pause()
    try:

        async def taken_over() -> bool:
            return await bench.partitions(survivor) >= partitions

        await bench.until(taken_over, FREEZE_SECONDS, f"{survivor} with the partitions of the frozen {name}")
        await bench.ready(survivor)
        await bench.some_written(bench.rng.randint(0, 20))
    finally:
        process.resume()
    await bench.healed()


async def freeze_sender(bench: Bench) -> None:
    """Freeze one of two senders, in the midst of requests, until the other has its messages."""
    one, other = bench.rng.sample(("sender", "sender-1"), 2)
    await bench.system.simulator.switch(graph_latency_min_ms=300, graph_latency_max_ms=900)
    try:
        await freeze(bench, one, other, SENDER_PARTITIONS)
    finally:
        await bench.system.simulator.switch(graph_latency_min_ms=0, graph_latency_max_ms=0)


async def join_and_leave(bench: Bench, names: Sequence[str]) -> None:
    """One or two of several workers come or go, by turns and together, by SIGTERM or kill -9; one always stays."""
    await in_traffic(bench)
    workers = [bench.system.processes[name] for name in names]
    chosen = bench.rng.sample(workers, bench.rng.choice((1, 2)))
    running = [worker for worker in workers if worker.running]
    if all(worker in chosen for worker in running):
        chosen = chosen[:-1] or chosen
    await asyncio.gather(*(_toggle(bench, worker, len(running)) for worker in chosen))
    if not any(worker.running for worker in workers):
        await bench.start(workers[0])
    # While some still recover, the next one may come already.
    if bench.rng.random() < 0.5:
        await bench.ready_running()
    await bench.heard(3)
    bench.struck += 1


async def leave_and_come_back(bench: Bench, names: Sequence[str]) -> None:
    """One of several workers leaves, by SIGTERM or kill -9, and comes back while the others take over."""
    await in_traffic(bench)
    worker = bench.system.processes[bench.rng.choice(list(names))]
    await _toggle(bench, worker, len(names))
    await bench.some_written(bench.rng.randint(0, 6))
    await bench.start(worker)
    await bench.healed()


async def _toggle(bench: Bench, worker: Process, running: int) -> None:
    if not worker.running:
        await bench.start(worker)
    elif running > 1 and bench.rng.random() < 0.5:
        await worker.kill_and_wait()
    else:
        await end_orderly(bench, worker)


async def wipe(bench: Bench, name: str) -> None:
    """Kill -9, wipe the folder of the table stores, start again."""
    await in_traffic(bench)
    process = bench.system.processes[name]
    await process.kill_and_wait()
    tables = Path((process.environment or {})["BROKER_DATA_DIR"])
    found = [folder for folder in tables.iterdir() if str(bench.system.port_of(name)) in folder.name]
    assert found, f"no table folder of {name} in {tables}"
    for folder in found:
        shutil.rmtree(folder)
    await bench.start(process)
    await bench.healed()


async def change_clock(bench: Bench, name: str) -> None:
    """Start a process again with its clock ten minutes off, one way or the other, or right again."""
    await in_traffic(bench)
    process = bench.system.processes[name]
    command = process.argv[-1]
    right = [sys.executable, "-m", "app", command]
    wrong = [with_point(right, "clock", off) for off in (-CLOCK_SECONDS, CLOCK_SECONDS)]
    await end_orderly(bench, process)
    process.argv = bench.rng.choice([argv for argv in (*wrong, right) if argv != process.argv])
    await bench.start(process)
    await bench.healed()
