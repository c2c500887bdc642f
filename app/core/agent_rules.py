"""What an agent of the register must look like, and when it clashes with another one.

In: a JSON object from the admin API, the agents there are. Out: a `Draft` that may be stored, or every `Problem` at
once. Pure: no driver, no clock. Names are compared as users' words are (`fold`): users may type them to choose.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.agent_texts import read_texts
from app.core.hours import Hours, read_hours
from app.core.messages import ROW_DESCRIPTION_MAX, ROW_TITLE_MAX
from app.core.register import Agent
from app.core.rules import fold

TOPIC_FIELDS = ("read_topic", "write_topic", "error_topic")
MESSAGES = ("closed_message", "welcome_message")
FIELDS = ("name", *TOPIC_FIELDS, "description", "position", "hours", *MESSAGES, "texts", "active")
TOPIC_MAX = 249
POSITION_MAX = 1_000_000
MESSAGE_MAX = 1024
"""Characters: Meta's limit of the text above a menu, which such a message may become."""
LEGAL_TOPIC = re.compile(r"[A-Za-z0-9._-]+")

Reserved = Callable[[str], bool]
"""Whether a topic belongs to the broker itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and in which field; one within a field is named as in `texts.farewell`."""

    field: str
    reason: str


class Refused(Exception):
    """An agent that breaks the rules by itself; holds every problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.reason}" for problem in self.problems))


class Clash(Refused):
    """An agent whose name or topic another active agent has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An agent that keeps the rules and has no id yet."""

    name: str
    read_topic: str
    write_topic: str
    error_topic: str
    description: str = ""
    position: int = 0
    hours: Hours | None = None
    closed_message: str = ""
    welcome_message: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    active: bool | None = None
    """None when nothing is said of it: it is for an agent of the menu, which stays there."""

    def as_agent(self, agent_id: int) -> Agent:
        """The agent this becomes under an id."""
        return Agent(
            id=agent_id,
            name=self.name,
            read_topic=self.read_topic,
            write_topic=self.write_topic,
            error_topic=self.error_topic,
            description=self.description,
            position=self.position,
            hours=self.hours,
            closed_message=self.closed_message,
            welcome_message=self.welcome_message,
            texts=self.texts,
            active=self.active is not False,
        )


def read_draft(data: Mapping[str, Any], reserved: Reserved, current: Agent | None = None) -> Draft:
    """The agent of a JSON object; what `current` has beyond the first generation's fields stays when left out.

    Raises Refused with every problem found.
    """
    problems: list[Problem] = []
    name = _text(data, "name", problems)
    if name:
        problems += _name_problems(name)
    topics = {field: _text(data, field, problems) for field in TOPIC_FIELDS}
    for field, topic in topics.items():
        problems += [Problem(field, reason) for reason in _topic_problems(topic, reserved)] if topic else []
    problems += _repeated(topics)
    description = data.get("description", current.description if current else "")
    problems += _description_problems(description)
    position = data.get("position", current.position if current else 0)
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position <= POSITION_MAX:
        problems.append(Problem("position", f"must be a whole number from 0 to {POSITION_MAX}"))
    hours = _hours(data, current, problems)
    closed = data.get("closed_message", current.closed_message if current else "")
    welcome = data.get("welcome_message", current.welcome_message if current else "")
    problems += _message_problems("closed_message", closed) + _message_problems("welcome_message", welcome)
    texts, wrong = read_texts(data["texts"]) if "texts" in data else (current.texts if current else (), [])
    problems += [Problem(".".join(filter(None, ("texts", name))), reason) for name, reason in wrong]
    active = data.get("active")
    if active is not None and active not in (0, 1):
        problems.append(Problem("active", "must be 1 or 0"))
    if problems:
        raise Refused(sorted(problems, key=lambda problem: FIELDS.index(problem.field.partition(".")[0])))
    return Draft(
        name=name,
        description=description,
        position=position,
        hours=hours,
        closed_message=closed,
        welcome_message=welcome,
        texts=texts,
        active=None if active is None else bool(active),
        **topics,
    )


def refuse_clashes(draft: Draft, agents: Iterable[Agent], own_id: int | None = None) -> None:
    """Raise Clash when an active agent other than `own_id` has the name or one of the topics, in whatever role.

    A draft that is not to be active clashes only with topics that agents had before and that are still read.
    """
    problems: list[Problem] = []
    for other in agents:
        for former, _ in other.draining:
            for field in TOPIC_FIELDS:
                # Its own it may take up again, as what it was.
                again = other.id == own_id and field == "write_topic"
                if metric_name(getattr(draft, field)) == metric_name(former) and not again:
                    reason = f"was the write_topic of agent {other.id} ({other.name}), and is read as that for a while"
                    problems.append(Problem(field, reason))
        if draft.active is False or not other.active or other.id == own_id:
            continue
        holder = f"agent {other.id} ({other.name})"
        if fold(other.name) == fold(draft.name):
            problems.append(Problem("name", f"is taken by {holder}"))
        for field in TOPIC_FIELDS:
            topic = getattr(draft, field)
            for role in TOPIC_FIELDS:
                theirs = getattr(other, role)
                if metric_name(theirs) == metric_name(topic):
                    difference = "" if theirs == topic else f" as {theirs!r}, which Kafka cannot tell from {topic!r}"
                    problems.append(Problem(field, f"is taken by {holder}: its {role}{difference}"))
    if problems:
        raise Clash(problems)


def metric_name(topic: str) -> str:
    """What Kafka makes of a topic's name in its metrics; it refuses two topics that have this in common."""
    return topic.replace(".", "_")


def _text(data: Mapping[str, Any], field: str, problems: list[Problem]) -> str:
    value = data.get(field)
    if isinstance(value, str) and value.strip():
        return value
    if value is None:
        problems.append(Problem(field, "is missing"))
    elif not isinstance(value, str):
        problems.append(Problem(field, "must be a text"))
    else:
        problems.append(Problem(field, "must not be empty"))
    return ""


def _name_problems(name: str) -> list[Problem]:
    reasons = []
    if len(name) > ROW_TITLE_MAX:
        reasons.append(f"has {len(name)} characters, {ROW_TITLE_MAX} are allowed: Meta's limit of a row in the menu")
    if name != name.strip():
        reasons.append("must not begin or end with a space")
    if not name.isprintable():
        reasons.append("must not hold line breaks or other control characters")
    if fold(name).isdecimal():
        reasons.append("must not be a number: users type the number of a row to choose it")
    return [Problem("name", reason) for reason in reasons]


def _topic_problems(topic: str, reserved: Reserved) -> Iterable[str]:
    if not LEGAL_TOPIC.fullmatch(topic):
        yield "is no name Kafka allows: use letters, digits, dot, underscore and hyphen"
    if topic in (".", ".."):
        yield "must not be . or .., which Kafka keeps for itself"
    if len(topic) > TOPIC_MAX:
        yield f"has {len(topic)} characters, {TOPIC_MAX} are allowed by Kafka"
    if topic.startswith("__"):
        yield "must not begin with __: such topics are Kafka's own"
    if reserved(topic):
        yield "belongs to the broker itself: choose another name"


def _repeated(topics: Mapping[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, str] = {}
    for field, topic in topics.items():
        if not topic:
            continue
        earlier = first.setdefault(metric_name(topic), field)
        if earlier == field:
            continue
        if topics[earlier] == topic:
            problems.append(Problem(field, f"is the same topic as {earlier}: each needs one of its own"))
        else:
            problems.append(Problem(field, f"differs from {earlier} only in . and _, which Kafka cannot tell apart"))
    return problems


def _description_problems(description: object) -> list[Problem]:
    if not isinstance(description, str):
        return [Problem("description", "must be a text")]
    reasons = []
    if len(description) > ROW_DESCRIPTION_MAX:
        reasons.append(
            f"has {len(description)} characters, {ROW_DESCRIPTION_MAX} are allowed: Meta's limit of a row's description"
        )
    if not description.isprintable():
        reasons.append("must not hold line breaks or other control characters")
    return [Problem("description", reason) for reason in reasons]


def _hours(data: Mapping[str, Any], current: Agent | None, problems: list[Problem]) -> Hours | None:
    if "hours" not in data:
        return current.hours if current else None
    try:
        return None if data["hours"] is None else read_hours(data["hours"])
    except ValueError as error:
        problems.append(Problem("hours", str(error)))
        return None


def _message_problems(field: str, message: object) -> list[Problem]:
    if not isinstance(message, str):
        return [Problem(field, "must be a text")]
    reasons = []
    if len(message) > MESSAGE_MAX:
        reasons.append(f"has {len(message)} characters, {MESSAGE_MAX} are allowed: Meta's limit of the text of a menu")
    if "\x00" in message:
        reasons.append("must not hold the character NUL, which PostgreSQL cannot store")
    return [Problem(field, reason) for reason in reasons]
