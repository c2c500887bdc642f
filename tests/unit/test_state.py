"""What is remembered of a user: survives JSON, stays bounded, never goes back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from app.core.state import Session, Window, digest
from tests.unit.histories import ANA

BOUND = 5
texts = st.text(max_size=10)
times = st.floats(0, 2e9)
sessions = st.builds(
    Session,
    since=times,
    agent=st.none() | st.integers(1, 2**63 - 1),
    menu=texts,
    shown=texts,
    kept=st.lists(st.dictionaries(texts, texts, max_size=2), max_size=3).map(tuple),
    dropped=st.integers(0, 100),
    by=texts,
)
windows = st.builds(
    Window,
    user=st.just(ANA),
    last_seen=times,
    touched=times,
    recent=st.lists(texts, max_size=4).map(tuple),
    ticks=st.dictionaries(texts, st.integers(1, 4), max_size=4),
    places=st.dictionaries(texts, st.tuples(texts, times), max_size=3),
    references=st.lists(texts, max_size=4).map(tuple),
)


@given(sessions)
def test_a_session_survives_json(session: Session) -> None:
    assert Session.from_dict(json.loads(json.dumps(session.to_dict()))) == session


@given(windows)
def test_a_window_survives_json(window: Window) -> None:
    again = Window.from_dict(json.loads(json.dumps(window.to_dict())))
    assert again == window
    assert list(again.ticks) == list(window.ticks), "the oldest tick is the first to be forgotten"


def test_older_values_without_newer_fields_are_read() -> None:
    assert Session.from_dict({"since": 1.0}) == Session(since=1.0)
    assert Window.from_dict({"user": ANA.to_dict()}) == Window(
        user=ANA, ids=(str(ANA.user_id),), numbers=(str(ANA.wa_id),)
    )


@given(st.lists(st.text(max_size=3), max_size=30))
def test_the_latest_ids_are_known_and_no_more_than_the_bound(ids: list[str]) -> None:
    window = Window(user=ANA)
    for event_id in ids:
        window = window.remembering(event_id, BOUND, of_user=True)
        assert window.knows(event_id)
    assert len(window.recent) <= BOUND
    assert all(window.knows(event_id) for event_id in ids[-BOUND:])
    assert not window.knows("an id that never came")


def test_a_forgotten_id_is_not_known() -> None:
    window = Window(user=ANA)
    for number in range(BOUND + 1):
        window = window.remembering(str(number), BOUND, of_user=True)
    assert [window.knows(str(number)) for number in range(BOUND + 1)] == [False, True, True, True, True, True]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 4)), max_size=30))
def test_the_latest_ticks_are_kept_and_no_more_than_the_bound(ticks: list[tuple[str, int]]) -> None:
    window = Window(user=ANA)
    for effect, rank in ticks:
        window = window.ticked(effect, rank, BOUND)
        assert list(window.ticks.items())[-1] == (effect, rank)
    assert len(window.ticks) <= BOUND


def test_changing_makes_a_new_window() -> None:
    window = Window(user=ANA)
    window.remembering("x", BOUND, of_user=True)
    window.ticked("e", 1, BOUND)
    assert window == Window(user=ANA)


def test_a_digest_is_short_and_its_own() -> None:
    assert len(digest("wamid." + "x" * 200)) == 12
    assert digest("a") == digest("a") != digest("b")


def test_a_talkative_agent_does_not_push_out_what_the_user_wrote() -> None:
    window = Window(user=ANA).remembering("wamid.1", BOUND, of_user=True)
    for number in range(3 * BOUND):
        window = window.remembering(f"sales-out/0/{number}", BOUND, of_user=False)
    assert window.knows("wamid.1")
    assert len(window.others) == BOUND
