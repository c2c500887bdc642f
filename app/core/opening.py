"""What is said of an agent that is closed now.

In: an agent and a moment (seconds UTC). Out: whether it is closed, when it opens, and that in words. The words hold no
name of a day or month, for the sentences around them may be in any language.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.hours import open_at, opens_next
from app.core.register import Agent

NEVER = -1.0
"""Stands for an opening that is too far away to be named."""


def opening(agent: Agent, now: float) -> float | None:
    """When a closed agent opens next, in seconds UTC, or `NEVER`; None when it is open now."""
    if agent.hours is None or open_at(agent.hours, now):
        return None
    found = opens_next(agent.hours, now)
    return NEVER if found is None else found


def opening_shown(agent: Agent, now: float) -> str:
    """When a closed agent opens next by its own place's clock: `09:00`, or `2026-12-28 09:00` on another day.

    Empty when it is open now, and when the opening is too far away to be named.
    """
    opens = opening(agent, now)
    if agent.hours is None or opens is None or opens == NEVER:
        return ""
    zone = ZoneInfo(agent.hours.zone)
    moment = datetime.fromtimestamp(opens, zone)
    same_day = moment.date() == datetime.fromtimestamp(now, zone).date()
    return moment.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M")
