"""What every store of files keeps to: nothing half written is seen, nothing is replaced, nothing stays for ever."""

from dataclasses import replace
from time import time

import pytest

from app.core.media import META_KEEPS_SECONDS, Note, after_success, media_id
from app.stores.media import MediaStore
from tests.unit.media_stores import content_of, put

DAY = 86_400.0


def note(number: int = 1) -> Note:
    """The note of some file."""
    return Note(id=media_id("N", "wamid", str(number)), kind="image", phone_number_id="N", created=1.0, meta_id="7")


def stored(files: MediaStore, told: Note, content: bytes) -> Note:
    """Announce and bring a file."""
    files.announce(told)
    put(files, told.id, content)
    done = after_success(told, "", "", len(content))
    files.keep(done)
    return done


@pytest.mark.parametrize("content", [b"", b"bytes"])
def test_a_file_is_seen_once_it_is_whole(files: MediaStore, content: bytes) -> None:
    files.announce(note())
    place = files.put(note().id)
    place.write(content)
    assert place.size == len(content) and files.get(note().id) is None
    place.commit()
    place.close()
    assert content_of(files, note().id) == content
    files.keep(after_success(note(), "", "", place.size))
    assert files.note(note().id) == after_success(note(), "", "", len(content))
    assert list(files.waiting()) == []


def test_what_was_not_committed_is_not_there(files: MediaStore) -> None:
    place = files.put(note().id)
    place.write(b"half")
    place.close()
    assert files.get(note().id) is None and files.note(note().id) is None


def test_a_file_is_read_from_an_offset_on_and_tells_its_whole_size(files: MediaStore) -> None:
    stored(files, note(), b"0123456789")
    assert [content_of(files, note().id, start) for start in (0, 4, 10)] == [b"0123456789", b"456789", b""]
    file = files.get(note().id, 4)
    assert file is not None and (file.size, file.read(2), file.read(100), file.read(1)) == (10, b"45", b"6789", b"")
    file.close()


def test_who_reads_is_not_disturbed_by_who_writes_the_file_again(files: MediaStore) -> None:
    stored(files, note(), b"first")
    file = files.get(note().id)
    put(files, note().id, b"again")
    assert file is not None and file.read(100) == b"first"
    file.close()
    assert content_of(files, note().id) == b"again"


def test_a_stale_note_never_replaces_what_is_stored(files: MediaStore) -> None:
    done = stored(files, note(), b"x")
    assert files.announce(note()) == files.announce(replace(note(), tries=9)) == files.note(note().id) == done


def test_what_waits_is_found_until_it_has_come_and_again_when_it_waits_again(files: MediaStore) -> None:
    files.announce(note(1))
    files.announce(note(2))
    assert {one.id for one in files.waiting()} == {note(1).id, note(2).id}
    files.keep(replace(note(1), state="failed"))
    assert list(files.waiting()) == [note(2)]
    files.keep(note(1))
    assert {one.id for one in files.waiting()} == {note(1).id, note(2).id}


@pytest.mark.parametrize("given", ["../x", "77", ""])
def test_no_foreign_id_names_a_file(files: MediaStore, given: str) -> None:
    for call in (files.note, files.get, files.put):
        with pytest.raises(ValueError, match="no id of a file of ours"):
            call(given)
    with pytest.raises(ValueError, match="no id of a file of ours"):
        files.remember(given, "N", "77", 1.0)


def test_metas_id_is_remembered_for_a_number_as_long_as_meta_keeps_it(files: MediaStore) -> None:
    now = time()
    files.remember(note().id, "N", "77", now)
    files.remember(note().id, "../N", "78", now)
    assert files.uploaded(note().id, "N", now + META_KEEPS_SECONDS - 1) == "77"
    assert files.uploaded(note().id, "../N", now) == "78"
    assert files.uploaded(note().id, "N", now + META_KEEPS_SECONDS + 1) is None
    assert files.uploaded(note().id, "another", now) is None and files.uploaded(note(2).id, "N", now) is None
    files.remember(note().id, "N", "79", now)
    assert files.uploaded(note().id, "N", now) == "79"
    files.remember(note().id, "N", "", now)
    assert files.uploaded(note().id, "N", now) is None, "an empty id is none"


def test_what_is_too_old_or_without_a_note_is_swept(files: MediaStore) -> None:
    done = stored(files, note(1), b"old")
    put(files, note(2).id, b"without a note")
    assert files.sweep(time() + DAY / 2, 30 * DAY) == 0
    assert files.sweep(time() + 2 * DAY, 30 * DAY) == 1
    assert files.get(note(2).id) is None and files.note(note(1).id) == done
    assert files.sweep(time() + 29 * DAY, 30 * DAY) == 0
    assert files.sweep(time() + 31 * DAY, 30 * DAY) == 2
    assert files.get(note(1).id) is None and files.note(note(1).id) is None
