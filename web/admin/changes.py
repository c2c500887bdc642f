"""The last changes on the admin page, in words: of agents, and of the users who were moved or led to the menu.

In: rows of the two audits, newest first, and the agents' names. Out: lines, newest first. Must never show a row's
values: only which of them changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

NOT_SAID = {"id", "active", "updated_at", "created_at", "draining"}
"""Columns whose change is said in another way, or says nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change."""

    at: float
    """Seconds UTC."""
    actor: str
    words: str
    user: str = ""
    """The user it was about, none for a change of an agent."""

    @property
    def utc(self) -> str:
        """When, as people read it."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def lines(
    changes: Iterable[Mapping[str, Any]], orders: Iterable[Mapping[str, Any]], names: Mapping[int, str], most: int
) -> list[Line]:
    """At most so many of the newest lines of both; `names` are the agents' by id."""
    found = [Line(row["at"], row["actor"], _change(row)) for row in changes]
    found += [Line(row["at"], row["actor"] or "unknown", _order(row, names), row["user"]) for row in orders]
    return sorted(found, key=lambda line: line.at, reverse=True)[:most]


def _change(row: Mapping[str, Any]) -> str:
    before, after = row["before"], row["after"]
    name = (after or before or {}).get("name") or f"agent {row['agent_id']}"
    if before is None:
        return f"registered {name}"
    if after is None:
        return f"deleted the row of {name}"
    if bool(before.get("active")) != bool(after.get("active")):
        return f"{'activated' if after.get('active') else 'deactivated'} {name}"
    fields = [field for field in after if field not in NOT_SAID and before.get(field) != after.get(field)]
    if not fields:
        left = before.get("draining") != after.get("draining")
        return f"left a former out topic of {name}" if left else f"saved {name} unchanged"
    renamed = f", before {before.get('name')}" if "name" in fields else ""
    return f"changed {name}{renamed}: {', '.join(field.replace('_', ' ') for field in fields)}"


def _order(row: Mapping[str, Any], names: Mapping[int, str]) -> str:
    def named(agent: int | None) -> str:
        return "no agent" if agent is None else names.get(agent, f"agent {agent}")

    if row["action"] == "move":
        return f"moved a user from {named(row['from'])} to {named(row['to'])}"
    return f"ended a user's conversation with {named(row['from'])}"
