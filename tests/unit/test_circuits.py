"""Circuits: one probe at a time, growing pauses, and what opens and closes them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.circuits import POSTED_KEPT, PROBE_SECONDS_MAX, STATUS_SECONDS, Circuits, circuits_of

N = "1029384756"


def ask(circuits: Circuits, name: str, message: str, now: float) -> float:
    """Ask as a message does that claims what is free; seconds to wait."""
    circuits.lapsed(name, now)
    wait = circuits.wait(name, message, now)
    if not wait:
        circuits.claim(name, message)
    return wait


def opened(at: float = 0.0) -> Circuits:
    """Circuits of which one was opened by message `a`."""
    circuits = Circuits(5.0)
    assert circuits.refused(N, "a", at, "190", "expired") is True
    return circuits


def test_a_message_passes_the_circuits_that_concern_it() -> None:
    assert circuits_of(N, is_template=False) == (N,)
    assert circuits_of(N, is_template=True) == (N, f"{N}/templates")


def test_a_closed_circuit_lets_everything_through() -> None:
    assert ask(Circuits(5.0), N, "a", 0.0) == 0


def test_another_number_goes_on() -> None:
    assert ask(opened(), "another", "b", 1.0) == 0


def test_it_opens_once_and_is_told_once() -> None:
    circuits = opened()
    assert circuits.refused(N, "b", 0.1, "190", "expired") is False
    assert circuits.open[N].failures == 1, "what was on its way says nothing new"


def test_the_first_to_ask_after_the_pause_is_the_only_probe() -> None:
    circuits = opened()
    assert ask(circuits, N, "a", 4.9) > 0
    assert ask(circuits, N, "b", 5.0) == 0
    assert ask(circuits, N, "b", 5.0) == 0, "the probe may ask again"
    assert ask(circuits, N, "c", 5.0) > 0
    assert ask(circuits, N, "c", 500.0) > 0, "however long its answer takes"


def test_a_probe_that_fails_makes_the_pause_longer_up_to_a_bound() -> None:
    circuits, now, pauses = opened(), 0.0, []
    for _ in range(7):
        pauses.append(circuits.open[N].probe_at - now)
        now = circuits.open[N].probe_at
        assert 0 < ask(circuits, N, "a", now) <= 1, "somebody else first, if there is anybody"
        now += 1
        assert ask(circuits, N, "a", now) == 0
        assert circuits.refused(N, "a", now, "190", "expired") is False
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    assert max(pauses) <= PROBE_SECONDS_MAX


def test_a_probe_that_goes_through_closes_it() -> None:
    circuits = opened()
    ask(circuits, N, "b", 5.0)
    assert circuits.went_through(N, "b", 5.0, 5.2) is True
    assert ask(circuits, N, "c", 5.2) == 0
    assert circuits.closings(N) == 1
    assert circuits.open == {}


def test_the_answer_to_a_request_made_before_it_opened_says_nothing() -> None:
    circuits = opened(at=10.0)
    assert circuits.went_through(N, "b", begun=9.9, now=10.1) is False
    assert N in circuits.open


def test_a_probe_that_says_nothing_makes_room_for_the_next() -> None:
    circuits = opened()
    ask(circuits, N, "b", 5.0)
    circuits.gave_up(N, "c", 5.1)
    assert circuits.open[N].probe == "b", "only the probe itself can"
    circuits.gave_up(N, "b", 5.1)
    assert ask(circuits, N, "c", 5.5) > 0
    assert ask(circuits, N, "c", 6.1) == 0


def test_statuses_open_it_only_when_no_good_one_of_a_message_posted_since_comes_between() -> None:
    circuits = Circuits(5.0)
    assert circuits.failed(N, "a", 0.0, "131042", "payment") is False
    assert ask(circuits, N, "x", 0.5) == 0
    circuits.status(N, "x")
    assert circuits.failed(N, "b", 1.0, "131042", "payment") is False
    circuits.status(N, "x")  # it was read: what it says of the account is older than the new suspicion
    assert circuits.failed(N, "c", 2.0, "131042", "payment") is True


def test_a_good_status_of_a_message_posted_before_or_through_another_circuit_clears_no_suspicion() -> None:
    circuits, templates = Circuits(5.0), circuits_of(N, is_template=True)[1]
    ask(circuits, templates, "old template", 0.0)
    assert circuits.failed(templates, "a", 1.0, "131048", "spam") is False
    ask(circuits, N, "text", 2.0)
    for message in ("old template", "text", "of another worker", "a"):
        circuits.status(templates, message)
    assert circuits.failed(templates, "b", 3.0, "131048", "spam") is True


def test_of_the_messages_posted_under_a_suspicion_the_newest_are_remembered() -> None:
    circuits = Circuits(5.0)
    circuits.failed(N, "a", 0.0, "131042", "payment")
    for number in range(POSTED_KEPT + 1):
        ask(circuits, N, f"m{number}", 1.0)
    circuits.status(N, "m0")
    assert circuits.failed(N, "a", 2.0, "131042", "payment") is False
    circuits.status(N, f"m{POSTED_KEPT}")
    assert circuits.failed(N, "b", 3.0, "131042", "payment") is False, "the suspicion was cleared"
    circuits.status(N, "m1")
    assert circuits.failed(N, "c", 4.0, "131042", "payment") is True


def test_one_message_that_fails_twice_opens_nothing_and_an_opening_begins_the_count_anew() -> None:
    circuits = Circuits(5.0)
    assert circuits.failed(N, "a", 0.0, "131042", "payment") is False
    assert circuits.failed(N, "a", 1.0, "131042", "payment") is False
    assert circuits.refused(N, "b", 2.0, "190", "expired") is True
    assert circuits.went_through(N, "c", 3.0, 3.1) is True
    assert circuits.failed(N, "d", 4.0, "131042", "payment") is False


@pytest.mark.parametrize(("good", "closed"), [(True, True), (False, False)])
def test_what_a_status_opened_the_status_of_a_probe_closes(good: bool, closed: bool) -> None:
    circuits = Circuits(5.0)
    circuits.failed(N, "a", 0.0, "131042", "payment")
    circuits.failed(N, "b", 0.0, "131042", "payment")
    assert ask(circuits, N, "p", 5.0) == 0
    assert circuits.went_through(N, "p", 5.0, 5.1) is False, "an answer was never the trouble"
    assert ask(circuits, N, "q", 6.0) > 0
    if good:
        assert circuits.status(N, "p") is True
    else:
        assert circuits.failed(N, "p", 6.0, "131042", "payment") is False
        assert circuits.open[N].failures == 2
    assert (N not in circuits.open) is closed


def test_a_probe_without_any_status_closes_it_in_the_end() -> None:
    circuits = Circuits(5.0)
    circuits.failed(N, "a", 0.0, "131042", "payment")
    circuits.failed(N, "b", 0.0, "131042", "payment")
    ask(circuits, N, "p", 5.0)
    circuits.went_through(N, "p", 5.0, 5.0)
    assert ask(circuits, N, "q", 5.0 + STATUS_SECONDS - 0.1) > 0
    assert ask(circuits, N, "q", 5.0 + STATUS_SECONDS) == 0
    assert circuits.open == {}


@given(st.integers(0, 2**32))
def test_there_is_never_more_than_one_probe_and_waits_are_short(seed: int) -> None:
    rng, circuits, now = random.Random(seed), opened(), 0.0
    probes: set[str] = set()
    for _ in range(200):
        now += rng.random() * 3
        who = rng.choice("abcdef")
        wait = ask(circuits, N, who, now)
        assert 0 <= wait <= 1
        if not wait:
            probes.add(who)
            assert probes == {who}
            end = rng.randrange(3)
            if end == 0:
                circuits.refused(N, who, now, "190", "expired")
                probes.clear()
            elif end == 1:
                circuits.gave_up(N, who, now)
                probes.clear()
