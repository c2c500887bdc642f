"""What all tests share: the time a property may take, what was measured, and the stores of files.

No example of a property is judged by how long it took, for a busy machine is slow.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.stores.media import MediaStore
from tests.unit.media_stores import STORES

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(params=STORES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """A store of files: each there is, in turn. The directory is `tmp_path` itself."""
    return STORES[request.param](tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests measured: a promise in seconds is reported, for on a busy machine it proves nothing."""
    measured = [pair for report in terminalreporter.stats.get("passed", []) for pair in report.user_properties]
    if measured:
        terminalreporter.section("measured")
    for name, value in measured:
        terminalreporter.write_line(f"{value:6.1f} {name}" if isinstance(value, float) else f"{value} {name}")
