"""Two states that turn out to be one person's become one.

In: the home's turn, and what the younger home handed over. Out: one session and one window, with every message kept
for an agent. Must never lose a kept message, nor tell one twice when a crash makes the hand-over happen again.
"""

from dataclasses import replace
from typing import Any

from app.core import records
from app.core.events import UserJoined
from app.core.identity import User
from app.core.register import Register
from app.core.rules import Rules
from app.core.state import Session, State, Window, digest
from app.core.turn import REFERENCES, Decision, Turn

JOINED = 16
"""Former keys of a user that are remembered: far more than anybody has."""


def join(state: State, event: UserJoined, now: float, register: Register, rules: Rules) -> Decision:
    """Take a younger home's user over: the session with an agent wins, of two the one that began later."""
    turn = Turn(state, event, now, register, rules)
    written = state.session is not None and state.session.by == digest(event.id)
    if event.session and not written:
        _join_sessions(turn, event.session, event.window.user)
    turn.window = _joined(turn.window, event.window, first=state.window is None)
    if event.session and not written:
        _tell(turn, event.session, event.window.user)
    turn.touched(event.at)
    turn.handled()
    return turn.decision()


def _join_sessions(turn: Turn, theirs: Session, their_user: User) -> None:
    ours = turn.session
    # Known already: the hand-over was repeated after a crash, with more in it.
    fresh = [
        {**record, "user": turn.user.key} for record in theirs.kept if not turn.window.knows(str(record["message_id"]))
    ]
    if ours is None:
        turn.session = replace(theirs, kept=tuple(fresh))
        return
    if ours.agent is None and theirs.agent is None:
        later = max(ours, theirs, key=lambda session: session.since)
        turn.session = replace(
            ours, menu=later.menu, shown=later.shown, since=later.since, dropped=ours.dropped + theirs.dropped
        )
        turn.keep_records(*fresh)
        return
    if theirs.agent is not None and (ours.agent is None or theirs.since > ours.since):
        winner, loser = replace(theirs, kept=()), ours
    else:
        winner, loser = ours, theirs
    turn.session = winner
    _end(turn, winner, loser, turn.user if loser is ours else their_user)
    agent = turn.register.active_agent(winner.agent)
    for record in (*(ours.kept if ours is loser else ()), *fresh):
        if agent:
            turn.tell_kept(agent, record)
        else:
            turn.set_aside("a message kept for an agent that is gone", record)


def _end(turn: Turn, winner: Session, loser: Session, user: User) -> None:
    agent = turn.register.agent(loser.agent)
    if agent and loser.agent != winner.agent:
        words = "The user is in another conversation under another of their names."
        turn.tell(agent, records.closed_record(user, words, "joined", turn.now))


def _tell(turn: Turn, theirs: Session, their_user: User) -> None:
    """Tell the agent who had the younger user, and has the user now, that they are one."""
    agent = turn.register.agent(theirs.agent)
    if agent and turn.session and turn.session.agent == theirs.agent:
        window = turn.window
        turn.tell(agent, records.joined_record(turn.user, their_user, window.joined, window.last_seen, turn.now))


def _joined(ours: Window, theirs: Window, *, first: bool) -> Window:
    newer = theirs if theirs.named > ours.named or first else ours
    user = replace(
        newer.user,
        key=ours.user.key,
        wa_id=newer.user.wa_id or ours.user.wa_id or theirs.user.wa_id,
        user_id=newer.user.user_id or ours.user.user_id or theirs.user.user_id,
        name=newer.user.name or ours.user.name or theirs.user.name,
    )
    both: dict[str, Any] = {
        # The oldest ids of what was handled go first when there are too many: rather theirs than those of the newest.
        name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name))))
        for one, other, names in ((theirs, ours, ("ids", "numbers")), (ours, theirs, ("recent", "others")))
        for name in names
    }
    return replace(
        ours,
        user=user,
        last_seen=max(ours.last_seen, theirs.last_seen),
        touched=max(ours.touched, theirs.touched),
        ticks={name: max(theirs.ticks.get(name, 0), ours.ticks.get(name, 0)) for name in theirs.ticks | ours.ticks},
        references=(*theirs.references, *ours.references)[-REFERENCES:],
        since=theirs.since if first else min(ours.since, theirs.since),
        named=newer.named,
        passed={number: to for number, to in (theirs.passed | ours.passed).items() if number not in theirs.numbers},
        joined=_former(ours, theirs),
        **both,
    )


def _former(ours: Window, theirs: Window) -> tuple[str, ...]:
    keys = dict.fromkeys((*theirs.joined, *ours.joined, theirs.user.key))
    return tuple(key for key in keys if key != ours.user.key)[-JOINED:]
