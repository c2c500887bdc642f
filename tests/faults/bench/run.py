"""Runs families: a system each, struck as often as asked, judged at the end.

In: the options of the command line. Out: results, the table, the exit code. A seed repeats the plans of users and of
strikes; what the machine does between them it cannot repeat.
"""

import time
from argparse import Namespace

from tests.faults.bench.bench import Bench, Stuck
from tests.faults.bench.families import FAMILIES
from tests.faults.bench.report import Result, details, is_clean, table
from tests.system.system import KAFKA


async def run_family(name: str, seed: int, strikes: int, *, users: int = 12, minutes: float = 0.0) -> Result:
    """One system, struck so often (or for so many minutes), and its findings."""
    family = FAMILIES[name]
    begun = time.monotonic()
    bench = Bench(f"{name}/{seed}", users=users, habits=family.habits, ordered=family.ordered, **family.system)
    async with bench:
        await bench.heard(5)
        try:
            while bench.struck < strikes if not minutes else time.monotonic() - begun < minutes * 60:
                await family.strike(bench, bench.struck)
        except Stuck as stuck:
            bench.findings.add("stuck", "everybody", f"after {bench.struck} faults: {stuck}")
        findings = await bench.finish()
    seconds = time.monotonic() - begun
    return Result(name, KAFKA, seed, bench.struck, findings, seconds, bench.restarts, bench.longest_end)


async def run_all(options: Namespace) -> int:
    """Run what the command line asks for; returns the exit code."""
    names = list(FAMILIES) if options.family == "all" else options.family.split(",")
    results: list[Result] = []
    for name in names:
        if FAMILIES[name].broker not in ("", KAFKA):
            continue
        left, seed = options.strikes, options.seed
        while left > 0:
            number = min(left, options.per_run)
            result = await run_family(name, seed, number, users=options.users, minutes=options.minutes)
            results.append(result)
            print(f"{name} seed {seed}: {result.struck} faults in {result.seconds:.0f} s", flush=True)
            if said := details([result]):
                print(said, flush=True)
            left, seed = left - number, seed + 1
    print()
    print(table(results))
    return 0 if is_clean(results) else 1
