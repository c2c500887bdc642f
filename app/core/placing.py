"""Where a user is with an agent, for a reply that does not say at which business number.

In: states before and after an event, and replies that name neither number nor user. Out: what homes at other numbers
than the default tell the agent's signpost, and the reply handed on by it. An agent's signpost has a key of its own,
made of the agent and one of the user's names; it is nobody's home. Must never take a reply from the default number
while its user is with the agent there, and never hand it on twice.
"""

from dataclasses import replace

from app.core.effects import Forward
from app.core.events import AgentReplied, Routed, UserJoined, UserPlaced
from app.core.identity import User, agents_key
from app.core.rules import Rules
from app.core.state import State, Window
from app.core.turn import Decision, silent_since


def told(before: State, after: State, event: Routed, now: float, rules: Rules) -> tuple[Forward, ...]:
    """What a home tells agents' signposts of an event: here, or here no longer.

    It is told again with the names (`learn`), so that a signpost outlives the home's silence, and after a join, since
    what the former home takes back may arrive later than what this one said.
    """
    old, new = _places(before, rules), _places(after, rules)
    renewed = before.window and after.window and before.window.linked != after.window.linked
    again = bool(renewed) or isinstance(event, UserJoined)
    kept = {place[:2] for place in new}
    gone = [_placed(place, event, now, here=False) for place in old if place[:2] not in kept]
    return (*gone, *(_placed(place, event, now, here=True) for place in new if again or place not in old))


_Place = tuple[str, str, float, User]
"""The agent's signpost, the home, since when, and one of the user's names at the home's business number."""


def _places(state: State, rules: Rules) -> list[_Place]:
    session, window = state.session, state.window
    if session is None or session.agent is None or window is None or window.home:
        return []
    number = window.user.phone_number_id
    if not rules.default_number or number == rules.default_number:
        return []
    phones = dict.fromkeys((*window.numbers, window.user.wa_id))
    names = [User.at(number, phone, None) for phone in phones if phone and phone not in window.passed]
    names += [
        User.at(number, None, user_id) for user_id in dict.fromkeys((*window.ids, window.user.user_id)) if user_id
    ]
    return [(agents_key(session.agent, name.address), window.user.key, session.since, name) for name in names]


def _placed(place: _Place, event: Routed, now: float, *, here: bool) -> Forward:
    signpost, home, since, name = place
    placed = UserPlaced(
        id=f"placed:{signpost}:{home}:{here}:{event.id}",
        user=replace(name, key=signpost),
        at=now,
        home=home,
        since=since,
        here=here,
    )
    return Forward(event=placed, hops=1)


def place(state: State, event: UserPlaced, now: float) -> Decision:
    """At an agent's signpost: learn where a user is with the agent."""
    window = state.window or Window(user=User(key=event.user.key, phone_number_id=""))
    number = event.user.phone_number_id
    places = dict(window.places)
    if event.here:
        places[number] = (event.home, event.since)
    elif places.get(number, ("", 0.0))[0] == event.home:
        del places[number]
    if not places:
        return Decision(State())
    return Decision(State(window=replace(window, places=places, home=_latest(places)[1], touched=now)))


def _latest(places: dict[str, tuple[str, float]]) -> tuple[str, str]:
    """The business number at which the user came to the agent last, and the home there."""
    number = max(places, key=lambda one: (places[one][1], one))
    return number, places[number][0]


def ask(state: State, event: AgentReplied, hops: int, now: float, rules: Rules) -> Decision | None:
    """At a home of the default number: ask the agent's signpost; None when the reply is to be decided here."""
    session, window = state.session, state.window
    asked = f"{event.id}~asked"
    if window and window.knows(asked):
        return Decision(state)
    silent = now - silent_since(session, window or Window(user=event.user)) if session else 0.0
    if session and session.agent == event.agent and silent < rules.session_seconds:
        return None
    if window:
        # Under a name of its own: the reply comes back here when the signpost knows nobody. Where nobody is at home a
        # window for this alone would make a reply the beginning of a user.
        window = replace(window, touched=max(window.touched, now)).remembering(asked, rules.recent_ids, of_user=False)
    signpost = replace(event.user, key=agents_key(event.agent, event.user.address))
    question = replace(event, user=signpost, anywhere=False, asker=event.user.key)
    return Decision(replace(state, window=window), (Forward(event=question, hops=hops + 1),))


def answer(state: State, event: AgentReplied, hops: int, now: float) -> Decision:
    """At an agent's signpost: hand the reply on to where the user is with the agent, else back to who asked."""
    window = state.window
    if window is None or not window.places:
        back = replace(event, user=replace(event.user, key=event.asker), asker="")
        return Decision(state, (Forward(event=back, hops=hops + 1),))
    number, home = _latest(window.places)
    found = replace(event, user=replace(event.user, key=home, phone_number_id=number), asker="")
    window = replace(window, touched=max(window.touched, now))
    return Decision(replace(state, window=window), (Forward(event=found, hops=hops + 1),))
