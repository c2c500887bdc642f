"""What an installation may set about routing: sentences, exit words, times, bounds.

In: values from the settings. Out: an immutable `Rules` for `decide`. Nothing here knows where the values came from.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import Formatter

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

FIELDS = {"agent": "Sales", "exit": "#exit", "opens": "2026-12-28 09:00", "user": "Ana"}
"""The fields a sentence may hold, each with an example value."""
ABOUT_NOBODY = frozenset({"menu", "menu_button", "menu_section", "menu_more", "menu_first", "stale", "no_agents"})
"""The sentences that are about no one agent."""
OF_AN_AGENT = frozenset({"agent", "opens"})
"""The fields that only a sentence about an agent may hold."""


class Texts(BaseModel):
    """Every sentence the broker itself says.

    `{user}` and `{exit}` are filled in, and `{agent}` and `{opens}` where the sentence is about an agent.
    """

    model_config = ConfigDict(frozen=True)

    menu: str = Field("Choose an option:", min_length=1, max_length=1024, description="body of the menu")
    menu_button: str = Field(
        "Options", min_length=1, max_length=20, description="label of the button that opens the menu"
    )
    menu_section: str = Field("Agents", min_length=1, max_length=24, description="title of the menu's section")
    menu_more: str = Field("More…", min_length=1, max_length=24, description="menu row that shows the next page")
    menu_first: str = Field("First page", min_length=1, max_length=24, description="last page's row that leads back")
    transferring: str = Field(
        "Transferring to {agent}", min_length=1, max_length=1024, description="to the user, on choosing"
    )
    assigned: str = Field(
        "{user} wants to talk", min_length=1, max_length=1024, description="to the agent, on assignment"
    )
    farewell: str = Field("Your conversation is over.", max_length=1024, description="to the user after an exit word")
    left: str = Field("The user left the conversation.", max_length=1024, description="to the agent after an exit word")
    expired: str = Field("The user was silent for too long.", max_length=1024, description="to the agent, on expiry")
    stale: str = Field(
        "That menu is old.", max_length=256, description="before a fresh menu, after a tap or number of an old one"
    )
    gone: str = Field("{agent} is no longer available.", max_length=256, description="before a fresh menu")
    closed: str = Field(
        "{agent} is closed now. Leave a message, or send {exit} to choose again.",
        min_length=1,
        max_length=1024,
        description="to the user who chose or wrote to an agent outside its hours",
    )
    opens: str = Field(
        "Opens {opens}.", max_length=60, description="when a closed agent opens: in its menu row, and after `closed`"
    )
    offer_change: str = Field(
        "You are talking with {agent}. Send {exit} to go back to the menu.",
        min_length=1,
        max_length=1024,
        description="after a tap on an old menu while with an agent",
    )
    no_agents: str = Field(
        "Nobody is available at the moment.", min_length=1, max_length=1024, description="instead of an empty menu"
    )

    @field_validator("*")
    @classmethod
    def _fields_are_known(cls, value: str, info: ValidationInfo) -> str:
        for wrong in wrong_fields(value, about_an_agent=info.field_name not in ABOUT_NOBODY):
            raise ValueError(f"{value!r} {wrong}")
        return value


def wrong_fields(sentence: str, *, about_an_agent: bool = True) -> Iterator[str]:
    """What is wrong with the fields of a sentence: one we cannot fill in, or a brace that is none."""
    known = [name for name in FIELDS if about_an_agent or name not in OF_AN_AGENT]
    hint = f"use {', '.join(f'{{{name}}}' for name in known)} and double other braces"
    try:
        for _, name, form, conversion in Formatter().parse(sentence):
            # Neither attributes nor forms: {agent:>999999999} would fill the memory.
            if name is not None and (name not in known or form or conversion):
                written = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
                yield f"has a field we cannot fill in ({written[:30]!r}); {hint}"
    except ValueError as error:
        yield f"has a field we cannot fill in ({error}); {hint}"


def fold(text: str) -> str:
    """A text as people type it: without case, accents and outer or repeated spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Times in seconds, bounds in items."""

    texts: Texts = field(default_factory=Texts)
    exit_words: tuple[str, ...] = ("#exit",)
    session_seconds: float = 86_400
    window_seconds: float = 86_400
    window_margin_seconds: float = 60
    kept_messages: int = 20
    recent_ids: int = 128
    ticks_kept: int = 64
    forget_seconds: float = 8 * 86_400
    """Longer than Meta repeats a webhook (7 days), so that a repeat still meets the ids it must be compared with."""
    media_url: str = "http://127.0.0.1:8002"
    """Under which agents reach users' files."""

    default_number: str = ""
    """The business number that replies mean which name none; empty: there is no such number."""

    def is_exit(self, text: str) -> bool:
        """Whether a text is an exit word, in any case, with spaces around."""
        return fold(text) in {fold(word) for word in self.exit_words}
