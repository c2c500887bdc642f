"""What a user is going to do, drawn from a seed, and what an agent must read because of it.

In: a seed, the agents of the menu. Out: steps, one after another without end, and beside them the expectation in
the simplest words: which agent reads which texts. It knows nothing of the broker's rules or state.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "image", "picture", "batch", "burst", "late", "choose", "exit"]
LATE_SECONDS = 3 * 86_400
KEPT_MAX = 8
"""Texts at the menu before the user chooses: fewer than the broker keeps."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a user does."""

    kind: Kind
    texts: tuple[str, ...] = ()
    agent: int = 0
    """Index in the menu of the agent chosen."""
    how: str = ""
    """tap, number or name."""
    heard: bool = False
    """The user is with an agent, who hears it at once."""
    waits: bool = False
    """The user waits for the agent's answer before going on."""
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What sort of users they are."""

    bursts: bool = False
    """Several messages at once, in no particular order."""
    late: bool = False
    """Messages that come three days late."""
    pictures: bool = False
    """Pictures that can be looked at; an `image` names a file that is not there."""


class Plan:
    """The endless plan of one user."""

    def __init__(self, seed: str, name: str, agents: Sequence[str], habits: Habits) -> None:
        self._rng = random.Random(seed)
        self._name = name
        self._agents = agents
        self._habits = habits
        self._written = 0
        self._place: int | None = None
        self._menu = False
        self._kept: list[str] = []
        self._left = 0
        self.expected: dict[str, list[str]] = defaultdict(list)
        """Agent → what it must read of this user, in order: texts, `<initial>`, `<closed>`."""

    def next(self) -> Step:
        """The next step; its expectation is noted at once."""
        pause = self._rng.uniform(0.2, 2.0)
        if self._place is not None:
            return self._with_agent(self._place, pause)
        if not self._menu or (len(self._kept) < KEPT_MAX and self._rng.random() < 0.25):
            self._menu = True
            self._kept.append(self._text())
            return Step("text", (self._kept[-1],), pause=pause)
        self._place = self._rng.randrange(len(self._agents))
        self._left = self._rng.randint(3, 9)
        self.expected[self._agents[self._place]] += ["<initial>", *self._kept]
        self._kept = []
        return Step("choose", agent=self._place, how=self._rng.choice(("tap", "number", "name")), pause=pause)

    def _with_agent(self, place: int, pause: float) -> Step:
        heard = self.expected[self._agents[place]]
        if self._left == 0:
            self._place, self._menu = None, True
            heard.append("<closed>")
            return Step("exit", (self._rng.choice(("#exit", " #EXIT ")),), pause=pause)
        self._left -= 1
        kind, count = self._draw()
        texts = tuple(self._text() for _ in range(count))
        heard += texts
        return Step(kind, texts, heard=True, waits=self._rng.random() < 0.25, pause=pause)

    def _draw(self) -> tuple[Kind, int]:
        dice = self._rng.random()
        if dice < 0.08:
            return "batch", self._rng.randint(2, 4)
        if dice < 0.14:
            return "image", 1
        if self._habits.bursts and dice < 0.5:
            return "burst", self._rng.randint(2, 4)
        if self._habits.late and dice < 0.6:
            return "late", 1
        if self._habits.pictures and dice < 0.6:
            return "picture", 1
        return "text", 1

    def _text(self) -> str:
        self._written += 1
        return f"{self._name} says {self._written}"


@dataclass(slots=True)
class Written:
    """A message of a user that the webhook took."""

    user: str
    text: str
    message_id: str
    at: float
    """When the user pressed the button, in seconds UTC."""
    heard: bool
    """Whether an agent is to hear it at once."""
    picture: bool = False
    """Whether it is a picture with a file behind it."""
    arrived: float | None = None
    """When an agent first read it."""


@dataclass(slots=True)
class Reply:
    """An answer of an agent that Kafka took."""

    agent: str
    text: str
    at: float
    refs: list[str] = field(default_factory=list)
