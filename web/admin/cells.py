"""The numbers of the admin page in words: one place for the page itself and for the script that keeps it fresh.

In: users per agent and what was measured, each None while it cannot be had. Out: cells, each with a word, a note and a
tone. Must never show a number that is not known as nought.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

UNKNOWN = "–"
STALE_SECONDS = 90.0
"""Numbers older than that are said to be old; while nobody looks they are measured once a minute."""
NOTABLE_SECONDS, LONG_SECONDS = 5.0, 60.0
"""For an unread message: then it is said, and then somebody should look."""

Tone = Literal["", "bad", "dim"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of the table."""

    words: str
    note: str = ""
    tone: Tone = ""


def cells(stats: Mapping[str, Any] | None, measured: Mapping[str, Any]) -> dict[str, Cell]:
    """The cells by `<agent id>:<column>`, and `menu:users`."""
    found: dict[str, Cell] = {"menu:users": _count(stats["menu"] if stats else None)}
    users = {agent["id"]: agent["users"] for agent in stats["agents"]} if stats else {}
    for agent in measured["agents"]:
        key = agent["id"]
        found[f"{key}:users"] = _count(users.get(key, 0) if stats else None)
        found[f"{key}:in"] = _rate(agent["in_per_minute"])
        found[f"{key}:out"] = _out(agent)
        found[f"{key}:unread"] = _unread(agent)
        found[f"{key}:errors"] = _errors(agent)
    return found


def live(stats: Mapping[str, Any] | None, measured: Mapping[str, Any], now: float) -> Cell:
    """The line above the table: how fresh it is, and what is away; `now` in seconds UTC."""
    said = [] if stats else ["Redis is away: users cannot be counted now."]
    at = measured["at"]
    if measured["problem"] or at is None or now - at > STALE_SECONDS:
        why = measured["problem"] or "nothing newer was measured"
        of = "" if at is None else f"; messages, unread and errors are of {duration(now - at)} ago"
        said.append(f"{why[0].upper()}{why[1:]}{of}.")
    return Cell(" ".join(said), tone="bad") if said else Cell("Refreshed every 5 seconds.")


def as_json(found: Mapping[str, Cell], line: Cell) -> dict[str, Any]:
    """What the script shows."""
    return {"cells": {key: asdict(cell) for key, cell in found.items()}, "live": asdict(line)}


def duration(seconds: float) -> str:
    """A time as people say it: `40 s`, `5 min`, `3 h`."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"


def _count(number: int | None) -> Cell:
    return Cell(UNKNOWN if number is None else str(number), tone="dim" if not number else "")


def _rate(number: float | None) -> Cell:
    words = UNKNOWN if number is None else f"{number:.1f}" if 0 < number < 10 else f"{number:.0f}"
    return Cell(words, tone="dim" if not number else "")


def _out(agent: Mapping[str, Any]) -> Cell:
    rate, behind = _rate(agent["out_per_minute"]), agent["not_carried"]
    return Cell(rate.words, f"{behind} wait for the broker", rate.tone) if behind else rate


def _unread(agent: Mapping[str, Any]) -> Cell:
    state, unread, waits = agent["readers"], agent["unread"], agent["waiting_seconds"]
    if state == "none":
        return Cell(UNKNOWN, "no reader", "dim")
    if state is None or unread is None:
        return Cell(UNKNOWN, tone="dim")
    age = f"for {duration(waits)}" if waits is not None and waits >= NOTABLE_SECONDS else ""
    if state == "away":
        return Cell(str(unread), " ".join(["nobody reads", age]).strip(), "bad")
    if not unread:
        return Cell("0", tone="dim")
    return Cell(str(unread), age, "bad" if waits is None or waits >= LONG_SECONDS else "")


def _errors(agent: Mapping[str, Any]) -> Cell:
    hour, minute = agent["errors_last_hour"], agent["errors_last_minute"]
    if not hour:
        return _count(hour)
    return Cell(str(hour), f"{minute} in the last minute" if minute else "", "bad" if minute else "")
