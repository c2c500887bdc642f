"""What all tests share: the time a property may take, and the stores of files.

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
