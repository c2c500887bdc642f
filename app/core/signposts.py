"""Every name of a user leads to the one key their state is kept under.

In: the state under the key an event came to, and the event. Out: a `Decision`, by `decide` where the user's home is,
else the event handed on to it. The home stays where the user was first seen; their other names are signposts, a window
with nothing but `home`. Signposts point to an older home, never round in a circle.
"""

from dataclasses import replace

from app.core.decide import decide
from app.core.effects import Effect, Forward
from app.core.events import (
    AgentReplied,
    ClockStruck,
    Event,
    IdentityChanged,
    Routed,
    StatusCame,
    UserJoined,
    UserLinked,
    UserPlaced,
    UserWrote,
)
from app.core.identity import User, user_key
from app.core.joining import join
from app.core.naming import before_key, is_stranger, learn, link, names, passed_on, shown
from app.core.placing import answer, ask, place, told
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import State, Window, digest
from app.core.turn import Decision

HOPS_MAX = 8
"""Keys an event may be handed on from: more are a circle, which no order of events should make."""


def route(state: State, event: Routed, hops: int, now: float, register: Register, rules: Rules) -> Decision:
    """Decide an event here or hand it on; `hops` is from how many keys it was handed on, `now` as for `decide`."""
    decision = _route(state, event, hops, now, register, rules)
    # These come last: the ids of the other effects count them.
    return replace(decision, effects=(*decision.effects, *told(state, decision.state, event, now, rules)))


def _route(state: State, event: Routed, hops: int, now: float, register: Register, rules: Rules) -> Decision:
    window = state.window
    if isinstance(event, UserPlaced):
        return place(state, event, now)
    if isinstance(event, AgentReplied) and event.asker:
        return answer(state, event, hops, now)
    if isinstance(event, ClockStruck):
        return decide(state, event, now, register, rules)
    if window and window.home and hops >= HOPS_MAX // 2 and _is_own_name(event):
        # Round in a circle, which a crash can leave behind: here they are at home again, and a later link joins them.
        state, window = State(), None
    if window and window.home:
        return _at_signpost(window, event, hops, now)
    if window and window.knows(event.id):
        return Decision(state)
    if isinstance(event, UserLinked):
        return _linked(state, event, now)
    if isinstance(event, UserJoined):
        return join(state, event, now, register, rules)
    another = _of_another(state, event, hops, now)
    if another is None and isinstance(event, AgentReplied) and event.anywhere:
        another = ask(state, event, hops, now, rules)
    return another or _at_home(state, event, now, register, rules)


def _is_own_name(event: Routed) -> bool:
    """Whether a user wrote, and the event is at the key of the BSUID they show."""
    user = event.user
    return isinstance(event, UserWrote) and bool(
        user.user_id and user.key == user_key(user.phone_number_id, None, user.user_id)
    )


def _on(event: Routed, key: str, hops: int) -> Forward:
    return Forward(event=replace(event, user=replace(event.user, key=key)), hops=hops + 1)


def _at_signpost(window: Window, event: Routed, hops: int, now: float) -> Decision:
    if not isinstance(event, StatusCame):
        # Not for what others send to this name: a signpost must not outlive the home it leads to.
        window = replace(window, touched=max(window.touched, now))
    if isinstance(event, UserLinked):
        if event.home in (window.home, event.user.key):
            return Decision(State(window=window))
        if event.via == window.home:
            return Decision(State(window=replace(window, home=event.home)))
    return Decision(State(window=window), (_on(event, window.home, hops),))


def _of_another(state: State, event: Event, hops: int, now: float) -> Decision | None:
    """Hand on what is about another person than the one whose home this is; None when it is about them."""
    window = state.window
    if isinstance(event, IdentityChanged):
        key = before_key(event)
        # Who has not shown a BSUID yet is taken as their number's, as they are when they write under it.
        unknown = event.before.user_id not in window.ids if window and window.ids else state.session is None
        if key and key != event.user.key and unknown and not hops:
            return Decision(state, (_on(event, key, hops),))
    if window is None:
        return None
    user = event.user
    if isinstance(event, UserWrote) and is_stranger(window, user):
        key = user_key(user.phone_number_id, None, user.user_id)
        if user.wa_id and event.at >= window.last_seen:
            window = replace(passed_on(window, user.wa_id, key, event.at), touched=max(window.touched, now))
        return Decision(replace(state, window=window), (_on(event, key, hops),))
    holder, since = window.passed.get(user.wa_id or "", ("", 0.0))
    late = isinstance(event, UserWrote | IdentityChanged) and event.at < since
    if holder and not user.user_id and not late and isinstance(event, UserWrote | IdentityChanged | AgentReplied):
        window = replace(window, touched=max(window.touched, now))
        return Decision(replace(state, window=window), (_on(event, holder, hops),))
    return None


def _at_home(state: State, event: Event, now: float, register: Register, rules: Rules) -> Decision:
    window = state.window
    seen = shown(window, event) if isinstance(event, UserWrote) else event
    decision = decide(state, seen, now, register, rules)
    if decision.state.window is None:
        return decision
    learnt, links = learn(window, decision.state.window, event, now, rules)
    # The links come last: the ids of the other effects count them.
    return Decision(replace(decision.state, window=learnt), (*decision.effects, *links))


def _linked(state: State, event: UserLinked, now: float) -> Decision:
    key, window = event.user.key, state.window
    if event.home == key:
        return Decision(state)
    if window is None and state.session is None:
        return Decision(State(window=_signpost(event.user, event.home, now)))
    window = window or Window(user=event.user, since=now)
    if window.ids and event.ids and not set(window.ids) & set(event.ids):
        number = event.user.wa_id
        if number is None or number not in window.numbers or event.at <= window.last_seen:
            return Decision(state)
        return Decision(replace(state, window=passed_on(window, number, event.home, event.at)))
    if (window.since, window.user.key) < (event.since, event.home):
        home = User(key=event.home, phone_number_id=window.user.phone_number_id)
        # It must not be forgotten before it has what it asks for: then the other's names would lead here, and round.
        window = replace(window, touched=max(window.touched, now))
        return Decision(replace(state, window=window), (link(window, home, event.at, event.id),))
    return _hand_over(state, window, event, now)


def _hand_over(state: State, window: Window, event: UserLinked, now: float) -> Decision:
    key = window.user.key
    content = repr((state.session and state.session.to_dict(), window.to_dict()))
    joined = UserJoined(
        id=f"joined:{key}:{digest(content)}",
        user=User(key=event.home, phone_number_id=window.user.phone_number_id),
        at=event.at,
        session=state.session,
        window=window,
    )
    effects: list[Effect] = [Forward(event=joined, hops=1)]
    effects += [
        link(window, name, event.at, event.id, event.home, event.since)
        for name in names(window)
        if name.key != event.home
    ]
    return Decision(State(window=_signpost(window.user, event.home, now)), tuple(effects))


def _signpost(user: User, home: str, now: float) -> Window:
    return Window(user=User(key=user.key, phone_number_id=user.phone_number_id), home=home, touched=now)
