"""A directory of files that cannot be made stops only the process that is there for files."""

import logging
from pathlib import Path

import pytest

from app.core.media import media_id
from app.processes.stores import media_directory
from app.settings import Settings, SettingsError


def test_sender_and_chat_start_without_a_directory_and_use_it_once_it_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way, ours = tmp_path / "file", media_id("N", "wamid", "7")
    in_the_way.write_text("x")
    settings = Settings(_env_file=None, media_dir=in_the_way / "media")
    with caplog.at_level(logging.ERROR, "broker.process"):
        directory = media_directory(settings)
    assert "BROKER_MEDIA_DIR" in caplog.text and str(in_the_way) in caplog.text
    with pytest.raises(OSError, match="Not a directory"):
        directory.note(ours)
    in_the_way.unlink()
    with pytest.raises(FileNotFoundError):
        directory.note(ours)
    media_directory(settings, needed=True)
    assert directory.note(ours) is None


def test_the_process_for_files_refuses_to_start_without_its_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="BROKER_MEDIA_DIR"):
        media_directory(Settings(_env_file=None, media_dir=tmp_path / "file" / "media"), needed=True)
