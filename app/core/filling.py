"""The broker's sentences with their fields filled in.

In: sentences as the settings or an agent have them, and what is known of the user at a moment. Out: the same in the
words that are said, never longer than there is room for. Every sentence must go through here, for its doubled braces
are single only afterwards.
"""

from dataclasses import dataclass

from app.core.messages import cut
from app.core.opening import opening_shown
from app.core.register import Agent
from app.core.rules import Texts

SENTENCE_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What stands in the fields of what is said to a user, or about them, at a moment."""

    now: float
    """In seconds UTC."""
    user: str = ""
    exit: str = ""

    def fill(self, sentence: str, agent: Agent | None = None) -> str:
        """A sentence, about an agent or about none."""
        fields = {
            "agent": agent.name if agent else "",
            "user": self.user,
            "exit": self.exit,
            "opens": opening_shown(agent, self.now) if agent else "",
        }
        return cut(sentence.format_map(fields), SENTENCE_MAX)

    def opens(self, texts: Texts, agent: Agent) -> str:
        """The sentence that tells when a closed agent opens next; empty wherever `opening_shown` is."""
        return _line(self.fill(agent.said_by(texts).opens, agent)) if opening_shown(agent, self.now) else ""

    def of_menu(self, texts: Texts, name: str) -> str:
        """A sentence of the menu, by its name among the texts; Meta takes none that is blank.

        A user may be called anything, also nothing but spaces: then it is what it is where nobody has set it.
        """
        filled = self.fill(getattr(texts, name))
        return filled if filled.strip() else str(Texts.model_fields[name].default)

    def label(self, texts: Texts, name: str, limit: int) -> str:
        """A sentence of the menu where there is room for so many characters in one line."""
        return cut(_line(self.of_menu(texts, name)), limit)


def _line(text: str) -> str:
    return " ".join(text.split())
