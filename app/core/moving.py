"""Hands a user over to another agent, or ends the conversation, because somebody other than the user wants it.

In: a turn of `decide`, an order from the admin API, or an agent's wish. Out: the turn's session and effects. A user who
is where the order wants them already is left alone, so that an order may be repeated.
"""

from app.core import records
from app.core.events import EndOrdered, MoveOrdered
from app.core.naming import former_keys
from app.core.register import Agent
from app.core.turn import Turn


def move(turn: Turn, event: MoveOrdered) -> None:
    """Connect the user with the agent an order names; nothing happens when they are with it already."""
    turn.touched(event.at)
    target = turn.register.active_agent(event.agent)
    if target is None:
        record = {"agent": event.agent, "note": event.note, "user": turn.user.key}
        turn.set_aside("a user was to be moved to an agent that is not active any more", record)
    elif turn.session is None or turn.session.agent != target.id:
        hand_over(turn, target, None, event.note, event.at)


def end(turn: Turn, event: EndOrdered) -> None:
    """Lead the user back to the menu; nothing happens to a user who is with no agent."""
    turn.touched(event.at)
    if turn.session is None or turn.session.agent is None:
        return
    agent = turn.register.agent(turn.session.agent)
    if agent:
        turn.tell(
            agent, records.closed_record(turn.user, "An administrator ended the conversation.", "ended", event.at)
        )
    turn.to_menu(notice=turn.fill(turn.texts(agent).farewell, agent))


def hand_over(turn: Turn, target: Agent, sender: str | None, note: str | None, at: float) -> None:
    """Connect the user with another agent, and tell both and the user; what was kept goes to the new agent.

    `sender` is the name of the agent that hands over, None when no agent does.
    """
    before = turn.session
    former = turn.register.agent(before.agent) if before else None
    if former:
        told = f"The user is with {target.name} now."
        turn.tell(former, records.closed_record(turn.user, told, "transferred", at))
    turn.to_agent(target)
    sentence = turn.fill(turn.rules.texts.assigned, target)
    handed = {
        "from": sender,
        "note": note,
        "references": list(turn.window.references),
        "user_wrote_at": turn.window.last_seen or None,
        "dropped": (before.dropped if before else 0) or None,
        "joined": list(former_keys(turn.window, turn.now, turn.rules)) or None,
    }
    turn.tell(target, records.transfer_record(turn.user, sentence, handed, at, closed=turn.closed(target)))
    for record in before.kept if before else ():
        turn.tell_kept(target, record)
