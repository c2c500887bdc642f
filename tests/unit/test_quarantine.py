"""What a replay writes, and what it refuses because it would come back, do nothing or do it twice."""

import pytest

from app.producing import Record
from app.quarantine import KEPT_MAX, REPLAY, SENDER_FAILED, Entry, Quarantine, ReplayRefused
from app.settings import Settings
from app.topics import Topics

SETTINGS = Settings(_env_file=None)
TOPICS = Topics(SETTINGS)


def entry(source: str, reason: str = "x", value: bytes = b"{}") -> Entry:
    return Entry(id="3/17", at=0.0, reason=reason, source=source, key=b"k", value=value)


def replayed(one: Entry) -> list[Record]:
    return Quarantine(SETTINGS).records_of(one)


def test_what_an_agent_wrote_goes_back_under_one_name_for_all_its_replays() -> None:
    expected = Record("sales-out", b"{}", b"k", {REPLAY: b"3/17"})
    assert replayed(entry("sales-out/0/41@1795300000000")) == [expected]


def test_a_record_of_our_own_goes_back_as_it_was() -> None:
    assert replayed(entry(f"{TOPICS.outbox}/2/7")) == [Record(TOPICS.outbox, b"{}", b"k")]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (
            entry(f"{TOPICS.outbox}/2/7", f"{SENDER_FAILED}: KeyError('x')"),
            "was reported to its agent, who has to send",
        ),
        (entry("sales-out/0/41@1", value=b"x" * KEPT_MAX), "was too long to be kept whole"),
        (entry("nowhere"), "came from 'nowhere', which is no topic of ours"),
        (entry("/0/1"), "which is no topic of ours"),
    ],
)
def test_what_would_do_nothing_or_cannot_be_put_back_is_refused(one: Entry, reason: str) -> None:
    with pytest.raises(ReplayRefused, match=reason):
        replayed(one)
