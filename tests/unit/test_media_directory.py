"""The directory of files: what may lie in it, and what becomes of the processes that cannot use it."""

import logging
import os
from pathlib import Path
from time import time

import pytest

from app.core.media import media_id
from app.processes.stores import media_store
from app.settings import Settings, SettingsError
from app.stores.media_directory import MediaDirectory
from tests.unit.media_stores import DAY, content_of, put
from tests.unit.test_media_store import note, stored


def test_sender_and_chat_start_without_a_directory_and_use_it_once_it_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way, ours = tmp_path / "file", media_id("N", "wamid", "7")
    in_the_way.write_text("x")
    settings = Settings(_env_file=None, media_dir=in_the_way / "media")
    with caplog.at_level(logging.ERROR, "broker.process"):
        directory = media_store(settings)
    assert "BROKER_MEDIA_DIR" in caplog.text and str(in_the_way) in caplog.text
    with pytest.raises(OSError, match="Not a directory"):
        directory.note(ours)
    in_the_way.unlink()
    with pytest.raises(FileNotFoundError):
        directory.note(ours)
    media_store(settings, needed=True)
    assert directory.note(ours) is None


def test_the_process_for_files_refuses_to_start_without_its_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="BROKER_MEDIA_DIR"):
        media_store(Settings(_env_file=None, media_dir=tmp_path / "file" / "media"), needed=True)


def test_another_directory_object_finds_what_waits(tmp_path: Path) -> None:
    MediaDirectory(tmp_path).announce(note())
    assert list(MediaDirectory(tmp_path).waiting()) == [note()]


@pytest.mark.parametrize("content", [b"bytes", None], ids=["committed", "given up"])
def test_nothing_half_written_is_left(tmp_path: Path, content: bytes | None) -> None:
    directory = MediaDirectory(tmp_path)
    if content is not None:
        stored(directory, note(), content)
    else:
        directory.put(note().id).close()
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_an_unreadable_note_is_named_once_and_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    directory = MediaDirectory(tmp_path)
    directory.announce(note(1))
    directory.announce(note(2))
    path = tmp_path / "notes" / f"{note(1).id}.json"
    readable = path.read_bytes()
    path.write_bytes(content)
    for _ in range(3):
        assert list(directory.waiting()) == [note(2)]
    [said] = caplog.messages
    assert note(1).id in said
    path.write_bytes(readable)
    assert {one.id for one in directory.waiting()} == {note(1).id, note(2).id}
    path.write_bytes(content)
    assert list(directory.waiting()) == [note(2)] and len(caplog.messages) == 2, "it is broken anew"


def test_a_stray_folder_among_the_marks_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    directory = MediaDirectory(tmp_path)
    (tmp_path / "waiting" / "lost+found").mkdir()
    directory.announce(note())
    for _ in range(3):
        assert list(directory.waiting()) == [note()]
    [said] = caplog.messages
    assert "lost+found" in said


def test_a_directory_that_is_away_knows_nothing_and_says_so(tmp_path: Path) -> None:
    directory = MediaDirectory(tmp_path / "files")
    (tmp_path / "files").rename(tmp_path / "away")
    for call in (directory.note, directory.get, directory.put):
        with pytest.raises(FileNotFoundError):
            call(note().id)


def test_what_was_left_half_written_is_swept_and_stray_folders_stay(tmp_path: Path) -> None:
    directory, now = MediaDirectory(tmp_path), time()
    stored(directory, note(1), b"young")
    put(directory, note(3).id, b"without a note")
    part, fresh = tmp_path / "incoming" / "a", tmp_path / "incoming" / "b"
    for path, age in ((tmp_path / "files" / note(3).id, 2 * DAY), (part, 2 * DAY), (fresh, DAY / 2)):
        path.touch()
        os.utime(path, (now - age, now - age))
    for stray in ("files", "incoming", "notes", "uploads", "waiting"):
        (tmp_path / stray / "lost+found").mkdir()
        os.utime(tmp_path / stray / "lost+found", (now - 99 * DAY, now - 99 * DAY))
    assert directory.sweep(now, 30 * DAY) == 2
    assert not part.exists() and fresh.exists() and content_of(directory, note(1).id) == b"young"
    assert len(list(tmp_path.rglob("lost+found"))) == 5
