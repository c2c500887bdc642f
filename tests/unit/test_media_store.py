"""The directory of files: nothing half written is seen, nothing known is replaced, nothing stays for ever."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.media import Note, after_success, media_id
from app.stores.media import MediaDirectory

NOW = 1_000_000.0
DAY = 86_400.0


def note(number: int = 1) -> Note:
    """The note of some file."""
    return Note(id=media_id("N", "wamid", str(number)), kind="image", phone_number_id="N", created=NOW, meta_id="7")


def store(root: Path, told: Note, content: bytes) -> MediaDirectory:
    """A directory with a file in it."""
    directory = MediaDirectory(root)
    directory.announce(told)
    place = directory.put(told.id)
    place.write(content)
    place.commit()
    place.close()
    directory.keep(after_success(told, "", "", place.size))
    return directory


@pytest.mark.parametrize("content", [b"", b"bytes"])
def test_a_file_is_seen_once_it_is_whole(tmp_path: Path, content: bytes) -> None:
    directory = store(tmp_path, note(), content)
    assert directory.path(note().id).read_bytes() == content
    assert directory.note(note().id) == after_success(note(), "", "", len(content))
    assert list(directory.waiting()) == [] and list((tmp_path / "incoming").iterdir()) == []


def test_what_was_not_committed_is_not_there(tmp_path: Path) -> None:
    directory = MediaDirectory(tmp_path)
    place = directory.put(note().id)
    place.write(b"half")
    place.close()
    assert not directory.path(note().id).exists() and list((tmp_path / "incoming").iterdir()) == []


def test_a_stale_note_never_replaces_what_is_stored(tmp_path: Path) -> None:
    directory = store(tmp_path, note(), b"x")
    assert directory.announce(note()).state == "stored"
    assert directory.announce(replace(note(), tries=9)) == directory.note(note().id)


def test_another_directory_object_finds_what_waits(tmp_path: Path) -> None:
    MediaDirectory(tmp_path).announce(note())
    assert list(MediaDirectory(tmp_path).waiting()) == [note()]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_an_unreadable_note_is_named_and_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    directory = MediaDirectory(tmp_path)
    directory.announce(note(1))
    directory.announce(note(2))
    (tmp_path / "notes" / f"{note(1).id}.json").write_bytes(content)
    with caplog.at_level(logging.ERROR, "broker.media"):
        assert list(directory.waiting()) == [note(2)]
    assert note(1).id in caplog.text


@pytest.mark.parametrize("given", ["../x", "77", ""])
def test_no_foreign_id_becomes_a_path(tmp_path: Path, given: str) -> None:
    directory = MediaDirectory(tmp_path)
    for call in (directory.note, directory.path, directory.put):
        with pytest.raises(ValueError, match="no id of a file of ours"):
            call(given)


def aged(path: Path, seconds: float) -> None:
    """Make a file that old at NOW."""
    os.utime(path, (NOW - seconds, NOW - seconds))


def test_what_is_too_old_abandoned_or_without_a_note_is_swept(tmp_path: Path) -> None:
    directory = store(tmp_path, note(1), b"old")
    store(tmp_path, note(2), b"young")
    bare, part, fresh = (directory.path(note(3).id), tmp_path / "incoming" / "a", tmp_path / "incoming" / "b")
    for path, age in ((bare, 2 * DAY), (part, 2 * DAY), (fresh, DAY / 2)):
        path.write_bytes(b"x")
        aged(path, age)
    for number, age in ((1, 31 * DAY), (2, 29 * DAY)):
        aged(directory.path(note(number).id), age)
        aged(tmp_path / "notes" / f"{note(number).id}.json", age)
    for stray in ("files", "incoming", "notes", "uploads", "waiting"):
        (tmp_path / stray / "lost+found").mkdir()
        aged(tmp_path / stray / "lost+found", 99 * DAY)
    assert directory.sweep(NOW, 30 * DAY) == 4
    assert directory.note(note(1).id) is None and not directory.path(note(1).id).exists()
    assert directory.path(note(2).id).read_bytes() == b"young"
    assert not bare.exists() and not part.exists() and fresh.exists()


def test_what_is_waiting_again_is_found_again(tmp_path: Path) -> None:
    directory = store(tmp_path, note(), b"x")
    directory.keep(note())
    assert list(directory.waiting()) == [note()]
