"""The one table of a bench, and the details of what went wrong.

In: results of runs. Out: text for a terminal, and the exit code.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as fields_of

import orjson

from tests.faults.bench.verdict import Findings, Violation

COLUMNS = (
    "family", "broker", "seeds", "runs", "faults", "messages", "replies", "repeats", "refused", "both",
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

    def to_json(self) -> bytes:
        """One line that `from_json` reads."""
        fields = {one.name: getattr(self, one.name) for one in fields_of(self)}
        return orjson.dumps({**fields, "findings": _plain(self.findings)})

    @classmethod
    def from_json(cls, line: str | bytes) -> "Result":
        """The opposite of `to_json`."""
        data = orjson.loads(line)
        found = data.pop("findings")
        violations = [Violation(**one) for one in found["violations"]]
        findings = Findings(Counter(found["counts"]), violations, found["in_doubt"], found["stall"])
        return cls(**data, findings=findings)


def _plain(findings: Findings) -> dict[str, object]:
    # A Counter is no mapping that asdict could copy.
    return {**asdict(replace(findings, counts=Counter())), "counts": dict(findings.counts)}


def table(results: Sequence[Result]) -> str:
    """The table, one line per family."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.broker, result.family), []).append(result)
    rows = [COLUMNS, *map(_row, groups.values())]
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
        _seeds(results),
        str(len(results)),
        str(sum(one.struck for one in results)),
        *(count(what) for what in ("messages", "replies", "repeats", "refused", "both")),
        *(total(kind) for kind in ("lost", "reordered", "doubled", "wrong", "stuck")),
        count("in doubt"),
        str(sum(len(one.findings.in_doubt) for one in results)),
        f"{max(one.findings.stall for one in results):.1f}",
        f"{sum(one.seconds for one in results):.0f}",
    )


def _seeds(results: Sequence[Result]) -> str:
    seeds = sorted({one.seed for one in results})
    if len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}–{seeds[-1]}"
    return ",".join(map(str, seeds))


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
        if files := result.findings.counts["files"]:
            lines.append(f"{place}: {files} pictures were looked for")
        if result.restarts:
            lines.append(f"{place}: {result.restarts} workers ended by themselves and were started again")
        if result.longest_end:
            lines.append(f"{place}: the longest orderly end took {result.longest_end:.1f} s")
    return "\n".join(lines)


def is_clean(results: Sequence[Result]) -> bool:
    """Whether no promise was broken."""
    return not any(result.findings.violations for result in results)
