"""The agents as routing sees them.

In: rows of the register, as JSON. Out: an immutable `Register` with look-ups. It never changes in place: a newer
register replaces it whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.core.hours import Hours, read_hours
from app.core.rules import Texts, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A business line with its three topics."""

    id: int
    name: str
    read_topic: str
    write_topic: str
    error_topic: str
    description: str = ""
    position: int = 0
    active: bool = True
    hours: Hours | None = None
    """When it is open; None is always."""
    closed_message: str = ""
    welcome_message: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    """Sentences it says in its own words, by name (app/core/agent_texts.py)."""
    draining: tuple[tuple[str, float], ...] = ()
    """Out topics it had before, each with the time in seconds UTC until which it is read at least."""

    @property
    def topics(self) -> tuple[str, str, str]:
        """In, out and error topic."""
        return self.read_topic, self.write_topic, self.error_topic

    def said_by(self, texts: Texts) -> Texts:
        """The broker's sentences, with the agent's own in place of some."""
        return texts.model_copy(update=dict(self.texts)) if self.texts else texts

    def to_dict(self) -> dict[str, Any]:
        """The agent as JSON; the opposite of `from_dict`."""
        hours = self.hours.to_dict() if self.hours else None
        own = {"hours": hours, "texts": dict(self.texts), "draining": dict(self.draining)}
        return {name: getattr(self, name) for name in AGENT_FIELDS} | own

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Agent":
        """The agent of a JSON object; unknown fields are passed over.

        Raises TypeError when one is missing, ValueError when its hours are none.
        """
        known = {name: data[name] for name in AGENT_FIELDS if name in data}
        hours = known.get("hours")
        pairs = {name: tuple(sorted(dict(known.get(name, {})).items())) for name in ("texts", "draining")}
        return cls(**known | pairs | {"hours": None if hours is None else read_hours(hours)})


AGENT_FIELDS = (
    "id",
    "name",
    "read_topic",
    "write_topic",
    "error_topic",
    "description",
    "position",
    "active",
    "hours",
    "closed_message",
    "welcome_message",
    "texts",
    "draining",
)


@dataclass(frozen=True, kw_only=True)
class Register:
    """All agents, also the inactive ones, at one version of the register."""

    version: int = 0
    agents: tuple[Agent, ...] = field(default=())

    @classmethod
    def of(cls, agents: Iterable[Agent], version: int = 0) -> "Register":
        """A register of these agents, in menu order: by position, then by id."""
        return cls(version=version, agents=tuple(sorted(agents, key=lambda agent: (agent.position, agent.id))))

    @cached_property
    def active(self) -> tuple[Agent, ...]:
        """The agents of the menu, in its order."""
        return tuple(agent for agent in self.agents if agent.active)

    @property
    def _active_last(self) -> list[Agent]:
        """An active agent may have taken over the topics of a retired one: it is the one they belong to."""
        return sorted(self.agents, key=lambda agent: agent.active)

    @cached_property
    def _by_id(self) -> dict[int, Agent]:
        return {agent.id: agent for agent in self.agents}

    @cached_property
    def _by_write_topic(self) -> dict[str, Agent]:
        former = {topic: agent for agent in self._active_last for topic, _ in agent.draining}
        return {
            **{agent.write_topic: agent for agent in self.agents if not agent.active},
            **former,
            **{agent.write_topic: agent for agent in self.active},
        }

    @cached_property
    def _by_inbound_topic(self) -> dict[str, Agent]:
        return {topic: agent for agent in self._active_last for topic in (agent.read_topic, agent.error_topic)}

    def agent(self, agent_id: int | None) -> Agent | None:
        """The agent with this id, active or not."""
        return None if agent_id is None else self._by_id.get(agent_id)

    def active_agent(self, agent_id: int | None) -> Agent | None:
        """The agent with this id, if it is in the menu."""
        agent = self.agent(agent_id)
        return agent if agent and agent.active else None

    def named(self, name: str) -> Agent | None:
        """The agent of the menu with this name, in any case, with spaces around."""
        return next((agent for agent in self.active if fold(agent.name) == fold(name)), None)

    @property
    def written_topics(self) -> frozenset[str]:
        """Every agent's out topics, also of inactive agents: what they still say is answered with an error."""
        return frozenset(topic for topic in self._by_write_topic if topic)

    def writer_of(self, topic: str) -> Agent | None:
        """The agent whose out topic this is, or was until lately."""
        return self._by_write_topic.get(topic)

    def reader_of(self, topic: str) -> Agent | None:
        """The agent whose in or error topic this is."""
        return self._by_inbound_topic.get(topic)

    def to_dict(self) -> dict[str, Any]:
        """The register as JSON; the opposite of `from_dict`."""
        return {"version": self.version, "agents": [agent.to_dict() for agent in self.agents]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Register":
        """The register of a JSON object; raises KeyError, TypeError or ValueError when it is none."""
        return cls.of((Agent.from_dict(row) for row in data["agents"]), version=int(data["version"]))
