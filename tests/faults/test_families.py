"""A fixed handful of each group of faults, small enough for every change; `make faults` runs them all."""

import pytest

from tests.faults.bench.report import details
from tests.faults.bench.run import run_family

pytestmark = [pytest.mark.kafka, pytest.mark.bench]

SEED = 7
HANDFUL = [
    ("handful", 12),
    ("graph", 4),
    ("webhooks", 4),
    ("join_leave", 4),
    ("freeze_broker", 1),
]


@pytest.mark.parametrize(("family", "number"), HANDFUL)
async def test_nothing_is_lost_doubled_or_out_of_order(family: str, number: int) -> None:
    result = await run_family(family, SEED, number)
    assert result.struck == number, details([result])
    assert not result.findings.violations, details([result])
