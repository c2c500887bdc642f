"""Messages per minute, errors and what waits, from where topics end: right, and never more than was measured."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.numbers import (
    COARSE_SECONDS,
    HOUR_SECONDS,
    KEPT_SECONDS,
    RATE_SECONDS,
    Group,
    History,
    Topic,
    lag,
    numbers,
    per_minute,
    readers,
    within,
)

NOW = 1_795_300_000.0


def history(*samples: tuple[float, tuple[int, ...]]) -> History:
    """Samples, each at so many seconds before `NOW`."""
    found = History()
    for before, ends in samples:
        found.add(NOW - before, ends)
    return found


def group(name: str, *committed: int | None, members: int | None = 1) -> Group:
    return Group(name, committed, members)


def read_of(*groups: Group, ends: tuple[int, ...] = (10, 10), begins: tuple[int, ...] = (0, 0)) -> dict[str, object]:
    return readers(Topic(history=history((0, ends)), begins=begins, groups=groups), NOW)


def test_messages_per_minute_are_the_mean_of_five_minutes() -> None:
    assert per_minute(history((900, (0,)), (300, (100,)), (0, (110,)))) == 2.0
    assert per_minute(history((300, (3, 4)), (0, (5, 12)))) == 2.0, "all partitions together"
    assert per_minute(history((300, (7,)), (0, (7,)))) == 0.0


def test_a_rate_is_of_the_time_that_was_measured() -> None:
    assert per_minute(history((30, (0,)), (0, (5,)))) == 10.0, "not 5 in five minutes"
    assert per_minute(history((2, (0,)), (0, (5,)))) is None, "two seconds say nothing"
    assert per_minute(history((0, (5,)))) is None
    assert per_minute(History()) is None


def test_errors_are_counted_over_a_minute_and_an_hour() -> None:
    errors = history((3600, (10,)), (70, (14,)), (60, (15,)), (0, (17,)))
    assert (within(errors, 60), within(errors, 3600)) == (2, 7)
    assert within(History(), 60) is None


def test_a_topic_that_was_made_anew_begins_anew() -> None:
    made_anew = history((300, (100, 50)), (10, (0, 0)), (0, (3, 0)))
    assert per_minute(made_anew) == 18.0
    assert within(history((300, (100, 50)), (0, (101, 2))), 60) is None


def test_a_topic_may_get_more_partitions() -> None:
    assert per_minute(history((300, (10,)), (0, (10, 5)))) == 1.0


def test_a_clock_that_stands_or_goes_back_takes_no_sample() -> None:
    turned = history((10, (0,)), (0, (5,)))
    turned.add(NOW, (50,))
    turned.add(NOW - 5, (60,))
    assert turned.since(60) == (5, 10.0)


@given(st.lists(st.floats(1, 120), min_size=1, max_size=400))
def test_samples_are_bounded_and_an_hour_stays_known(pauses: list[float]) -> None:
    kept, at = History(), NOW
    for pause in pauses:
        at += pause
        kept.add(at, (int(at - NOW),))
    samples = list(kept._samples)
    assert len(samples) <= (RATE_SECONDS + COARSE_SECONDS) + KEPT_SECONDS / COARSE_SECONDS + 2
    assert all(one.at < next_.at for one, next_ in pairwise(samples))
    found = kept.since(HOUR_SECONDS)
    assert found is not None
    count, seconds = found
    assert abs(count - seconds) <= 1, "one record a second, whatever was thinned out"
    measured = min(at - NOW - pauses[0], HOUR_SECONDS)
    assert measured - 1e-3 <= seconds <= measured + COARSE_SECONDS + 120 + 1e-3


def test_lag_is_what_is_above_the_commit() -> None:
    assert lag((10, 4), (7, 4)) == 3
    assert lag((10, 4), (12, 4)) == 0, "the end was asked for a moment earlier"


def test_a_partition_without_a_commit_counts_from_its_first_record() -> None:
    assert read_of(group("bot", 10, None), begins=(0, 6))["unread"] == 4
    assert read_of(group("bot", 2, 10), begins=(5, 0))["unread"] == 5, "what retention took cannot be read any more"


def test_of_several_living_groups_the_one_furthest_behind_counts() -> None:
    found = read_of(group("bot", 10, 10), group("archive", 0, 5), group("gone", 0, 0, members=0))
    assert (found["readers"], found["unread"]) == ("reading", 15)
    assert found["groups"] == [
        {"group": "bot", "members": 1, "unread": 0},
        {"group": "archive", "members": 1, "unread": 15},
        {"group": "gone", "members": 0, "unread": 20},
    ]


def test_without_members_nobody_reads_and_the_last_to_have_read_counts() -> None:
    found = read_of(group("bot", 9, 8, members=0), group("of last year", 0, 0, members=0))
    assert (found["readers"], found["unread"]) == ("away", 3)


def test_a_group_whose_members_are_not_told_counts_as_reading() -> None:
    found = read_of(group("of the newest protocol", 9, 8, members=None), group("gone", 0, 0, members=0))
    assert (found["readers"], found["unread"]) == ("reading", 3)


def test_a_topic_nobody_ever_committed_has_no_reader() -> None:
    found = read_of()
    assert (found["readers"], found["unread"], found["groups"]) == ("none", None, [])


def test_the_oldest_unread_record_is_as_old_as_its_partition_says() -> None:
    seen = history((120, (5, 5)), (60, (6, 5)), (10, (6, 90)), (0, (6, 100)))
    topic = Topic(history=seen, begins=(0, 0), groups=(group("bot", 5, 100),))
    assert readers(topic, NOW)["waiting_seconds"] == 60.0, "though the other partition is read to its end"
    topic = Topic(history=seen, begins=(0, 0), groups=(group("bot", 6, 95),))
    assert readers(topic, NOW)["waiting_seconds"] == 0.0, "it has only just come"
    topic = Topic(history=seen, begins=(0, 0), groups=(group("bot", 6, 100),))
    assert readers(topic, NOW)["waiting_seconds"] is None
    topic = Topic(history=seen, begins=(0, 0), groups=(group("bot", 1, 0),))
    assert (readers(topic, NOW)["unread"], readers(topic, NOW)["waiting_seconds"]) == (105, 120.0)


@pytest.mark.parametrize("topic", [Topic(history=History()), Topic(history=history((0, (1, 1))), begins=(0,))])
def test_what_is_not_known_is_none_and_not_nought(topic: Topic) -> None:
    assert readers(topic, NOW) == {"readers": None, "unread": None, "waiting_seconds": None, "groups": []}


def test_an_agents_numbers_are_of_its_three_topics() -> None:
    topics = {
        "sales-in": Topic(history=history((300, (0,)), (0, (50,))), begins=(0,), groups=(group("bot", 48),)),
        "sales-out": Topic(history=history((300, (0,)), (0, (10,))), begins=(0,), groups=(group("bridge", 9),)),
        "sales-error": Topic(history=history((3600, (0,)), (60, (3,)), (0, (4,)))),
    }
    found = numbers(topics, ("sales-in", "sales-out", "sales-error"), NOW)
    assert found == {
        "in_per_minute": 10.0,
        "out_per_minute": 2.0,
        "errors_last_minute": 1,
        "errors_last_hour": 4,
        "readers": "reading",
        "unread": 2,
        "waiting_seconds": 0.0,
        "groups": [{"group": "bot", "members": 1, "unread": 2}],
        "not_carried": 1,
    }
    missing = numbers(topics, ("a", "b", "c"), NOW)
    assert set(missing) == set(found) and {
        name: missing[name] for name in missing if name != "groups"
    } == dict.fromkeys(name for name in missing if name != "groups")
