"""What an operator may look up of a user.

In: a name as people write it; a user's state. Out: the user key it may mean; a plain JSON object. Must never show what
users wrote: of the messages kept for an agent, only how many there are.
"""

from datetime import UTC, datetime
from typing import Any

from app.core.identity import User, split_address, user_key
from app.core.register import Agent, Register
from app.core.rules import Rules, fold
from app.core.state import State


def key_of(name: str, phone_number_id: str) -> str:
    """The user key of a name: a phone number or BSUID at this business number, and anything else is a key itself."""
    wa_id, user_id = split_address(name)
    if phone_number_id and (wa_id or user_id):
        return user_key(phone_number_id, wa_id, user_id)
    return name


def agent_of(name: str, register: Register) -> Agent | None:
    """The agent with this id, active or not, or the active one with this name, in any case."""
    found = register.agent(int(name)) if name.isascii() and name.isdecimal() and len(name) <= 18 else None
    return found or register.named(name)


def is_named(user: User, words: str) -> bool:
    """Whether every word stands somewhere in the user's name, in any case and accent."""
    name = fold(user.name or "")
    return all(word in name for word in fold(words).split())


def session_shown(key: str, state: State, register: Register, rules: Rules, now: float) -> dict[str, Any] | None:
    """A user's session and window at `now` (seconds UTC); None when nothing is known of the user."""
    session, window = state.session, state.window
    if session is None and window is None:
        return None
    user = {} if window is None else window.user.to_dict()
    return {
        "user": {**user, "key": key},
        "state": "none" if session is None else "menu" if session.agent is None else "agent",
        "agent": None if session is None else _agent(session.agent, register),
        "since": None if session is None else _moment(session.since),
        "window": _window(0.0 if window is None else window.last_seen, rules, now),
        "kept_messages": 0 if session is None else len(session.kept),
    }


def _agent(agent_id: int | None, register: Register) -> dict[str, Any] | None:
    if agent_id is None:
        return None
    agent = register.agent(agent_id)
    return {"id": agent_id, "name": agent.name if agent else None}


def _window(last_seen: float, rules: Rules, now: float) -> dict[str, Any]:
    if last_seen <= 0:
        return {"open": False, "ends": None}
    ends = last_seen + rules.window_seconds
    return {"open": now < ends - rules.window_margin_seconds, "ends": _moment(ends)}


def _moment(seconds: float) -> dict[str, Any]:
    return {"seconds": seconds, "utc": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")}
