"""An agent's form: what a browser writes into it, and what the API would be told.

In: an agent, or a form's fields. Out: what the form shows; the JSON object of the API; each problem at the field it is
about. It checks nothing itself but what only a form can get wrong: the rules are the API's, in its words.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import orjson

from app.core.agent_rules import Problem, Refused
from app.core.agent_texts import LENGTHS
from app.core.hours import SPANS_MAX, WEEKDAYS, Hours
from app.core.register import Agent

WORDS = ("name", "description", "position", "read_topic", "write_topic", "error_topic")
MESSAGES = ("closed_message", "welcome_message")
ALWAYS, BY_HOURS = "always", "hours"
TEXTS = tuple(f"texts.{name}" for name in LENGTHS)
"""Fields of the agent's own sentences, named as the API names what is wrong with them. An empty one is the broker's."""
SILENT = {f"texts.{name}": f"texts.{name}.silent" for name, (least, _) in LENGTHS.items() if not least}
"""Fields that are ticked to leave a sentence unsaid, as an empty one of the API does."""
PAIRS_LEAST = 2
"""Pairs of times a weekday shows at least; there is always an empty one, as long as another span is allowed."""

Written = dict[str, Any]
"""A form as it is shown: texts by field, `opens` (always or by hours), `days`: weekday → pairs of times, which of
`SILENT` are ticked, and `seen`: the `mark` of the agent when the form was opened."""


def mark(agent: Agent) -> str:
    """What tells one state of an agent from another. Its former topics are left out: the broker itself leaves them."""
    known = {name: value for name, value in agent.to_dict().items() if name != "draining"}
    return hashlib.sha256(orjson.dumps(known, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def of_agent(agent: Agent | None) -> Written:
    """The form of an agent, or an empty one."""
    hours = agent.hours if agent else None
    texts = {name: str(getattr(agent, name)) if agent else "" for name in (*WORDS, *MESSAGES)}
    own = {f"texts.{name}": text for name, text in agent.texts} if agent else {}
    return {
        **texts,
        **{name: own.get(name, "") for name in TEXTS},
        **{tick: own.get(name) == "" for name, tick in SILENT.items()},
        "seen": mark(agent) if agent else "",
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
    found = {name: first.get(name, "") for name in (*WORDS, *MESSAGES, *TEXTS, "zone", "holidays", "seen")}
    ticked = {tick: tick in first for tick in SILENT.values()}
    days = {}
    for weekday in WEEKDAYS:
        times = [[value for name, value in form if name == f"{weekday}-{end}"] for end in ("from", "until")]
        days[weekday] = _pairs(zip(*times, strict=False))
    return {**found, **ticked, "opens": BY_HOURS if first.get("opens") == BY_HOURS else ALWAYS, "days": days}


def as_json(written: Written) -> dict[str, Any]:
    """The agent as the API is told of it; what is no number stays a text, and the rules say so.

    Raises Refused for what would be lost: one of a holiday that stands twice, words that are to be left unsaid.
    """
    position = written["position"].strip()
    return {
        **{name: written[name] for name in (*WORDS, *MESSAGES)},
        "position": int(position) if position.isascii() and position.isdecimal() else position,
        "hours": _hours(written) if written["opens"] == BY_HOURS else None,
        "texts": _texts(written),
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


def has_own_words(written: Written) -> bool:
    """Whether any of the agent's own sentences is written or left unsaid."""
    return any(written[name] for name in (*TEXTS, *SILENT.values()))


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Time zones to choose from: places, by name."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def _texts(written: Mapping[str, Any]) -> dict[str, str]:
    silent = [name for name, tick in SILENT.items() if written[tick]]
    if problems := [
        Problem(name, "is written, and is to be left unsaid: choose one") for name in silent if written[name]
    ]:
        raise Refused(problems)
    said = [name for name in TEXTS if written[name] or name in silent]
    return {name.removeprefix("texts."): written[name] for name in said}


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
