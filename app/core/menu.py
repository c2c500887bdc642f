"""The menu of agents, and what a user chose from it.

In: the register and the user's words or taps. Out: a list message within Meta's limits, or a choice. A row's id holds
the menu's id, because old menus stay tappable in the chat for ever. A number must never choose another agent than the
menu on the user's screen shows under it.
"""

from dataclasses import dataclass

from app.core.filling import Filling
from app.core.messages import (
    BUTTON_LABEL_MAX,
    LIST_BODY_MAX,
    ROW_DESCRIPTION_MAX,
    ROW_TITLE_MAX,
    ROWS_MAX,
    SECTION_TITLE_MAX,
    List,
    Row,
    Text,
    cut,
)
from app.core.register import Agent, Register
from app.core.rules import Texts, fold
from app.core.state import digest

PREFIX = "menu"
PER_PAGE = ROWS_MAX - 1
"""Agents on a page when there is more than one: the tenth row leads on."""
DIGITS_MAX = 18
"""Of a number in a row's id; agents' ids are 64 bits, and int() refuses thousands of digits with an exception."""
NOTHING_SHOWN = "0"
"""In place of what a menu shows, for a user who was sent none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The user chose an agent."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class Turned:
    """The user wants another page of the same menu."""

    page: int


@dataclass(frozen=True, slots=True)
class Stale:
    """A tap or number of an old menu, or a tap on an agent who is gone."""


Choice = Chosen | Turned | Stale


def is_ours(row_id: str | None) -> bool:
    """Whether a tapped row belongs to a menu of the broker rather than to an agent's list."""
    return row_id is not None and row_id.startswith(PREFIX + "|")


def shown_by(register: Register) -> str:
    """What a menu shows, in short: how many agents, and a digest of who they are in which order."""
    agents = register.active
    return f"{len(agents)}.{digest(','.join(str(agent.id) for agent in agents))}"


def _is_shown(register: Register, shown: str) -> bool:
    return not shown or shown == shown_by(register)  # a session of a version before does not say


def menu_message(
    register: Register, texts: Texts, menu_id: str, page: int = 0, notice: str = "", *, filling: Filling
) -> List | Text:
    """One page of the menu, in sentences filled by `filling`, with when closed agents open.

    `notice` stands before its body, so that one message says both (messages cost money).
    """
    agents = register.active
    before = f"{notice}\n\n" if notice else ""
    if not agents:
        return Text(text=cut(before + filling.of_menu(texts, "no_agents"), LIST_BODY_MAX))
    pages = _pages(agents)
    page = page if 0 <= page < len(pages) else 0
    rows = [_row(menu_id, agent, texts, filling) for _, agent in pages[page]]
    if len(pages) > 1:
        following = (page + 1) % len(pages)
        title = filling.label(texts, "menu_more" if following else "menu_first", ROW_TITLE_MAX)
        rows.append(Row(id=f"{PREFIX}|{menu_id}|page|{following}", title=title))
    body = filling.of_menu(texts, "menu")
    numbered = "\n".join(f"{number}. {agent.name}" for number, agent in pages[page])
    return List(
        text=cut(f"{before}{body}\n{numbered}", LIST_BODY_MAX),
        button=filling.label(texts, "menu_button", BUTTON_LABEL_MAX),
        section=filling.label(texts, "menu_section", SECTION_TITLE_MAX),
        rows=tuple(rows),
    )


def _pages(agents: tuple[Agent, ...]) -> list[list[tuple[int, Agent]]]:
    numbered = list(enumerate(agents, start=1))
    if len(numbered) <= ROWS_MAX:
        return [numbered]
    return [numbered[start : start + PER_PAGE] for start in range(0, len(numbered), PER_PAGE)]


def _row(menu_id: str, agent: Agent, texts: Texts, filling: Filling) -> Row:
    words = filling.opens(texts, agent), agent.description
    return Row(
        id=f"{PREFIX}|{menu_id}|agent|{agent.id}",
        title=cut(agent.name, ROW_TITLE_MAX),
        description=cut(" ".join(filter(None, words)), ROW_DESCRIPTION_MAX),
    )


def read_tap(row_id: str, menu_id: str, register: Register, shown: str = "") -> Choice | None:
    """What a tapped row means to who was `shown` this; None for a row of somebody else's list.

    Pages of different menus would number the same agent differently, so none is turned once the agents have changed.
    The first generation's menus used an agent's read topic as the row id: such a tap still chooses.
    """
    if not is_ours(row_id):
        by_topic = next((agent for agent in register.active if agent.read_topic == row_id), None)
        return Chosen(by_topic) if by_topic else None
    _, menu, *rest = row_id.split("|")
    if menu != menu_id or len(rest) != 2 or not rest[1].isdecimal() or len(rest[1]) > DIGITS_MAX:
        return Stale()
    if rest[0] == "page":
        return Turned(int(rest[1])) if _is_shown(register, shown) else Stale()
    agent = register.active_agent(int(rest[1])) if rest[0] == "agent" else None
    return Chosen(agent) if agent else Stale()


def read_words(text: str, register: Register, shown: str = "") -> Choice | None:
    """The agent a user typed, by the number in the menu they were `shown` or by name; None when it is neither."""
    words = fold(text)
    number = words.rstrip(".)")
    if number.isascii() and number.isdecimal() and len(number) <= 4:
        now = _is_shown(register, shown)
        if 1 <= int(number) <= (len(register.active) if now else int(shown.partition(".")[0])):
            return Chosen(register.active[int(number) - 1]) if now else Stale()
    named = register.named(text)
    return Chosen(named) if named else None
