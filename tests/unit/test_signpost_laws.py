"""The laws of names: events of one person and of a stranger at the old number, handed on in any order between keys."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import Routed, UserWrote
from tests.unit.names_world import (
    FIRST,
    NEW,
    OLD,
    SECOND,
    STRANGE,
    World,
    by_system,
    by_update,
    key,
    replied,
    wrote,
)

BEFORE: list[tuple[str | None, str | None]] = [(OLD, FIRST), (None, FIRST)]
AFTER: list[tuple[str | None, str | None]] = [(NEW, SECOND), (None, SECOND)]
NOTICES = [by_system(60), by_update(60), by_update(60, OLD), by_update(60, NEW)]
texts = st.sampled_from(["hi", "hi", "hello", "sales", "help desk", "#exit"])


@st.composite
def lives(draw: Any) -> list[Routed]:
    """A user who hides the number at times, changes it, and is told of before, after or between the messages."""
    before = draw(st.lists(st.tuples(st.sampled_from(BEFORE), texts), min_size=1, max_size=5))
    after = draw(st.lists(st.tuples(st.sampled_from(AFTER), texts), min_size=1, max_size=5))
    events: list[Routed] = [wrote(1, OLD, FIRST)]
    events += [wrote(10 + n, *shown, text=text) for n, (shown, text) in enumerate(before)]
    later: list[Routed] = [wrote(70 + n, *shown, text=text) for n, (shown, text) in enumerate(after)]
    later += [replied(80 + n, name) for n, name in enumerate(draw(st.lists(st.sampled_from([OLD, NEW, FIRST]))))]
    later += [wrote(90 + n, OLD, STRANGE) for n in range(draw(st.integers(0, 2)))]
    notices = [*draw(st.lists(st.sampled_from(NOTICES), max_size=3)), by_update(60)]
    return events + list(draw(st.permutations([*later, *notices])))


def unfold(events: list[Routed], chance: Random) -> World:
    """Let Meta write the events in their order and the router handle the keys in any, with crashes."""
    world = World()
    for event in events:
        world.put(event)
        for _ in range(chance.randrange(4)):
            _step(world, chance)
    while world.waiting():
        _step(world, chance)
    return world


def _step(world: World, chance: Random) -> None:
    if waiting := world.waiting():
        world.step(chance.choice(waiting), crash=chance.random() < 0.2)


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_nothing_is_lost_or_doubled(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    for event in events:
        if isinstance(event, UserWrote) and event.text in ("hi", "hello"):
            assert len(world.places(event.id)) == 1, event


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_one_person_has_one_home_and_one_session(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    names = {
        name for event in events if isinstance(event, UserWrote) for name in (event.user.wa_id, event.user.user_id)
    }
    (home,) = {world.home(name) for name in names if name in (NEW, FIRST, SECOND)}
    assert world.sessions().keys() - {key(STRANGE)} <= {home}


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_a_stranger_never_comes_into_the_session(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    for event in events:
        if isinstance(event, UserWrote) and event.user.user_id == STRANGE and event.text in ("hi", "hello"):
            assert world.places(event.id) == [key(STRANGE)]


@settings(max_examples=100, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_a_repeat_of_everything_has_no_effect(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    assert world.then(*events) == []
