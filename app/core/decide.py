"""The router's whole judgement, as a pure function.

In: what is known of a user, one event, the time of that event, the agents and the rules. Out: the new state and the
effects. The same input always gives the same output, and a repeated event gives none; nothing here waits or looks at
a clock.
"""

from app.core import records
from app.core.acts import ACTS, Close, Transfer
from app.core.events import (
    AgentReplied,
    ClockStruck,
    EndOrdered,
    Event,
    IdentityChanged,
    MoveOrdered,
    SendFinished,
    StatusCame,
    UserWrote,
)
from app.core.menu import Chosen, Stale, Turned, is_ours, read_tap, read_words
from app.core.messages import MARKS, WITHOUT_WINDOW, Text, cut, parts
from app.core.moving import end, hand_over, move
from app.core.naming import former_keys
from app.core.register import Agent, Register
from app.core.rules import Rules
from app.core.state import Session, State, digest
from app.core.turn import Decision, Turn

RANKS = {"sent": 1, "delivered": 2, "read": 3, "played": 4}
"""Statuses only ever climb (whatsapp-cloud-api, chapter 4); `failed` is a flag of its own."""

NOT_OPENING = frozenset({"system", "reaction", "edit", "revoke", "unsupported", "unknown"})
"""Kinds of which Meta does not say that they open the window: counted conservatively (chapter 6)."""

SEND_OUTCOMES_TOLD = ("refused", "in_doubt", "late")


def decide(state: State, event: Event, now: float, register: Register, rules: Rules) -> Decision:
    """Decide what an event changes and asks for; `now` is the event's own arrival, in seconds UTC."""
    if state.window and state.window.knows(event.id):
        return Decision(state)
    turn = Turn(state, event, now, register, rules)
    if state.session and state.session.by == digest(event.id):
        return _finish_half_written(turn, event)
    match event:
        case UserWrote():
            _user_wrote(turn, event)
        case IdentityChanged():
            _identity_changed(turn, event)
        case StatusCame():
            return _status_came(state, turn, event)
        case AgentReplied():
            _agent_replied(turn, event)
        case SendFinished():
            return _send_finished(state, turn, event)
        case ClockStruck():
            return _clock_struck(state, turn, event)
        case MoveOrdered():
            move(turn, event)
        case EndOrdered():
            end(turn, event)
    turn.handled()
    return turn.decision()


def _finish_half_written(turn: Turn, event: Event) -> Decision:
    """A crash came after the session was written and before the window: effects and session are there already."""
    turn.touched(event.at)
    if isinstance(event, UserWrote):
        _seen(turn, event)
        if turn.session and turn.session.refers:
            turn.refer(event.message_id or event.id)
    turn.handled()
    return turn.decision()


def _seen(turn: Turn, event: UserWrote) -> None:
    turn.user_seen(event.user, event.at if event.kind not in NOT_OPENING else 0.0)


def _user_wrote(turn: Turn, event: UserWrote) -> None:
    turn.touched(event.at)
    _end_if_silent(turn, event.at)  # when it was written, by Meta's clock: a webhook may come hours late
    _seen(turn, event)
    session = turn.session
    agent = turn.register.active_agent(session.agent) if session else None
    if event.kind == "system" and agent is None:
        turn.set_aside("a system message about a user who is with no agent", records.message_record(event, turn.user))
    elif session and session.agent is not None and agent is None:
        turn.session = None
        _at_menu(turn, event, notice=_gone_notice(turn, session.agent))
    elif agent is None:
        _at_menu(turn, event)
    elif event.kind == "text" and turn.rules.is_exit(event.text):
        left = turn.fill(turn.rules.texts.left, agent)
        turn.tell(agent, records.closed_record(turn.user, left, "exit", event.at))
        turn.to_menu(notice=turn.fill(turn.texts(agent).farewell, agent))
    elif is_ours(event.choice):
        turn.say(turn.fill(turn.texts(agent).offer_change, agent))
    else:
        turn.tell(agent, records.message_record(event, turn.user, closed=turn.closed(agent)))
        turn.refer(event.message_id or event.id)
        turn.say_closed(agent)


def _identity_changed(turn: Turn, event: IdentityChanged) -> None:
    """Tell the agent; the session stays under the key the user had."""
    turn.touched(event.at)
    agent = turn.register.active_agent(turn.session.agent) if turn.session else None
    record = records.identity_record(event, turn.user)
    if agent is None:
        turn.set_aside("a change of identity of a user who is with no agent", record)
    else:
        turn.tell(agent, record)


def _at_menu(turn: Turn, event: UserWrote, notice: str = "") -> None:
    shown = turn.session
    choice = None
    if event.choice is not None:
        choice = read_tap(event.choice, shown.menu if shown else "", turn.register, shown.shown if shown else "")
    elif shown and shown.menu and event.kind == "text":
        choice = read_words(event.text, turn.register, shown.shown)
    match choice:
        case Chosen(agent):
            _assign(turn, event, agent)
            return
        case Turned(page):
            turn.to_menu(fresh=False, page=page)
        case Stale():
            turn.to_menu(notice=turn.fill(turn.rules.texts.stale))
        case None:
            turn.to_menu(notice=notice, fresh=False)
            if not (event.kind == "text" and turn.rules.is_exit(event.text)):
                turn.keep(event)
    if not turn.window_open:
        turn.set_aside(_why_no_menu(event), records.message_record(event, turn.user))


def _why_no_menu(event: UserWrote) -> str:
    if event.kind in NOT_OPENING:
        return (
            f"of the kind {event.kind}, which does not open the window, and it was closed: the menu could not be sent,"
            " and until the user writes again only a template can reach them"
        )
    return "came so late that its window had closed: the menu could not be sent"


def _assign(turn: Turn, event: UserWrote, agent: Agent) -> None:
    kept = turn.session.kept if turn.session else ()
    dropped = turn.session.dropped if turn.session else 0
    turn.to_agent(agent)
    sentence = turn.fill(turn.rules.texts.assigned, agent)
    closed, joined = turn.closed(agent), former_keys(turn.window, turn.now, turn.rules)
    turn.tell(agent, records.initial_record(turn.user, sentence, event, dropped, closed=closed, joined=joined))
    for record in kept:
        turn.tell_kept(agent, record)


def _gone_notice(turn: Turn, agent_id: int) -> str:
    gone = turn.register.agent(agent_id)
    return turn.fill(turn.texts(gone).gone, gone) if gone else ""


def _end_if_silent(turn: Turn, at: float) -> None:
    """End a session whose user has been away too long, whether or not the clock's sweep has come by."""
    session = turn.session
    if session is None or not turn.silent(at):
        return
    agent = turn.register.agent(session.agent)
    if agent:
        expired = turn.fill(turn.rules.texts.expired, agent)
        turn.tell(agent, records.closed_record(turn.user, expired, "expired", turn.now))
    for record in session.kept:
        turn.set_aside("the user chose no agent before the session ended", record)
    turn.session = None


def _agent_replied(turn: Turn, event: AgentReplied) -> None:
    had_session = turn.session is not None
    _end_if_silent(turn, turn.now)
    if had_session and turn.session is None:
        turn.session = Session(since=turn.now)  # rather than none: only a session can carry the mark of its event
    turn.touched(event.at)
    agent = turn.register.agent(event.agent)
    if agent is None:
        turn.set_aside("an agent unknown to the register wrote to a user", {"agent": event.agent, **event.message})
        return
    if turn.session is None or turn.session.agent != event.agent:
        reason = f"agent {agent.name} is not associated with waID: {event.user.address}"
        _refuse(turn, event, agent, reason, "not_connected")
    elif event.message.get("kind") in ACTS:
        _act(turn, event, agent)
    elif event.message.get("kind") not in WITHOUT_WINDOW and not turn.window_open:
        _refuse_late(turn, event, agent)
    else:
        for part in parts(event.message):
            effect = turn.send(part, agent=agent.id, ref=event.ref, deadline=event.deadline)
            if part["kind"] not in MARKS:
                turn.refer(effect)


def _act(turn: Turn, event: AgentReplied, agent: Agent) -> None:
    act = ACTS[event.message["kind"]].model_validate(event.message)
    match act:
        case Close():
            _close(turn, event, agent, act)
        case Transfer():
            _transfer(turn, event, agent, act)


def _close(turn: Turn, event: AgentReplied, agent: Agent, act: Close) -> None:
    if act.text and not turn.window_open:
        _refuse_late(turn, event, agent)
        return
    closing = act.reason or "You closed the conversation."
    turn.tell(agent, records.closed_record(turn.user, closing, "agent", event.at))
    if act.text:
        turn.send(Text(text=act.text), agent=agent.id, ref=event.ref, deadline=event.deadline)
    turn.to_menu(notice="" if act.text else turn.fill(turn.texts(agent).farewell, agent))


def _transfer(turn: Turn, event: AgentReplied, agent: Agent, act: Transfer) -> None:
    target = turn.register.active_agent(act.to) if isinstance(act.to, int) else turn.register.named(act.to)
    if target is None or target.id == agent.id:
        why = "is you" if target else "is neither the name nor the id of an active agent"
        _refuse(turn, event, agent, f"the field to: {cut(str(act.to), 60)!r} {why}", "unknown_agent")
        return
    hand_over(turn, target, agent.name, act.note, event.at)


def _refuse_late(turn: Turn, event: AgentReplied, agent: Agent) -> None:
    reason = (
        f"the 24 hour window of waID {event.user.address} is closed: only a template can reach the user"
        " until they write again (Meta's error 131047)"
    )
    _refuse(turn, event, agent, reason, "window_closed")


def _refuse(turn: Turn, event: AgentReplied, agent: Agent, reason: str, code: str) -> None:
    record = records.error_record(turn.user, reason, code, event.raw, at=event.at, ref=event.ref)
    turn.tell(agent, record, error=True)


def _status_came(state: State, turn: Turn, event: StatusCame) -> Decision:
    """A status goes to the agent who sent the message, never to whoever has the user now."""
    mark = event.mark
    agent = turn.register.agent(mark.agent) if mark else None
    if mark is None or agent is None:
        return Decision(state)
    turn.touched(event.at)
    rank = RANKS.get(event.status)
    if event.status == "failed":
        turn.tell(agent, records.failure_record(event, turn.user), error=True)
        turn.handled()
    elif rank is None:
        turn.tell(agent, records.status_record(event, turn.user))
        turn.handled()
    elif rank <= turn.window.ticks.get(mark.effect, 0):
        return Decision(state)
    else:
        turn.tell(agent, records.status_record(event, turn.user))
        turn.window = turn.window.ticked(mark.effect, rank, turn.rules.ticks_kept)
    return turn.decision()


def _send_finished(state: State, turn: Turn, event: SendFinished) -> Decision:
    agent = turn.register.agent(event.agent)
    if agent is None or event.verdict not in SEND_OUTCOMES_TOLD:
        return Decision(state)
    turn.touched(event.at)
    record = records.error_record(
        turn.user,
        event.reason,
        event.code or event.verdict,
        event.raw,
        at=event.at,
        ref=event.ref,
        effect=event.effect,
        message_id=event.message_id,
        kind=event.kind,
    )
    turn.tell(agent, {**record, "verdict": event.verdict}, error=True)
    turn.handled()
    return turn.decision()


def _clock_struck(state: State, turn: Turn, event: ClockStruck) -> Decision:
    _end_if_silent(turn, turn.now)
    session = turn.session
    if session and session.agent is not None and turn.register.active_agent(session.agent) is None:
        notice = _gone_notice(turn, session.agent)
        turn.session = None
        turn.to_menu(notice=notice)
    if turn.session is None and turn.now - turn.window.touched >= turn.rules.forget_seconds:
        return Decision(State(), tuple(turn.effects))
    if turn.session is state.session:
        return Decision(state)
    turn.handled()
    return turn.decision()
