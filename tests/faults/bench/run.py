"""Runs families: a system each, struck as often as asked, judged at the end; several at once, each a process.

In: the options of the command line. Out: results, one line of JSON each in a file, the table, the exit code. A seed
repeats the plans of users and of strikes; what the machine does between them it cannot repeat.
"""

import asyncio
import logging
import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from tests.faults.bench.bench import Bench, Stuck
from tests.faults.bench.families import FAMILIES
from tests.faults.bench.report import Result, details, is_clean, table
from tests.system.system import KAFKA, REPOSITORY

log = logging.getLogger("bench")


async def run_family(name: str, seed: int, strikes: int, *, users: int = 6, minutes: float = 0.0) -> Result:
    """One system, struck so often (or for so many minutes), and its findings."""
    family = FAMILIES[name]
    begun = time.monotonic()
    bench = Bench(f"{name}/{seed}", users=users, habits=family.habits, ordered=family.ordered, **family.system)
    async with bench:
        await bench.heard(5)
        try:
            while bench.struck < strikes if not minutes else time.monotonic() - begun < minutes * 60:
                await family.strike(bench, bench.struck)
                log.info("%s seed %d: %d faults after %.0f s", name, seed, bench.struck, time.monotonic() - begun)
        except Stuck as stuck:
            await bench.cry()
            bench.findings.add("stuck", "everybody", f"after {bench.struck} faults: {stuck}")
        findings = await bench.finish()
    seconds = time.monotonic() - begun
    return Result(name, KAFKA, seed, bench.struck, findings, seconds, bench.restarts, bench.longest_end)


async def run_all(options: Namespace) -> int:
    """Run what the command line asks for; returns the exit code."""
    runs = planned(options)
    if not runs:
        print(f"nothing to run: {options.family} needs another --kafka than {KAFKA}", file=sys.stderr)
        return 2
    turns = asyncio.Semaphore(options.jobs)
    failed = 0

    async def in_turn(name: str, seed: int, strikes: int) -> None:
        nonlocal failed
        async with turns:
            if options.jobs == 1:
                _note(
                    options.results, await run_family(name, seed, strikes, users=options.users, minutes=options.minutes)
                )
            else:
                failed += await _apart(options, name, seed, strikes)

    await asyncio.gather(*(in_turn(*run) for run in runs))
    if options.part:
        return 0
    results = read_results(options.results)
    print()
    print(table(results))
    complete = options.minutes or sum(one.struck for one in results) >= sum(strikes for *_, strikes in runs)
    return 0 if is_clean(results) and complete and not failed else 1


def planned(options: Namespace) -> list[tuple[str, int, int]]:
    """Family, seed and number of strikes of each run."""
    names = (
        [name for name in FAMILIES if name != "mixed_nodes"] if options.family == "all" else options.family.split(",")
    )
    runs = []
    for name in names:
        if FAMILIES[name].kafka not in ("", KAFKA):
            continue
        left, seed = options.strikes or FAMILIES[name].handful, options.seed
        while left > 0:
            runs.append((name, seed, min(left, options.per_run)))
            left, seed = left - options.per_run, seed + 1
    return runs


def read_results(path: str) -> list[Result]:
    """The results a file holds; none when there is no file yet."""
    file = Path(path)
    return [Result.from_json(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def _note(path: str, result: Result) -> None:
    with Path(path).open("ab") as file:
        file.write(result.to_json() + b"\n")
    print(f"{result.family} seed {result.seed}: {result.struck} faults in {result.seconds:.0f} s", flush=True)
    if said := details([result]):
        print(said, flush=True)


async def _apart(options: Namespace, name: str, seed: int, strikes: int) -> int:
    """A run in a process of its own; returns its exit code."""
    words = ["--family", name, "--seed", str(seed), "--strikes", str(strikes), "--per-run", str(strikes)]
    words += ["--users", str(options.users), "--minutes", str(options.minutes), "--kafka", KAFKA]
    words += ["--results", options.results, "--part"]
    environment = {**os.environ}
    if log := environment.get("BROKER_TEST_LOG"):
        environment["BROKER_TEST_LOG"] = f"{log}.{KAFKA}.{name}.{seed}"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.bench", *words, env=environment, cwd=REPOSITORY
    )
    code = await child.wait()
    if code:
        print(f"{name} seed {seed}: the run itself failed with exit code {code}", flush=True)
    return code
