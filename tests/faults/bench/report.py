"""The one table of a bench, and the details of what went wrong.

In: results of runs. Out: text for a terminal, and the exit code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.bench.verdict import Findings

COLUMNS = (
    "family", "broker", "seeds", "runs", "faults", "messages", "replies", "repeats", "refused",
    "lost", "reordered", "doubled", "wrong", "stuck", "in doubt", "open", "stall s", "took s",
)  # fmt: skip
DETAILS_MAX = 40


@dataclass(slots=True)
class Result:
    """One run of one family."""

    family: str
    broker: str
    seed: int
    struck: int
    findings: Findings
    seconds: float
    restarts: int = 0
    """Workers that ended by themselves and were started again, as a supervisor does."""
    longest_end: float = 0.0
    """Seconds from SIGTERM to the end, at most."""


def table(results: Sequence[Result]) -> str:
    """The table, one line per family."""
    families = list(dict.fromkeys(result.family for result in results))
    rows = [COLUMNS, *(_row([one for one in results if one.family == family]) for family in families)]
    widths = [max(len(row[number]) for row in rows) for number in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(results: Sequence[Result]) -> tuple[str, ...]:
    def total(kind: str) -> str:
        return str(sum(one.findings.number(kind) for one in results))

    def count(what: str) -> str:
        return str(sum(one.findings.counts[what] for one in results))

    return (
        results[0].family,
        results[0].broker,
        ",".join(str(one.seed) for one in results),
        str(len(results)),
        str(sum(one.struck for one in results)),
        *(count(what) for what in ("messages", "replies", "repeats", "refused")),
        *(total(kind) for kind in ("lost", "reordered", "doubled", "wrong", "stuck")),
        count("in doubt"),
        str(sum(len(one.findings.in_doubt) for one in results)),
        f"{max(one.findings.stall for one in results):.1f}",
        f"{sum(one.seconds for one in results):.0f}",
    )


def details(results: Sequence[Result]) -> str:
    """Every violation, and every message that stayed in doubt."""
    lines = []
    for result in results:
        place = f"{result.family}, seed {result.seed}"
        shown = result.findings.violations[:DETAILS_MAX]
        lines += [f"{place}: {one.kind.upper()}: {one.user}: {one.what}" for one in shown]
        if len(result.findings.violations) > DETAILS_MAX:
            lines.append(f"{place}: and {len(result.findings.violations) - DETAILS_MAX} more")
        lines += [f"{place}: in doubt: {one}" for one in result.findings.in_doubt[:DETAILS_MAX]]
        if result.restarts:
            lines.append(f"{place}: {result.restarts} workers ended by themselves and were started again")
        if result.longest_end:
            lines.append(f"{place}: the longest orderly end took {result.longest_end:.1f} s")
    return "\n".join(lines)


def is_clean(results: Sequence[Result]) -> bool:
    """Whether no promise was broken."""
    return not any(result.findings.violations for result in results)
