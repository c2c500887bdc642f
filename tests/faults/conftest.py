"""An app with the containment, and nothing running."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from app.faust_app import BrokerApp, make_app
from app.settings import Settings
from tests.faults.books import ONE, nothing


@pytest.fixture
def app(tmp_path: Path) -> BrokerApp:
    app = make_app(Settings(data_dir=tmp_path, app_id="compat"), "broker", 8000)
    app.topics._acking_topics.add(ONE.topic)
    app._producer = SimpleNamespace(
        flush=nothing, buffer=SimpleNamespace(size=0, crashed=False), send_soon=lambda _: None
    )
    return app
