"""Whatever names Meta shows a user by, and in whatever order it tells of changes: one session, one user key."""

from dataclasses import replace
from itertools import permutations, product

import pytest

from app.core.effects import TellAgent
from app.core.events import ClockStruck, Routed, StatusCame
from app.core.identity import User
from app.core.signposts import route
from app.core.state import State, Window
from tests.unit.histories import DAY, NOW, REGISTER, RULES, SALES
from tests.unit.names_world import (
    BUSINESS,
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
    sent_to,
    wrote,
)

Both, Hidden, Renewed = (OLD, FIRST), (None, FIRST), (NEW, SECOND)

ORDERS: dict[str, tuple[str, list[Routed]]] = {
    "number, then both, then BSUID only": (OLD, [wrote(1, OLD, None), wrote(2, *Both), wrote(3, *Hidden)]),
    "both, then BSUID only": (OLD, [wrote(1, *Both), wrote(3, *Hidden)]),
    "BSUID only, then both": (FIRST, [wrote(1, *Hidden), wrote(3, *Both)]),
    "BSUID only, then both, then number only": (
        FIRST,
        [wrote(1, *Hidden), wrote(2, *Both), wrote(3, OLD, None)],
    ),
    "change by system message": (OLD, [wrote(1, *Both), by_system(2), wrote(3, *Renewed)]),
    "change by system message that leaves out the BSUID": (
        OLD,
        [wrote(1, *Both), by_system(2, None), wrote(3, *Renewed)],
    ),
    "change by user_id_update": (OLD, [wrote(1, *Both), by_update(2), wrote(3, *Renewed)]),
    "change by user_id_update that shows the new number": (
        OLD,
        [wrote(1, *Both), by_update(2, NEW), wrote(3, *Renewed)],
    ),
    "both notices": (OLD, [wrote(1, *Both), by_system(2), by_update(2), wrote(3, *Renewed)]),
    "both notices, the other way": (OLD, [wrote(1, *Both), by_update(2, OLD), by_system(2), wrote(3, *Renewed)]),
    "system message after the first message": (OLD, [wrote(1, *Both), wrote(3, *Renewed), by_system(2)]),
    "user_id_update after the first message": (OLD, [wrote(1, *Both), wrote(3, *Renewed), by_update(2)]),
    "user_id_update that shows the new number after the first message": (
        OLD,
        [wrote(1, *Both), wrote(3, *Renewed), by_update(2, NEW)],
    ),
    "both notices after the first message, repeated": (
        OLD,
        [wrote(1, *Both), wrote(3, *Renewed), by_system(2, None), by_update(2), by_system(2, None), by_update(2)],
    ),
    "change of BSUID alone, then both": (OLD, [wrote(1, *Both), by_update(2, OLD), wrote(3, OLD, SECOND)]),
    "change of BSUID alone, told of after the first message": (
        OLD,
        [wrote(1, *Both), wrote(3, OLD, SECOND), by_update(2, OLD)],
    ),
    "hidden number, then a change": (FIRST, [wrote(1, *Hidden), by_update(2), wrote(3, None, SECOND)]),
}


@pytest.mark.parametrize(("first", "events"), ORDERS.values(), ids=list(ORDERS))
def test_every_order_leads_to_one_session_at_the_first_name(first: str, events: list[Routed]) -> None:
    world = World()
    start, *rest = events
    world.then(start)
    choice = wrote(100, *((OLD, None) if first == OLD else Hidden), text="sales")
    world.then(choice, *rest)
    assert world.sessions() == {key(first): SALES.id}
    written = [event for event in events if event.id in ("wamid.1", "wamid.3")]
    for event in written:
        assert world.places(event.id) == [key(first)]
    last = written[-1].user
    assert {world.home(name) for name in (last.wa_id, last.user_id, first) if name} == {key(first)}


@pytest.mark.parametrize(("first", "events"), ORDERS.values(), ids=list(ORDERS))
def test_a_repeat_of_all_events_has_no_effect(first: str, events: list[Routed]) -> None:
    world = World()
    world.then(*events)
    assert world.then(*events) == []


HOMES = {"known by both": Both, "known by BSUID only": Hidden, "known by number only": (OLD, None)}
SYSTEMS = {"system message": by_system(10), "system message without BSUID": by_system(10, None)}
UPDATES = {
    "update without number": by_update(10),
    "update with old number": by_update(10, OLD),
    "update with new number": by_update(10, NEW),
}
MESSAGES = {"message with both": wrote(12, *Renewed), "message with BSUID only": wrote(12, None, SECOND)}

ALL_ORDERS = set(permutations(("system", "update", "message")))
UNLINKED = ("known by number only", "system message without BSUID", "message with BSUID only")
APART: dict[tuple[str, ...], set[tuple[str, ...]]] = {
    # The system message links two numbers, the update two BSUIDs: nothing Meta shows links the one with the other.
    (*UNLINKED, "update without number"): ALL_ORDERS,
    # The only link is the number the update shows, and that leads somewhere only once the system message has named it:
    # a number nobody is known at is not taken from an update, which may show one that its user has left.
    (*UNLINKED, "update with new number"): {
        ("update", "system", "message"),
        ("update", "message", "system"),
        ("message", "update", "system"),
    },
}
"""Where the user gets a second session: by home, system message, message and update, the orders of the three."""


@pytest.mark.parametrize("order", sorted(ALL_ORDERS), ids=", ".join)
@pytest.mark.parametrize(("home", "system", "message", "update"), list(product(HOMES, SYSTEMS, MESSAGES, UPDATES)))
def test_both_notices_and_the_first_message_in_every_order(
    home: str, system: str, message: str, update: str, order: tuple[str, ...]
) -> None:
    first: tuple[str | None, str | None] = HOMES[home]
    later: dict[str, Routed] = {"system": SYSTEMS[system], "update": UPDATES[update], "message": MESSAGES[message]}
    events = [wrote(1, *first), wrote(2, *first, text="sales"), *(later[name] for name in order)]
    world = World()
    world.then(*events)
    at, met = key(first[0] or FIRST), world.home(SECOND)
    assert world.places("wamid.12") == [met]
    if order in APART.get((home, system, message, update), ()):
        assert met != at
        assert world.sessions() == {at: SALES.id, met: None}
    else:
        assert met == at
        assert world.sessions() == {at: SALES.id}
        assert world.then(*events) == []


@pytest.fixture
def moved() -> World:
    """Ana is with sales and has another number and BSUID since."""
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"), by_system(3), wrote(4, *Renewed))
    return world


@pytest.mark.parametrize("name", [OLD, NEW, FIRST, SECOND])
def test_agents_may_answer_to_any_name_and_it_goes_to_the_newest(moved: World, name: str) -> None:
    assert sent_to(moved.then(replied(5, name))) == [(NEW, SECOND)]


def test_agents_may_answer_to_the_user(moved: World) -> None:
    assert sent_to(moved.then(replied(5, user=key(OLD)))) == [(NEW, SECOND)]


def test_the_agent_is_told_of_the_change_once(moved: World) -> None:
    moved.then(by_system(3))
    told = [effect.record for effect in moved.effects.values() if isinstance(effect, TellAgent)]
    assert [record["user"] for record in told if record["type"] == "system"] == [key(OLD)]
    assert told[-1]["phone"] == NEW


def test_whoever_has_the_old_number_now_is_another_person(moved: World) -> None:
    moved.then(wrote(6, OLD, STRANGE))
    assert moved.places("wamid.6") == [key(STRANGE)]
    assert moved.sessions() == {key(OLD): SALES.id, key(STRANGE): None}
    assert sent_to(moved.then(replied(7, user=key(OLD)))) == [(NEW, SECOND)]


def test_nothing_is_sent_to_a_number_that_is_another_persons() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"), wrote(3, OLD, STRANGE))
    assert world.places("wamid.3") == [key(STRANGE)]
    assert sent_to(world.then(replied(4, user=key(OLD)))) == [(None, FIRST)]
    assert sent_to(world.then(replied(5, OLD))) == [], "the number is the stranger's, who is with no agent"
    world.then(wrote(6, OLD, None))
    assert world.places("wamid.6") == [key(STRANGE)]


def test_a_number_that_an_update_shows_is_not_taken_for_the_users() -> None:
    world = World()
    world.then(wrote(1, *Hidden), wrote(2, *Hidden, text="sales"), by_update(3, OLD))
    world.then(wrote(4, OLD, None))
    assert world.sessions() == {key(FIRST): SALES.id, key(OLD): None}


def test_an_update_finds_the_agent_past_a_number_that_only_a_notice_has_named() -> None:
    world = World()
    world.then(wrote(1, *Hidden), wrote(2, *Hidden, text="sales"), by_system(3, None))
    effects = world.then(by_update(4, OLD))
    assert [effect.topic for effect in effects if isinstance(effect, TellAgent)] == ["sales-in"]


def test_a_number_that_comes_back_is_the_users_again() -> None:
    world = World()
    world.then(
        wrote(1, *Both), wrote(2, *Both, text="sales"), wrote(3, OLD, STRANGE), wrote(4, OLD, STRANGE, text="sales")
    )
    world.then(wrote(5, *Both))
    assert world.places("wamid.5") == [key(OLD)]
    assert sent_to(world.then(replied(6, OLD))) == [(OLD, FIRST)]
    assert sent_to(world.then(replied(7, user=key(STRANGE)))) == [(None, STRANGE)]


def test_two_sessions_with_agents_become_one_and_the_later_stays() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="consumer service"))
    world.then(wrote(3, *Renewed), wrote(4, *Renewed, text="sales"))
    effects = world.then(by_system(5))
    assert world.sessions() == {key(OLD): SALES.id}
    ended = [effect for effect in effects if isinstance(effect, TellAgent) and effect.record["type"] == "closed"]
    assert [(effect.topic, effect.record["reason"]) for effect in ended] == [("consumer_service-in", "joined")]


def test_forgotten_names_swallow_nothing(moved: World) -> None:
    late = 20 * DAY
    for name in (NEW, FIRST, SECOND, OLD, OLD):
        user = User(key=key(name), phone_number_id=BUSINESS)
        moved.then(ClockStruck(id=f"clock:{name}:{len(moved.effects)}", user=user, at=NOW + late))
    assert all(state.window is None or not state.window.home for state in moved.states.values())
    moved.then(wrote(int(late) + 1, None, SECOND))
    assert moved.sessions() == {key(SECOND): None}


def test_signposts_stay_while_the_user_writes() -> None:
    world = World()
    for day in range(20):
        world.then(wrote(int(day * DAY) + 1, *Both))
        world.then(
            ClockStruck(id=f"clock:{day}", user=User(key=key(FIRST), phone_number_id=BUSINESS), at=NOW + day * DAY + 2)
        )
    assert world.home(FIRST) == key(OLD)


@pytest.mark.parametrize("told_first", [True, False])
def test_nothing_is_sent_to_a_number_that_a_new_user_id_has_left(told_first: bool) -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"))
    steps: list[Routed] = [by_update(3), wrote(4, None, SECOND)]
    world.then(*(steps if told_first else reversed(steps)))
    assert sent_to(world.then(replied(5, user=key(OLD)))) == [(None, SECOND)]


def test_a_late_message_does_not_take_back_a_number_that_another_person_has() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"), wrote(20, OLD, STRANGE), wrote(10, *Both))
    assert world.places("wamid.10") == [key(OLD)]
    assert sent_to(world.then(replied(21, user=key(OLD)))) == [(None, FIRST)]


def test_a_repeat_after_two_homes_were_joined_has_no_effect() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"))
    world.then(*(wrote(number, *Both) for number in range(10, 210)))
    late = wrote(300, *Renewed)
    world.then(late, replace(by_system(301), at=NOW + 301), wrote(302, *Renewed))
    again = replace(late, user=replace(late.user, key=key(OLD)))
    assert route(world.states[key(OLD)], again, 1, NOW + 303, REGISTER, RULES).effects == ()


def test_the_agent_whose_conversation_ends_by_a_join_reads_of_the_user_it_knows() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Renewed), wrote(3, *Renewed, text="sales"))
    effects = world.then(wrote(4, *Both, text="consumer service"), replace(by_system(5), at=NOW + 5))
    (ended,) = [effect for effect in effects if isinstance(effect, TellAgent) and effect.record["type"] == "closed"]
    assert (ended.topic, ended.record["user"]) == ("sales-in", key(NEW))
    assert world.sessions() == {key(OLD): 1}


def test_statuses_of_others_keep_no_name_alive_beyond_its_home() -> None:
    world = World()
    world.then(wrote(1, *Hidden), wrote(2, *Both))
    for day in range(1, 30):
        at = NOW + day * DAY
        status = StatusCame(
            id=f"s{day}", user=User.at(BUSINESS, OLD, None), at=at, message_id=f"x{day}", status="delivered"
        )
        strikes = [
            ClockStruck(id=f"c{day}{name}", user=User(key=key(name), phone_number_id=BUSINESS), at=at + 1)
            for name in (FIRST, OLD)
        ]
        world.then(status, *strikes)
    assert [state.window for state in world.states.values() if state.window and state.window.home] == []


def test_names_that_lead_round_in_a_circle_let_their_user_in_again() -> None:
    world = World()
    for name, home in ((OLD, FIRST), (FIRST, OLD)):
        user = User(key=key(name), phone_number_id=BUSINESS)
        world.states[key(name)] = State(window=Window(user=user, home=key(home), touched=NOW))
    world.then(wrote(1, *Hidden), wrote(2, *Hidden, text="sales"))
    assert world.sessions() == {key(FIRST): SALES.id}
    world.then(wrote(3, *Both))
    assert world.places("wamid.3") == [key(FIRST)]


def test_a_session_whose_window_a_crash_left_unwritten_is_no_older_home() -> None:
    world = World()
    world.then(wrote(1, *Both), wrote(2, *Both, text="sales"), wrote(3, *Renewed))
    young = world.states[key(NEW)]
    world.states[key(NEW)] = State(session=young.session)
    world.then(by_system(4), by_update(4))
    assert {world.home(name) for name in (OLD, NEW, FIRST, SECOND)} == {key(OLD)}
    assert world.sessions() == {key(OLD): SALES.id}


def test_a_home_about_to_be_forgotten_stays_for_a_younger_one_that_asks_it() -> None:
    world, late = World(), int(9 * DAY)
    world.then(wrote(1, NEW, SECOND))
    world.put(by_system(late))
    # It is asked under both its names, and between the two the clock strikes: nine days without a word.
    for at in (OLD, NEW):
        world.step(key(at))
    world.put(ClockStruck(id="forgotten", user=User(key=key(NEW), phone_number_id=BUSINESS), at=NOW + late))
    for at in (NEW, SECOND, NEW):
        world.step(key(at))
    world.settle()
    assert {world.home(name) for name in (OLD, NEW, SECOND)} == {key(NEW)}
    assert world.states[key(NEW)].window is not None
