"""The laws of `decide`, tried on thousands of random histories."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.acts import ACTS
from app.core.decide import RANKS, decide
from app.core.effects import Send, TellAgent
from app.core.events import AgentReplied, EndOrdered, Event, IdentityChanged, MoveOrdered, UserWrote
from app.core.messages import WITHOUT_WINDOW
from app.core.opening import opening
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State
from app.core.turn import REFERENCES, Decision
from tests.unit.histories import (
    ANA,
    DAY,
    DESK,
    NOW,
    SALES,
    SERVICE,
    VARIED,
    acted,
    changed,
    finished,
    replied,
    status,
    struck,
    templated,
    wrote,
)

RULES = Rules(kept_messages=3, session_seconds=2 * DAY, forget_seconds=1000 * DAY)
SMALLER = Register.of([replace(one, active=one.id != SALES.id) for one in VARIED.agents], version=2)

MESSAGES: list[dict[str, Any]] = [
    {"kind": "mark_read", "message_id": "wamid.1"},
    {"kind": "typing", "message_id": "wamid.1"},
    {"kind": "image", "image": {"link": "https://example.org/a"}},
    {"kind": "text", "text": "word " * 1500, "split": True},
    {"kind": "close"},
    {"kind": "close", "text": "Bye!", "reason": "solved"},
    {"kind": "transfer", "to": "Help Desk", "note": "order 17"},
    {"kind": "transfer", "to": 1},
    {"kind": "transfer", "to": "Sales"},
]

Maker = Callable[[int, float], Event]
agents = st.sampled_from([SERVICE, SALES, DESK])
words = st.sampled_from(["hi", "1", "2", "3", "sales", "help desk", "#exit", "#EXIT", ""])
makers: st.SearchStrategy[Maker] = st.one_of(
    words.map(lambda text: lambda n, at: wrote(text, n, at)),
    st.sampled_from(["menu|x|agent|1", "sales-in", "p1"]).map(
        lambda row: lambda n, at: wrote(row, n, at, "list_reply")
    ),
    st.sampled_from(["image", "reaction", "system", "unsupported"]).map(
        lambda kind: lambda n, at: wrote("", n, at, kind)
    ),
    agents.map(lambda by: lambda n, at: replied("answer", n, by, at)),
    agents.map(lambda by: lambda n, at: templated(n, by, at)),
    st.tuples(agents, st.sampled_from(MESSAGES)).map(lambda choice: lambda n, at: acted(n, choice[0], at, **choice[1])),
    st.tuples(st.sampled_from(["e1", "e2"]), st.sampled_from([*RANKS, "failed"]), agents).map(
        lambda choice: lambda n, at: status(choice[0], choice[1], choice[2], at)
    ),
    st.sampled_from(["accepted", "refused", "in_doubt"]).map(lambda verdict: lambda n, at: finished(f"e{n}", verdict)),
    st.just(lambda n, at: struck(n, at)),
    st.just(lambda n, at: changed(n, at)),
    agents.map(lambda to: lambda n, at: MoveOrdered(id=f"move:{n}", user=ANA, at=at, agent=to.id)),
    st.just(lambda n, at: EndOrdered(id=f"end:{n}", user=ANA, at=at)),
)
steps = st.tuples(makers, st.sampled_from([0.0, 1.0, 3600.0, DAY, 3 * DAY]), st.booleans())
histories = st.lists(steps, min_size=1, max_size=25)


def unfold(history: list[tuple[Maker, float, bool]]) -> list[tuple[State, Event, float, Decision]]:
    """Each step of a history: state before, event, time, decision."""
    state, now, done = State(), NOW, []
    for number, (make, pause, whole) in enumerate(history):
        now += pause
        event = make(number, now)
        decision = decide(state, event, now, VARIED if whole else SMALLER, RULES)
        done.append((state, event, now, decision))
        state = decision.state
    return done


@settings(max_examples=1500)
@given(histories)
def test_every_user_message_has_an_effect(history: list[tuple[Maker, float, bool]]) -> None:
    for _, event, _, decision in unfold(history):
        if isinstance(event, UserWrote | IdentityChanged):
            assert decision.effects


@settings(max_examples=1500)
@given(histories)
def test_a_repeated_event_has_no_effect_and_changes_nothing(history: list[tuple[Maker, float, bool]]) -> None:
    done = unfold(history)
    last = done[-1][3].state
    for _, event, now, decision in done:
        again = decide(last, event, now, VARIED, RULES)
        if decision.effects:
            assert again == Decision(last)


@settings(max_examples=500)
@given(histories)
def test_the_same_history_gives_the_same_effects(history: list[tuple[Maker, float, bool]]) -> None:
    assert unfold(history) == unfold(history)


@settings(max_examples=1500)
@given(histories)
def test_no_free_text_leaves_with_the_window_shut(history: list[tuple[Maker, float, bool]]) -> None:
    seen = 0.0
    for _, event, now, decision in unfold(history):
        if isinstance(event, UserWrote) and event.kind in ("text", "list_reply", "image"):
            seen = max(seen, event.at)
        for effect in decision.effects:
            if isinstance(effect, Send) and effect.message["kind"] not in WITHOUT_WINDOW:
                assert now < seen + RULES.window_seconds
                assert effect.message["kind"] not in ACTS


@settings(max_examples=1500)
@given(histories)
def test_a_users_words_reach_one_agent_at_most_and_it_is_the_sessions(history: list[tuple[Maker, float, bool]]) -> None:
    for before, event, _, decision in unfold(history):
        if not isinstance(event, UserWrote):
            continue
        heard = {
            effect.agent
            for effect in decision.effects
            if isinstance(effect, TellAgent) and "message_id" in effect.record
        }
        after = decision.state.session
        with_agent = {session.agent for session in (before.session, after) if session}
        assert len(heard) <= 1
        assert heard <= with_agent


@settings(max_examples=1500)
@given(histories)
def test_ticks_never_go_back(history: list[tuple[Maker, float, bool]]) -> None:
    """Of as many messages as are compared (`Rules.ticks_kept`); here there are two."""
    highest: dict[tuple[int, str], int] = {}
    for _, _, _, decision in unfold(history):
        for effect in decision.effects:
            if isinstance(effect, TellAgent) and effect.record.get("type") == "status":
                rank = RANKS[effect.record["text"]]
                name = (0, effect.record["effect"])
                assert rank > highest.get(name, 0)
                highest[name] = rank


@settings(max_examples=500)
@given(histories)
def test_effect_ids_differ(history: list[tuple[Maker, float, bool]]) -> None:
    ids = [effect.id for _, _, _, decision in unfold(history) for effect in decision.effects]
    assert len(ids) == len(set(ids))


@settings(max_examples=500)
@given(histories)
def test_a_crash_between_the_two_writes_never_repeats_an_effect(history: list[tuple[Maker, float, bool]]) -> None:
    for before, event, now, decision in unfold(history):
        changed = decision.state.session
        if changed is None or changed == before.session:
            continue
        half = State(session=changed, window=before.window)
        again = decide(half, event, now, VARIED, RULES)
        assert again.effects == ()
        assert again.state.session == changed
        assert again.state.window and decision.state.window
        assert again.state.window.references == decision.state.window.references


@settings(max_examples=1500)
@given(histories)
def test_only_the_agent_with_the_user_can_act_and_one_agent_begins_where_another_ends(
    history: list[tuple[Maker, float, bool]],
) -> None:
    for before, event, _, decision in unfold(history):
        if not (isinstance(event, AgentReplied) and event.message["kind"] in ACTS):
            continue
        told = [effect for effect in decision.effects if isinstance(effect, TellAgent)]
        closed = [effect.agent for effect in told if effect.record.get("reason") in ("agent", "transferred")]
        begun = [effect for effect in told if effect.record.get("type") == "initial"]
        after = decision.state.session
        if not closed:
            assert begun == []
            continue
        assert closed == [event.agent] and before.session and before.session.agent == event.agent
        assert after and after.agent != event.agent
        assert [effect.agent for effect in begun] == ([] if after.agent is None else [after.agent])


@settings(max_examples=500)
@given(histories)
def test_the_references_are_the_conversations_and_bounded(history: list[tuple[Maker, float, bool]]) -> None:
    known: set[str] = set()
    for _, event, _, decision in unfold(history):
        known |= {effect.id for effect in decision.effects if isinstance(effect, Send)}
        known |= {event.id} if isinstance(event, UserWrote) else set()
        window, session = decision.state.window, decision.state.session
        assert window is None or (len(window.references) <= REFERENCES and set(window.references) <= known)
        if window and (session is None or session.agent is None):
            kept = session.kept if session else ()
            assert list(window.references) == [record["message_id"] for record in kept]


OWN_WORDS = {SERVICE.id: "Service:", SALES.id: "Sales:", DESK.id: "Desk:"}


def own_words(decision: Decision, agent: int) -> list[str]:
    """What the broker says to the user in the words of an agent."""
    sent = [effect for effect in decision.effects if isinstance(effect, Send) and effect.agent is None]
    return [text for effect in sent if OWN_WORDS[agent] in (text := effect.message["text"])]


@settings(max_examples=1500)
@given(histories)
def test_an_agents_own_words_are_read_only_by_who_is_or_was_with_it(history: list[tuple[Maker, float, bool]]) -> None:
    for before, _, _, decision in unfold(history):
        around = {session.agent for session in (before.session, decision.state.session) if session}
        assert {agent for agent in OWN_WORDS if own_words(decision, agent)} <= around


@settings(max_examples=1500)
@given(histories)
def test_who_is_with_a_closed_agent_is_told_once_for_each_closing(history: list[tuple[Maker, float, bool]]) -> None:
    told: set[float] = set()
    for before, event, now, decision in unfold(history):
        session = decision.state.session
        if session is None or session.agent is None:
            continue
        if before.session is None or (before.session.agent, before.session.since) != (session.agent, session.since):
            told.clear()
        agent = VARIED.agent(session.agent)
        assert agent is not None
        opens = opening(agent, now)
        said = [text for text in own_words(decision, agent.id) if "closed." in text]
        assert len(said) <= (opens is not None and opens not in told)
        if said and opens is not None:
            told.add(opens)
        heard = [effect.record for effect in decision.effects if isinstance(effect, TellAgent)]
        if (
            isinstance(event, UserWrote)
            and any(record.get("closed") for record in heard)
            and window_open(decision, now)
        ):
            assert opens in told


def window_open(decision: Decision, now: float) -> bool:
    """Whether free text may be sent after a decision."""
    window = decision.state.window
    return window is not None and now < window.last_seen + RULES.window_seconds - RULES.window_margin_seconds


@settings(max_examples=1500)
@given(histories)
def test_a_record_says_that_its_agent_is_closed_exactly_when_it_is(history: list[tuple[Maker, float, bool]]) -> None:
    for before, event, now, decision in unfold(history):
        for effect in decision.effects:
            if not isinstance(effect, TellAgent):
                continue
            came_now = effect.record.get("type") == "initial" or effect.record.get("message_id") == event.id
            agent = VARIED.agent(effect.agent)
            assert agent is not None
            kept = before.session is None or before.session.agent is None
            if came_now and not (kept and effect.record.get("type") != "initial"):
                assert effect.record.get("closed", False) == (opening(agent, now) is not None), effect.record
            else:
                assert "closed" not in effect.record
