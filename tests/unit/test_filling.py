"""Every sentence of the broker is said with its fields filled in, within Meta's limits."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.agent_texts import NAMES, read_texts
from app.core.effects import Effect, Send
from app.core.events import EndOrdered, Event
from app.core.filling import Filling
from app.core.hours import read_hours
from app.core.menu import menu_message
from app.core.messages import LIST_BODY_MAX, List, read_message
from app.core.register import Register
from app.core.rules import ABOUT_NOBODY, FIELDS, Rules, Texts
from tests.unit.histories import ANA, DAY, DESK, NOW, REGISTER, SALES, Story, acted, agent, said, struck, told, wrote

SHUT = replace(SALES, hours=read_hours({"zone": "UTC", "days": {"monday": ["09:00-10:00"]}}))
MANY = Register.of(agent(number, f"Agent {number}") for number in range(1, 13))
ABOUT_ALL, ABOUT_AGENT = "{{x}} {user} {exit}", "{{x}} {user} {exit} {agent} {opens}"
OF_ALL, OF_SALES = "{x} Ana #exit", "{x} Ana #exit Sales"
OPENS = "2026-11-23 09:00"

Happening = Callable[[Story], tuple[Effect, ...]]


def sentence(name: str) -> str:
    """A sentence with every field it may hold."""
    return ABOUT_ALL if name in ABOUT_NOBODY else ABOUT_AGENT


def story(name: str, register: Register = REGISTER) -> Story:
    """A user before the first message, where one sentence of the broker is set."""
    return Story(register=register, rules=Rules(texts=Texts(**{name: sentence(name)})))


def with_sales(one: Story) -> Story:
    """The user is with Sales."""
    one.then(wrote("hi", 1))
    one.then(wrote("sales", 2))
    return one


def menu_of(effects: tuple[Effect, ...]) -> List:
    """The menu that is sent."""
    (sent,) = (effect.message for effect in effects if isinstance(effect, Send))
    message = read_message(sent)
    assert isinstance(message, List)
    return message


def assigned(one: Story) -> str:
    """What the agent reads on assignment."""
    (text,) = (text for _, kind, text in told(with_first_choice(one)) if kind == "initial")
    return text


def closed(one: Story, event: Event) -> str:
    """What the agent reads when an event ends the conversation."""
    (text,) = (text for _, kind, text in told(with_sales(one).then(event)) if kind == "closed")
    return text


def first_line(effects: tuple[Effect, ...]) -> str:
    """How what the user is sent begins."""
    return said(effects)[0].partition("\n")[0]


def gone(one: Story) -> str:
    """What is said when the user's agent was deactivated."""
    with_sales(one).register = Register.of([replace(SALES, active=False), DESK])
    return first_line(one.then(wrote("hello?", 3)))


SAID: dict[str, Callable[[], str]] = {
    "menu": lambda: first_line(story("menu").then(wrote("hi", 1))),
    "menu_button": lambda: menu_of(story("menu_button").then(wrote("hi", 1))).button,
    "menu_section": lambda: menu_of(story("menu_section").then(wrote("hi", 1))).section,
    "menu_more": lambda: menu_of(story("menu_more", MANY).then(wrote("hi", 1))).rows[-1].title,
    "menu_first": lambda: second_page(story("menu_first", MANY)).rows[-1].title,
    "transferring": lambda: said(with_first_choice(story("transferring")))[0],
    "assigned": lambda: assigned(story("assigned")),
    "farewell": lambda: first_line(with_sales(story("farewell")).then(wrote("#exit", 3))),
    "left": lambda: closed(story("left"), wrote("#exit", 3)),
    "expired": lambda: closed(story("expired"), struck(1, NOW + DAY)),
    "stale": lambda: first_line(story("stale").then(wrote("menu|x|agent|2", 1, kind="list_reply"))),
    "gone": lambda: gone(story("gone")),
    "offer_change": lambda: first_line(
        with_sales(story("offer_change")).then(wrote("menu|x|agent|3", 3, kind="list_reply"))
    ),
    "no_agents": lambda: said(story("no_agents", Register()).then(wrote("hi", 1)))[0],
}
"""Sentence → what is said of an agent without hours, or of none."""


def with_first_choice(one: Story) -> tuple[Effect, ...]:
    """What comes of choosing Sales."""
    one.then(wrote("hi", 1))
    return one.then(wrote("sales", 2))


def second_page(one: Story) -> List:
    """The page after the first."""
    row = menu_of(one.then(wrote("hi", 1))).rows[-1].id
    return menu_of(one.then(wrote(row, 2, kind="list_reply")))


def test_every_sentence_is_tried_here() -> None:
    assert set(SAID) | {"closed", "opens"} == set(Texts.model_fields)


@pytest.mark.parametrize("name", SAID)
def test_fields_are_filled_and_doubled_braces_are_single(name: str) -> None:
    assert SAID[name]().strip() == (OF_ALL if name in ABOUT_NOBODY else OF_SALES)


def test_the_agent_reads_expired_filled_also_when_the_user_comes_back() -> None:
    assert closed(story("expired"), wrote("back", 3, at=NOW + DAY)).strip() == OF_SALES


@pytest.mark.parametrize("own", [False, True], ids=["the installation's", "the agent's"])
def test_when_a_closed_agent_opens_is_filled_in_the_menu_and_after_closed(own: bool) -> None:
    words = {"closed": "{{" + ABOUT_AGENT[2:], "opens": "{user}, {opens} ({agent}) {{or}} {exit}"}
    assert read_texts(words)[1] == []
    shut = replace(SHUT, texts=tuple(sorted(words.items()))) if own else SHUT
    one = Story(register=Register.of([shut, DESK]), rules=Rules(texts=Texts() if own else Texts(**words)))
    opens = f"Ana, {OPENS} (Sales) {{or}} #exit"
    assert menu_of(one.then(wrote("hi", 1))).rows[0].description == opens
    assert said(one.then(wrote("sales", 2))) == [f"{OF_SALES} {OPENS} {opens}"]


@pytest.mark.parametrize("name", sorted(ABOUT_NOBODY))
@pytest.mark.parametrize("field", ["agent", "opens"])
def test_a_sentence_about_no_agent_takes_no_field_of_one(name: str, field: str) -> None:
    with pytest.raises(ValidationError, match=r"use \{exit\}, \{user\} and double other braces"):
        Texts(**{name: f"{{{field}}}"})


@pytest.mark.parametrize("name", sorted(set(Texts.model_fields) - ABOUT_NOBODY))
def test_a_sentence_about_an_agent_takes_every_field(name: str) -> None:
    assert getattr(Texts(**{name: " ".join(f"{{{field}}}" for field in FIELDS)}), name)


def test_the_sentences_of_an_agent_are_about_it() -> None:
    assert not ABOUT_NOBODY & set(NAMES)


LABELS = ("menu_button", "menu_section", "menu_more", "menu_first", "menu", "no_agents")


@given(
    st.text(max_size=200) | st.sampled_from(["", " ", "\n", "\x1f", "\u00a0", "\u2003"]),
    st.sampled_from(["", "#exit", "x" * 300]),
    st.sampled_from(["{user}", "{exit}", "{user}{exit}", "{{{user}}}", " ", "{{}}"]),
    st.sampled_from([Register(), REGISTER, MANY, Register.of([SHUT])]),
    st.integers(0, 1),
)
def test_whatever_users_are_called_meta_takes_the_menu(
    user: str, exit_word: str, text: str, register: Register, page: int
) -> None:
    texts = Texts(**dict.fromkeys(LABELS, text), opens="{user}: {opens}")
    filling = Filling(now=NOW, user=user, exit=exit_word)
    message = menu_message(register, texts, "ab12", page, filling=filling)
    assert read_message(message.model_dump()) == message
    assert len(message.text) <= LIST_BODY_MAX


def test_a_name_too_long_for_its_place_is_cut() -> None:
    filling = Filling(now=NOW, user="n" * 50)
    texts = Texts(menu_button="Hi {user}", menu_section="Hi {user}")
    message = menu_message(REGISTER, texts, "ab12", filling=filling)
    assert isinstance(message, List)
    assert (message.button, message.section) == ("Hi " + "n" * 16 + "…", "Hi " + "n" * 20 + "…")


def test_a_label_that_would_be_blank_is_the_brokers_own() -> None:
    message = menu_message(REGISTER, Texts(menu_button="{exit}"), "ab12", filling=Filling(now=NOW, user=" "))
    assert isinstance(message, List) and message.button == "Options"


@pytest.mark.parametrize(
    "event", [wrote("#exit", 3), acted(1, kind="close"), EndOrdered(id="end", user=ANA, at=NOW)], ids=lambda one: one.id
)
def test_the_menu_is_filled_whoever_leads_back_to_it(event: Event) -> None:
    effects = with_sales(story("menu")).then(event)
    assert f"\n\n{OF_ALL}\n1. Consumer Service" in said(effects)[0]
