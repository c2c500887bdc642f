"""Rates as laws: never more than allowed in any span of time, never less than possible, and complaints are heeded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.backoff import may_try_again, pair_seconds, seconds_before
from app.core.codes import MEANINGS, UNREACHABLE
from app.core.rates import (
    BURST_SECONDS,
    PAIR_BURST,
    PAIR_SECONDS,
    REGROW_SECONDS,
    SLOWEST,
    Bucket,
    NumberRate,
    Pair,
    Pairs,
    share,
)

T0 = 1_795_300_000.0
gaps = st.lists(st.floats(0, 30), min_size=1, max_size=80)


def leave(pacer: Pair | Bucket, arrivals: list[float]) -> list[float]:
    """The times at which messages leave that arrive with these gaps, each waiting for the one before."""
    now, left = T0, []
    for gap in arrivals:
        now += gap
        while wait := pacer.wait(now):
            now += wait
        pacer.take(now)
        left.append(now)
    return left


def within_limit(times: list[float], burst: float, per_second: float) -> bool:
    """Whether no span of time holds more than the burst and what flows in meanwhile."""
    return all(
        later - first + 1 <= burst + (times[later] - times[first]) * per_second + 1e-3
        for first in range(len(times))
        for later in range(first, len(times))
    )


@given(gaps, st.floats(1, 50), st.floats(0.05, 100))
def test_a_bucket_never_gives_more_than_it_holds_and_gets(arrivals: list[float], burst: float, rate: float) -> None:
    assert within_limit(leave(Bucket(burst, rate, T0), arrivals), burst, rate)


@given(gaps)
def test_a_user_never_gets_more_than_meta_allows(arrivals: list[float]) -> None:
    times = leave(Pair(T0), [gap / 20 for gap in arrivals])
    assert within_limit(times, PAIR_BURST, 1 / PAIR_SECONDS)


def test_a_burst_to_a_user_is_paid_back() -> None:
    times = leave(Pair(T0), [0.0] * 50)
    assert set(times[:44]) == {T0}
    assert [later - before for before, later in pairwise(times[43:])] == pytest.approx([6.0] * 6)
    pair = Pair(T0)
    leave(pair, [0.0] * 20)
    assert pair.at_rest(T0 + 119) is False
    assert pair.at_rest(T0 + 120.1) is True, "twenty at once are two minutes of pause (chapter 7.1)"


@given(st.lists(st.floats(0, 5), min_size=2, max_size=40), st.floats(0.2, 3))
def test_a_wait_is_no_longer_than_needed(arrivals: list[float], rate: float) -> None:
    bucket, now = Bucket(1.0, rate, T0), T0
    for gap in arrivals:
        now += gap
        if wait := bucket.wait(now):
            assert bucket.wait(now + wait * 0.9 - 0.002) > 0
            assert bucket.wait(now + wait + 1e-5) == 0
            now += wait + 1e-5
        bucket.take(now)


def test_a_clock_that_goes_back_gives_no_tokens_twice() -> None:
    bucket = Bucket(1.0, 1.0, T0)
    bucket.take(T0)
    assert bucket.wait(T0 + 0.5) == pytest.approx(0.5)
    assert bucket.wait(T0 - 100) == pytest.approx(0.5)
    assert bucket.wait(T0 + 1) == 0


@given(st.lists(st.integers(0, 64), min_size=1, max_size=64), st.floats(1, 1000))
def test_the_shares_of_all_workers_are_the_whole_rate(parts: list[int], rate: float) -> None:
    partitions = sum(parts)
    if partitions:
        shares = [share(rate, mine, partitions) for mine in parts if mine]
        assert sum(shares) == pytest.approx(rate)
        assert all(one <= rate + 1e-9 for one in shares)


@pytest.mark.parametrize(
    ("mine", "expected"), [(8, 80.0), (4, 40.0), (1, 10.0), (0, 10.0), (99, 80.0)], ids=lambda value: str(value)
)
def test_a_workers_share(mine: int, expected: float) -> None:
    assert share(80.0, mine, 8) == expected


def sent_in(rate: NumberRate, full: float, start: float, seconds: float) -> int:
    """How many messages leave in a span of time when there are always more."""
    now, count = start, 0
    while True:
        while wait := rate.wait(full, now):
            now += wait
        if now >= start + seconds:
            return count
        rate.take(now)
        count += 1


def test_a_number_sends_at_its_rate() -> None:
    assert sent_in(NumberRate(80.0, T0), 80.0, T0, 10) == pytest.approx(800 + 80 * BURST_SECONDS, abs=1)


def test_a_complaint_halves_the_rate_and_it_grows_back() -> None:
    rate = NumberRate(80.0, T0)
    assert rate.complained(T0)
    assert rate.now(80.0, T0) == 40.0
    assert rate.now(80.0, T0 + REGROW_SECONDS / 4) == 60.0
    assert rate.now(80.0, T0 + REGROW_SECONDS) == 80.0
    assert rate.now(80.0, T0 + 10 * REGROW_SECONDS) == 80.0


def test_one_bursts_complaints_count_once_and_later_ones_again() -> None:
    rate = NumberRate(80.0, T0)
    assert [rate.complained(T0 + at) for at in (0, 0.1, 0.9)] == [True, False, False]
    assert rate.now(80.0, T0 + 0.9) == pytest.approx(40, abs=2)
    assert rate.complained(T0 + 1)
    assert rate.now(80.0, T0 + 1) == pytest.approx(20, abs=1)


@given(st.lists(st.floats(0, 20), max_size=60))
def test_the_rate_stays_between_its_bounds(complaints: list[float]) -> None:
    rate, now = NumberRate(80.0, T0), T0
    for gap in complaints:
        now += gap
        rate.complained(now)
        assert 80.0 * SLOWEST <= rate.now(80.0, now) <= 80.0


def test_a_share_that_changes_takes_effect_at_once() -> None:
    rate = NumberRate(80.0, T0)
    assert sent_in(rate, 80.0, T0, 1) > 80
    assert sent_in(rate, 20.0, T0 + 1, 10) == pytest.approx(200, abs=20)


def test_what_comes_in_counts_and_is_no_endless_debt() -> None:
    rate = NumberRate(10.0, T0)
    for _ in range(1000):
        rate.received(10.0, T0)
    assert rate.wait(10.0, T0) == pytest.approx(1.1, abs=0.01)


def test_after_complaints_a_user_is_left_alone_for_powers_of_four() -> None:
    pair, now, waits = Pair(T0), T0, []
    pair.take(now)
    for _ in range(5):
        pair.complained(now)
        waits.append(pair.wait_again(now))
        now += waits[-1]
    assert waits == pytest.approx([1, 4, 16, 64, 256])
    pair.accepted()
    pair.complained(now)
    assert pair.wait_again(now) == pytest.approx(1), "Meta took one: the next complaint is the first again"
    assert pair.wait(now + 1) == pytest.approx(5), "a new message waits for a token of its own"
    assert pair_seconds(99) == 1024


def test_users_at_rest_are_forgotten_and_others_are_not() -> None:
    pairs = Pairs(kept=100)
    pairs.of("busy", T0).complained(T0 + 900)
    for number in range(99):
        pairs.of(f"user {number}", T0).take(T0)
    pairs.of("one more", T0 + 1000)
    assert set(pairs) == {"busy", "one more"}
    for number in range(1000):
        pairs.of(f"user {number}", T0 + 1000).take(T0 + 1000)
    assert len(pairs) == 1001, "who is not at rest is kept, however many they are"


@given(st.integers(1, 40), st.floats(0, 1), st.sampled_from(sorted(MEANINGS)))
def test_waits_grow_up_to_their_bound_and_never_below_their_least(tries: int, chance: float, code: int) -> None:
    meaning = MEANINGS[code]
    wait = seconds_before(meaning, tries, chance)
    assert meaning.wait <= wait <= meaning.wait + meaning.spread_max
    assert wait <= seconds_before(meaning, tries + 1, chance) + 1e-9


def test_how_often_is_enough() -> None:
    assert [may_try_again(MEANINGS[131016], tries, 3) for tries in (1, 2, 3)] == [True, True, False]
    assert [may_try_again(MEANINGS[1], tries, 99) for tries in (2, 3)] == [True, False]
    assert may_try_again(UNREACHABLE, 1000, 3)
    assert not may_try_again(MEANINGS[131026], 1, 99)
