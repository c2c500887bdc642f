"""A reply that names neither number nor user finds its user at whichever business number they are with the agent."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.effects import Effect, Send, TellAgent
from app.core.events import AgentReplied, ClockStruck, MoveOrdered, Routed, UserWrote
from app.core.identity import User, agents_key
from app.core.register import Agent
from app.core.signposts import route
from tests.unit.histories import DAY, DESK, NOW, REGISTER, RULES, SALES
from tests.unit.names_world import NEW, OLD, World

DEFAULT, SECOND, THIRD = "1029384756", "5647382910", "2040608010"
FIRST, OTHER = "BR.7781", "BR.9920"
RULED = replace(RULES, default_number=DEFAULT)


def wrote(n: int, number: str, text: str, phone: str | None = OLD, user_id: str | None = FIRST) -> UserWrote:
    """A text to a business number."""
    user = User.at(number, phone, user_id, "Ana")
    return UserWrote(id=f"wamid.{number}.{n}", user=user, at=NOW + n, kind="text", text=text, raw=b"{}")


def replied(n: int, name: str = OLD, by: Agent = SALES, **more: Any) -> AgentReplied:
    """An agent's text that names nothing but the user's number or BSUID, as the bridge carries it."""
    to = User.at(DEFAULT, *((None, name) if "." in name else (name, None)))
    message = more.pop("message", {"kind": "text", "text": f"answer {n}"})
    source = f"{by.write_topic}/0/{n}"
    return AgentReplied(id=source, user=to, at=NOW + n, agent=by.id, message=message, anywhere=True, **more)


def comes_to(effects: list[Effect]) -> list[str]:
    """The business number each reply is sent from, or the code of its error."""
    return [
        effect.user.phone_number_id if isinstance(effect, Send) else effect.record["code"]
        for effect in effects
        if (isinstance(effect, Send) and effect.agent) or (isinstance(effect, TellAgent) and "code" in effect.record)
    ]


def world_with(*events: Routed) -> World:
    """A world in which these events have happened."""
    world = World(RULED)
    world.then(*events)
    return world


def connected(number: str, n: int = 1, agent: str = "sales", **names: Any) -> list[Routed]:
    """The user writes to a number and chooses an agent."""
    return [wrote(n, number, "hi", **names), wrote(n + 1, number, agent, **names)]


@pytest.mark.parametrize("name", [OLD, FIRST])
def test_it_leaves_from_the_number_the_user_is_with_the_agent_at(name: str) -> None:
    world = world_with(*connected(SECOND))
    effects = world.then(replied(9, name))
    assert comes_to(effects) == [SECOND]
    (sent,) = [effect for effect in effects if isinstance(effect, Send)]
    assert sent.user.key == f"{SECOND}:{OLD}"


def test_of_a_user_without_a_number_too() -> None:
    world = world_with(*connected(SECOND, phone=None))
    assert comes_to(world.then(replied(9, FIRST))) == [SECOND]


def test_the_default_number_goes_first() -> None:
    world = world_with(*connected(DEFAULT), *connected(SECOND, 11))
    assert comes_to(world.then(replied(19))) == [DEFAULT]


def test_a_user_who_left_the_default_number_is_found_at_the_other() -> None:
    world = world_with(*connected(DEFAULT), *connected(SECOND, 11), wrote(15, DEFAULT, "#exit"))
    assert comes_to(world.then(replied(19))) == [SECOND]


def test_who_was_silent_too_long_at_the_default_number_is_found_at_the_other() -> None:
    world = world_with(*connected(DEFAULT), *connected(SECOND, int(RULES.session_seconds)))
    assert comes_to(world.then(replied(int(RULES.session_seconds) + 60))) == [SECOND]


def test_of_two_other_numbers_the_one_they_came_to_the_agent_at_last() -> None:
    world = world_with(*connected(SECOND), *connected(THIRD, 11))
    assert comes_to(world.then(replied(19))) == [THIRD]
    assert comes_to(world.then(wrote(20, THIRD, "#exit"), replied(21))) == [SECOND]
    assert comes_to(world.then(wrote(22, SECOND, "#exit"), replied(23))) == ["not_connected"]


def test_each_agent_finds_its_own() -> None:
    world = world_with(*connected(SECOND), *connected(THIRD, 11, "help desk"))
    assert comes_to(world.then(replied(19), replied(20, by=DESK))) == [SECOND, THIRD]


def test_nobody_found_is_an_error_of_the_default_number() -> None:
    world = world_with(wrote(1, DEFAULT, "hi"))
    effects = world.then(replied(9))
    (error,) = [effect.record for effect in effects if isinstance(effect, TellAgent)]
    assert (error["code"], error["user"]) == ("not_connected", f"{DEFAULT}:{OLD}")
    assert world.states[agents_key(SALES.id, OLD)].window is None


def test_a_repeat_has_no_effect_wherever_the_first_went() -> None:
    world = world_with(wrote(1, DEFAULT, "hi"), *connected(SECOND, 2))
    assert comes_to(world.then(replied(9), replied(9))) == [SECOND]
    assert comes_to(world.then(wrote(10, DEFAULT, "sales"), replied(9))) == []
    assert comes_to(world.then(wrote(11, DEFAULT, "#exit"), wrote(12, SECOND, "#exit"), replied(13), replied(13))) == [
        "not_connected"
    ]


def test_a_reply_sent_from_the_other_number_is_not_sent_again_from_the_default() -> None:
    world = world_with(wrote(1, DEFAULT, "hi"), *connected(SECOND, 2), replied(9), wrote(10, DEFAULT, "sales"))
    # Not by `then`: the sender knows what it has sent by key and id, and this would be another key.
    again = route(world.states[f"{DEFAULT}:{OLD}"], replied(9), 0, NOW + 11, REGISTER, RULED)
    assert again.effects == ()


def test_what_names_a_number_or_a_user_is_not_looked_for() -> None:
    world = world_with(*connected(SECOND))
    assert comes_to(world.then(replace(replied(9), anywhere=False))) == ["not_connected"]


def test_an_agent_closes_hands_over_and_the_admin_moves_at_the_other_number() -> None:
    world = world_with(*connected(SECOND))
    world.then(replied(9, message={"kind": "transfer", "to": "Help Desk", "note": None}))
    assert comes_to(world.then(replied(10), replied(11, by=DESK))) == ["not_connected", SECOND]
    user = User(key=f"{SECOND}:{OLD}", phone_number_id=SECOND)
    world.then(MoveOrdered(id="order", user=user, at=NOW + 12, agent=SALES.id))
    assert comes_to(world.then(replied(13), replied(14, by=DESK))) == [SECOND, "not_connected"]
    world.then(replied(15, message={"kind": "close", "text": None, "reason": None}))
    assert comes_to(world.then(replied(16))) == ["not_connected"]


def test_names_learnt_later_find_the_user_too() -> None:
    world = world_with(*connected(SECOND, user_id=None), wrote(3, SECOND, "me"), wrote(4, SECOND, "more", NEW))
    assert comes_to(world.then(replied(7, OLD), replied(8, FIRST), replied(9, NEW))) == [SECOND] * 3


@pytest.mark.parametrize("words", [[], [(2, "sales")], [(5, "sales")]])
def test_two_homes_at_the_other_number_that_join_are_found_by_every_name(words: list[tuple[int, str]]) -> None:
    # First seen by BSUID only, then by number only, then by both: the older home takes the younger's session over.
    by_id = [wrote(n, SECOND, text, None) for n, text in [(1, "hi"), *words]]
    events = [*by_id, *connected(SECOND, 3, phone=OLD, user_id=None), wrote(6, SECOND, "it is me")]
    world = world_with(*sorted(events, key=lambda event: event.at))
    assert world.sessions() == {f"{SECOND}:{FIRST}": SALES.id}
    assert comes_to(world.then(replied(8, OLD), replied(9, FIRST))) == [SECOND, SECOND]


def test_a_number_that_another_person_has_now_leads_to_nobody() -> None:
    world = world_with(*connected(SECOND), wrote(5, SECOND, "hi", OLD, OTHER))
    assert world.states[agents_key(SALES.id, OLD)].window is None
    assert comes_to(world.then(replied(8, OLD), replied(9, FIRST))) == ["not_connected", SECOND]


def test_a_signpost_outlives_the_silence_of_its_name_and_is_forgotten_after_the_user() -> None:
    world, days = world_with(*connected(SECOND)), int(DAY)
    for day in range(20):
        world.then(wrote(day * days // 2, SECOND, "still here"))
    for day in range(10):
        strike = ClockStruck(
            id=f"clock:{day}", user=User(key=agents_key(SALES.id, OLD), phone_number_id=""), at=NOW + day * days
        )
        world.then(strike)
    assert comes_to(world.then(replied(days * 10 - 9))) == [SECOND]
    world.then(wrote(days * 10, SECOND, "#exit"))
    assert world.states[agents_key(SALES.id, OLD)].window is None


def test_without_a_default_number_nothing_is_told() -> None:
    world = World(RULES)
    world.then(*connected(SECOND))
    assert not [name for name in world.states if name.startswith("@")]


NUMBERS = st.sampled_from([DEFAULT, SECOND, THIRD])
WORDS = st.sampled_from(["hi", "sales", "sales", "help desk", "#exit", "hello"])


@st.composite
def lives(draw: Any) -> list[Routed]:
    """A user who writes to three numbers, under one or both names, while two agents answer without naming one."""
    steps = draw(st.lists(st.tuples(st.booleans(), NUMBERS, WORDS, st.integers(0, 3)), min_size=2, max_size=14))
    events: list[Routed] = []
    for n, (is_reply, number, text, which) in enumerate(steps):
        if is_reply:
            events.append(replied(n, [OLD, FIRST][which % 2], [SALES, DESK][which // 2]))
        else:
            phone, user_id = [(OLD, FIRST), (OLD, FIRST), (OLD, None), (None, FIRST)][which]
            events.append(wrote(n, number, text, phone, user_id))
    return events


def unfold(events: list[Routed], chance: Random) -> World:
    """Let the router handle the keys in any order, with crashes."""
    world = World(RULED)
    for event in events:
        world.put(event)
        for _ in range(chance.randrange(4)):
            if waiting := world.waiting():
                world.step(chance.choice(waiting), crash=chance.random() < 0.2)
    while waiting := world.waiting():
        world.step(chance.choice(waiting), crash=chance.random() < 0.2)
    return world


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_every_reply_is_sent_once_or_answered_with_an_error(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    texts = [effect.message.get("text") for effect in world.effects.values() if isinstance(effect, Send)]
    errors = [
        effect.record["id"]
        for effect in world.effects.values()
        if isinstance(effect, TellAgent) and effect.record.get("code") == "not_connected"
    ]
    answers = [event for event in events if isinstance(event, AgentReplied)]
    sent = [event for event in answers if event.message["text"] in texts]
    assert all(texts.count(event.message["text"]) == 1 for event in sent)
    assert len(sent) + len(errors) == len(answers)


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=True), st.sampled_from([SALES, DESK]))
def test_once_all_is_told_a_reply_finds_its_user_by_every_name(events: list[Routed], chance: Random, by: Agent) -> None:
    world = unfold(events, chance)
    names = {
        name
        for event in events
        if isinstance(event, UserWrote)
        for name in (event.user.wa_id, event.user.user_id)
        if name
    }
    for n, name in enumerate(sorted(names), start=100):
        at = {
            number: state.session.since
            for number in (DEFAULT, SECOND, THIRD)
            for state in [world.states[home_at(world, number, name)]]
            if state.session and state.session.agent == by.id
        }
        wanted = DEFAULT if DEFAULT in at else max(at, key=lambda one: (at[one], one), default="not_connected")
        assert comes_to(world.then(replied(n, name, by))) == [wanted]


def home_at(world: World, number: str, name: str) -> str:
    """The key a name leads to at a business number."""
    key = f"{number}:{name}"
    while (window := world.states[key].window) and window.home:
        key = window.home
    return key


@settings(max_examples=100, deadline=None)
@given(lives(), st.randoms(use_true_random=True))
def test_a_repeat_of_everything_has_no_effect(events: list[Routed], chance: Random) -> None:
    world = unfold(events, chance)
    assert world.then(*events) == []
