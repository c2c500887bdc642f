"""The menu within Meta's limits, and what taps and words choose from it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.filling import Filling
from app.core.menu import (
    NOTHING_SHOWN,
    Chosen,
    Stale,
    Turned,
    is_ours,
    menu_message,
    read_tap,
    read_words,
    shown_by,
)
from app.core.messages import LIST_BODY_MAX, ROWS_MAX, List, Text, read_message
from app.core.register import Agent, Register
from app.core.rules import Texts
from tests.unit.histories import NOW, REGISTER, SALES, agent

TEXTS = Texts()


def of(count: int) -> Register:
    """A register of so many agents."""
    return Register.of(agent(number, f"Agent {number}") for number in range(1, count + 1))


def menu(register: Register, page: int = 0, notice: str = "") -> List:
    """A page of a menu with the id ab12."""
    message = menu_message(register, TEXTS, "ab12", page, notice, filling=Filling(now=NOW))
    assert isinstance(message, List)
    return message


def chosen(ids: Iterable[str], register: Register) -> list[object]:
    """What each row's id means."""
    return [read_tap(row_id, "ab12", register) for row_id in ids]


def test_a_menu_of_few_agents_is_one_page() -> None:
    message = menu(REGISTER)
    assert [row.title for row in message.rows] == ["Consumer Service", "Sales", "Help Desk"]
    assert message.text == "Choose an option:\n1. Consumer Service\n2. Sales\n3. Help Desk"
    assert (message.button, message.section) == ("Options", "Agents")


@pytest.mark.parametrize(("count", "pages"), [(1, [1]), (10, [10]), (11, [10, 3]), (18, [10, 10]), (19, [10, 10, 2])])
def test_more_than_ten_agents_are_turned_through(count: int, pages: list[int]) -> None:
    register = of(count)
    assert [len(menu(register, page).rows) for page in range(len(pages))] == pages
    shown = [
        choice.agent.id
        for page in range(len(pages))
        for choice in chosen((row.id for row in menu(register, page).rows), register)
        if isinstance(choice, Chosen)
    ]
    assert shown == list(range(1, count + 1)), "every agent stands on exactly one page"


def test_the_last_row_leads_on_and_from_the_last_page_back() -> None:
    register = of(25)
    assert [menu(register, page).rows[-1].title for page in range(3)] == ["More…", "More…", "First page"]
    turns = [read_tap(menu(register, page).rows[-1].id, "ab12", register) for page in range(3)]
    assert turns == [Turned(1), Turned(2), Turned(0)]


@pytest.mark.parametrize("page", [-1, 3, 10**9])
def test_a_page_that_is_not_there_is_the_first(page: int) -> None:
    assert menu(of(25), page) == menu(of(25))


def test_numbers_go_on_from_page_to_page() -> None:
    assert menu(of(12), 1).text.endswith("\n10. Agent 10\n11. Agent 11\n12. Agent 12")


def test_an_empty_menu_is_a_sentence() -> None:
    message = menu_message(Register(), TEXTS, "ab12", notice="Sales is gone.", filling=Filling(now=NOW))
    assert message == Text(text=f"Sales is gone.\n\n{TEXTS.no_agents}")


def test_a_notice_stands_before_the_menu() -> None:
    assert menu(REGISTER, notice="That menu is old.").text.startswith("That menu is old.\n\nChoose an option:")


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=300), st.text(max_size=300)), min_size=1, max_size=30),
    st.integers(0, 3),
    st.text(max_size=5000),
)
def test_whatever_agents_are_called_meta_takes_the_menu(named: list[tuple[str, str]], page: int, notice: str) -> None:
    register = Register.of(
        Agent(id=n, name="x" + name, read_topic="", write_topic="", error_topic="", description=description)
        for n, (name, description) in enumerate(named)
    )
    message = menu(register, page, notice)
    assert read_message(message.model_dump()) == message
    assert len(message.rows) <= ROWS_MAX
    assert len(message.text) <= LIST_BODY_MAX


@pytest.mark.parametrize(
    "row_id",
    [
        "menu|old|agent|2",
        "menu|ab12|agent|99",
        "menu|ab12|agent|",
        "menu|ab12|agent|-1",
        "menu|ab12|agent|²",
        "menu|ab12|fax|2",
        "menu|ab12|agent",
        "menu|ab12|agent|2|3",
        "menu|",
        "menu||||",
        "menu|ab12|agent|" + "9" * 5000,
    ],
)
def test_a_tap_on_another_menu_is_stale(row_id: str) -> None:
    assert is_ours(row_id)
    assert read_tap(row_id, "ab12", REGISTER) == Stale()


def test_a_tap_on_an_agent_who_is_gone_is_stale() -> None:
    register = Register.of([agent(2, "Sales", active=False)])
    assert read_tap("menu|ab12|agent|2", "ab12", register) == Stale()


def test_a_tap_on_a_first_generation_menu_still_chooses() -> None:
    assert read_tap("sales-in", "ab12", REGISTER) == Chosen(SALES)


@pytest.mark.parametrize("row_id", ["p1", "", "menu", "gone-in"])
def test_a_tap_on_an_agents_list_is_not_ours(row_id: str) -> None:
    assert not is_ours(row_id)
    assert read_tap(row_id, "ab12", REGISTER) is None


@pytest.mark.parametrize("words", ["2", " 2 ", "2.", "2)", "sales", "SALES", "  Sáles ", "ｓａｌｅｓ"])
def test_words_choose_by_number_or_name(words: str) -> None:
    assert read_words(words, REGISTER) == Chosen(SALES)


@pytest.mark.parametrize("words", ["", "0", "4", "-2", "2 please", "٢", "99999", "9" * 5000, "sale", "."])
def test_other_words_choose_nothing(words: str) -> None:
    assert read_words(words, REGISTER) is None


ORDERS = st.lists(st.integers(1, 12), unique=True, max_size=12)


def ordered(ids: list[int]) -> Register:
    """A register with these agents, in this order."""
    return Register.of(replace(agent(number, f"Agent {number}"), position=place) for place, number in enumerate(ids))


@given(ORDERS, ORDERS, st.integers(1, 13))
def test_a_number_chooses_the_agent_that_the_menu_showed_under_it_or_nobody(
    before: list[int], now: list[int], number: int
) -> None:
    register = ordered(now)
    choice = read_words(str(number), register, shown_by(ordered(before)))
    if number > len(before):
        assert choice is None
    elif before == now:
        assert choice == Chosen(register.active[number - 1])
    else:
        assert choice == Stale()


@given(ORDERS.filter(bool), ORDERS)
def test_a_name_chooses_whatever_was_shown(now: list[int], before: list[int]) -> None:
    register = ordered(now)
    for one in register.active:
        assert read_words(one.name, register, shown_by(ordered(before))) == Chosen(one)


def test_other_words_of_an_agent_are_no_other_menu() -> None:
    renamed = Register.of([replace(one, name=f"New {one.name}", description="new") for one in REGISTER.agents])
    assert shown_by(renamed) == shown_by(REGISTER)
    assert read_words("2", renamed, shown_by(REGISTER)) == Chosen(renamed.active[1])


def test_a_number_chooses_nothing_for_who_was_sent_no_menu() -> None:
    assert read_words("1", REGISTER, NOTHING_SHOWN) is None


def test_what_a_menu_shows_is_kept_in_few_characters() -> None:
    assert len(shown_by(of(1000))) < 20


def test_no_page_is_turned_once_the_agents_have_changed() -> None:
    row = menu(of(12)).rows[-1].id
    assert read_tap(row, "ab12", of(12), shown_by(of(12))) == Turned(1)
    assert read_tap(row, "ab12", of(13), shown_by(of(12))) == Stale()
    assert read_tap(row, "ab12", of(13)) == Turned(1), "a session of a version before does not say what was shown"
