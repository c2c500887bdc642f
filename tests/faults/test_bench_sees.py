"""The bench can see: with one guard taken away it must report what that guard prevents.

Each test puts a deliberate defect into one process, lets it do its harm, and demands that the findings name it.
"""

import pytest

from tests.faults.bench import strikes
from tests.faults.bench.bench import Bench
from tests.faults.bench.plan import Habits
from tests.faults.bench.report import Result, details

pytestmark = [pytest.mark.kafka, pytest.mark.bench]

DEFECTS = [
    pytest.param("broker-0", "hasty_effects", "lost", id="acknowledged-before-the-effects-are"),
    pytest.param("broker-0", "state_first", "lost", id="state-before-effects"),
    pytest.param("sender", "forgetful_sender", "doubled", id="no-record-of-what-was-sent"),
    pytest.param("media", "hasty_notes", "lost", id="read-before-its-files-are-noted"),
]


@pytest.mark.parametrize(("name", "defect", "harm"), DEFECTS)
async def test_a_missing_guard_is_reported(name: str, defect: str, harm: str) -> None:
    async with Bench(
        f"sees/{defect}", users=10, habits=Habits(pictures=name == "media"), media=name == "media"
    ) as bench:
        await bench.heard(5)
        await strikes.with_defect(bench, name, defect)
        findings = await bench.finish()
    said = details([Result(defect, "", 0, bench.struck, findings, 0.0)])
    assert findings.number(harm) > 0, f"the bench did not see {defect}: {said or 'nothing'}"
