"""An agent's form: what a browser writes into it, and what the API would be told.

In: an agent, or a form's fields. Out: what the form shows; the JSON object of the API; each problem at the field it is
about. It checks nothing itself but what only a form can get wrong: the rules are the API's, in its words.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from app.core.agent_rules import Problem, Refused
from app.core.hours import SPANS_MAX, WEEKDAYS, Hours
from app.core.register import Agent

WORDS = ("name", "description", "position", "read_topic", "write_topic", "error_topic")
MESSAGES = ("closed_message", "welcome_message")
ALWAYS, BY_HOURS = "always", "hours"
PAIRS_LEAST = 2
"""Pairs of times a weekday shows at least; there is always an empty one, as long as another span is allowed."""

Written = dict[str, Any]
"""A form as it is shown: texts by field, `opens` (always or by hours), and `days`: weekday → pairs of times."""


def of_agent(agent: Agent | None) -> Written:
    """The form of an agent, or an empty one."""
    hours = agent.hours if agent else None
    texts = {name: str(getattr(agent, name)) if agent else "" for name in (*WORDS, *MESSAGES)}
    return {
        **texts,
        "position": texts["position"] or "0",
        "opens": BY_HOURS if hours else ALWAYS,
        "zone": hours.zone if hours else "",
        "days": {weekday: _pairs(_spans(hours, weekday)) for weekday in WEEKDAYS},
        "holidays": "\n".join(f"{day} {name}".strip() for day, name in hours.holidays) if hours else "",
    }


def of_form(sent: Iterable[tuple[str, object]]) -> Written:
    """The form of the names and values that were sent; what is missing is empty."""
    # Browsers end lines with CR and LF, and count one character.
    form = [(name, str(value).replace("\r\n", "\n")) for name, value in sent]
    first = dict(reversed(form))
    found = {name: first.get(name, "") for name in (*WORDS, *MESSAGES, "zone", "holidays")}
    days = {}
    for weekday in WEEKDAYS:
        times = [[value for name, value in form if name == f"{weekday}-{end}"] for end in ("from", "until")]
        days[weekday] = _pairs(zip(*times, strict=False))
    return {**found, "opens": BY_HOURS if first.get("opens") == BY_HOURS else ALWAYS, "days": days}


def as_json(written: Written) -> dict[str, Any]:
    """The agent as the API is told of it; what is no number stays a text, and the rules say so.

    Raises Refused for a holiday that stands twice, of which one would be lost.
    """
    position = written["position"].strip()
    return {
        **{name: written[name] for name in (*WORDS, *MESSAGES)},
        "position": int(position) if position.isascii() and position.isdecimal() else position,
        "hours": _hours(written) if written["opens"] == BY_HOURS else None,
    }


def by_field(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """The reasons at the field of the form they are about; those of hours begin with the part they mean."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        field = problem.field
        if field == "hours":
            places = {"zone": "zone:", "holidays": "holidays:", **{day: f"days: {day} " for day in WEEKDAYS}}
            field = next((name for name, begin in places.items() if problem.reason.startswith(begin)), field)
        found.setdefault(field, []).append(problem.reason)
    return found


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Time zones to choose from: places, by name."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def _hours(written: Mapping[str, Any]) -> dict[str, Any]:
    holidays: dict[str, str] = {}
    for line in written["holidays"].splitlines():
        day, _, name = line.strip().partition(" ")
        if day and day in holidays:
            raise Refused([Problem("hours", f"holidays: {day} stands twice: once is enough")])
        if day:
            holidays[day] = name.strip()
    days = {weekday: [_span(*pair) for pair in pairs if any(pair)] for weekday, pairs in written["days"].items()}
    return {
        "zone": written["zone"].strip(),
        "days": {weekday: spans for weekday, spans in days.items() if spans},
        "holidays": holidays,
    }


def _span(opens: str, closes: str) -> str:
    # A field for a time knows no 24:00; midnight at the end of a span can only be that.
    return f"{opens}-{'24:00' if closes == '00:00' else closes}"


def _spans(hours: Hours | None, weekday: str) -> list[tuple[str, str]]:
    spans = hours.to_dict()["days"].get(weekday, []) if hours else []
    pairs = (span.split("-") for span in spans)
    return [(opens, "00:00" if closes == "24:00" else closes) for opens, closes in pairs]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    used = [(opens.strip(), closes.strip()) for opens, closes in pairs if opens.strip() or closes.strip()]
    shown = max(PAIRS_LEAST, min(len(used) + 1, SPANS_MAX))
    return [*used, *[("", "")] * (shown - len(used))]
