"""Files: their ids, when one is fetched again, and what no note may do."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from app.core.media import (
    DOWNLOAD_SECONDS,
    LEASE_SECONDS,
    LIFE_SECONDS,
    RETRY_MAX_SECONDS,
    Note,
    NotFetched,
    after_failure,
    after_success,
    is_ours,
    leased,
    media_id,
    read_note,
)

NOTE = Note(id=media_id("N", "wamid.1", "77"), kind="image", phone_number_id="N", created=1000.0, meta_id="77")


def test_an_id_is_the_same_for_everybody_and_another_for_every_file() -> None:
    assert media_id("N", "wamid.1", "77") == NOTE.id and is_ours(NOTE.id)
    others = {media_id("M", "wamid.1", "77"), media_id("N", "wamid.2", "77"), media_id("N", "wamid.1", "78")}
    assert len(others | {NOTE.id}) == 4


@pytest.mark.parametrize("given", ["", "77", "wab-", "wab-../../etc/passwd", "wab-" + "G" * 40, "wab-" + "a" * 41])
def test_what_has_not_our_form_is_none_of_ours(given: str) -> None:
    assert not is_ours(given)


def test_a_file_is_fetched_by_one_at_a_time() -> None:
    first = leased(NOTE, 1000.0)
    assert first is not None and first.tries == 1
    assert leased(first, 1000.0 + DOWNLOAD_SECONDS) is None
    assert leased(first, 1000.0 + LEASE_SECONDS) is not None


@pytest.mark.parametrize("done", [after_success(NOTE, "", "", 3), replace(NOTE, state="failed")])
def test_what_is_done_is_not_fetched(done: Note) -> None:
    assert leased(done, 9e9) is None


def test_a_failure_is_tried_again_ever_more_slowly_while_the_id_is_valid() -> None:
    pauses = [
        after_failure(replace(NOTE, tries=tries), NotFetched("HTTP 400"), 2000.0).next - 2000.0
        for tries in (1, 2, 3, 10, 5000)
    ]
    assert pauses == [2.0, 4.0, 8.0, RETRY_MAX_SECONDS, RETRY_MAX_SECONDS]
    over = after_failure(NOTE, NotFetched("HTTP 400"), NOTE.created + LIFE_SECONDS)
    assert (over.state, over.reason) == ("failed", "HTTP 400")
    assert after_failure(NOTE, NotFetched("too large", final=True), 1001.0).state == "failed"


def test_a_note_is_read_as_it_was_written() -> None:
    assert read_note(asdict(NOTE)) == NOTE


@pytest.mark.parametrize(
    "changed",
    [{"tries": "x"}, {"size": True}, {"state": "lost"}, {"id": "../x"}, {"next": None}, {"kind": 7}],
)
def test_a_broken_note_is_named(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a note"):
        read_note({**asdict(NOTE), **changed})
    with pytest.raises(ValueError, match="object"):
        read_note([])
