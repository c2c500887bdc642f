"""Sentences in an agent's own words: what its users read of the broker, and nobody else's."""

from dataclasses import replace

import pytest

from app.core.agent_texts import NAMES
from app.core.effects import Send
from app.core.events import EndOrdered
from app.core.hours import read_hours
from app.core.register import Agent, Register
from app.core.rules import Rules, Texts
from tests.unit.histories import ANA, DESK, NOW, SALES, Story, acted, said, told, wrote

TEXTS = {
    "closed": "{agent} está fechado. Deixe um recado ou envie {exit}.",
    "farewell": "Até logo, {user}!",
    "gone": "{agent} não atende mais.",
    "offer_change": "Você fala com {agent}. Envie {exit} para o menu.",
    "opens": "Abre {opens}.",
}
PORTUGUESE = replace(SALES, name="Vendas", texts=tuple(sorted(TEXTS.items())))
NEVER_OPEN = read_hours({"zone": "UTC", "days": {"monday": ["09:00-10:00"]}})


def with_agent(*agents: Agent, words: str = "vendas") -> Story:
    """A user who is with an agent; the register holds the given ones."""
    story = Story(register=Register.of(agents or (PORTUGUESE, DESK)))
    story.then(wrote("hi", 1))
    story.then(wrote(words, 2))
    return story


def test_the_sentences_of_this_file_are_all_there_are() -> None:
    assert set(TEXTS) == set(NAMES)


def test_the_farewell_is_the_agents_whoever_ends_the_conversation() -> None:
    for event in (wrote("#exit", 3), acted(1, PORTUGUESE, kind="close"), EndOrdered(id="end", user=ANA, at=NOW)):
        (menu,) = said(with_agent().then(event))
        assert menu.startswith("Até logo, Ana!\n\nChoose an option:")


def test_an_agents_empty_farewell_says_nothing() -> None:
    (menu,) = said(with_agent(replace(PORTUGUESE, texts=(("farewell", ""),)), DESK).then(wrote("#exit", 3)))
    assert menu.startswith("Choose an option:")


def test_who_taps_on_an_old_menu_is_told_in_the_agents_words() -> None:
    effects = with_agent().then(wrote("menu|x|agent|3", 3, kind="list_reply"))
    assert said(effects) == ["Você fala com Vendas. Envie #exit para o menu."]


def test_users_of_a_deactivated_agent_are_told_in_its_words() -> None:
    story = with_agent()
    story.register = Register.of([replace(PORTUGUESE, active=False), DESK])
    assert said(story.then(wrote("hello?", 3)))[0].startswith("Vendas não atende mais.\n\n")


def test_a_closed_agent_says_so_and_when_it_opens_in_its_words_also_in_the_menu() -> None:
    shut = replace(PORTUGUESE, hours=NEVER_OPEN, closed_message="Estamos na feira.", description="Pedidos")
    story = Story(register=Register.of([shut, DESK]))
    (menu,) = story.then(wrote("hi", 1))
    assert isinstance(menu, Send)
    assert [row["description"] for row in menu.message["rows"]] == ["Abre 2026-11-23 09:00. Pedidos", ""]
    assert said(story.then(wrote("vendas", 2))) == [
        "Estamos na feira.\n\nVendas está fechado. Deixe um recado ou envie #exit. Abre 2026-11-23 09:00."
    ]


def test_other_agents_and_what_agents_read_are_the_brokers_words() -> None:
    story = with_agent(words="help desk")
    assert said(story.then(wrote("#exit", 3)))[0].startswith("Your conversation is over.")
    story.then(wrote("vendas", 4))
    assert told(story.then(wrote("#exit", 5))) == [("sales-in", "closed", "The user left the conversation.")]


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_that_is_not_the_agents_is_the_installations(name: str) -> None:
    others = {other: text for other, text in TEXTS.items() if other != name}
    agent = replace(PORTUGUESE, texts=tuple(others.items()))
    ours = Texts(**{name: "ours"})
    assert agent.said_by(ours).model_dump(include=set(NAMES)) == {**others, name: "ours"}
    assert Rules(texts=ours).texts.menu == agent.said_by(ours).menu
