"""A typed number is read as the menu on the user's screen shows it, whatever has become of the agents meanwhile."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.effects import TellAgent
from app.core.events import UserJoined
from app.core.joining import join
from app.core.menu import shown_by
from app.core.register import Agent, Register
from app.core.rules import Rules
from app.core.state import Session
from tests.unit.histories import ANA, DAY, DESK, NOW, REGISTER, SALES, SERVICE, Story, acted, agent, said, told, wrote

LESS = Register.of([replace(SERVICE, active=False), SALES, DESK], version=2)
TURNED_ROUND = Register.of([replace(SERVICE, position=3), replace(SALES, position=2), DESK], version=2)
MORE = Register.of([agent(9, "Billing"), SERVICE, SALES, DESK], version=2)
FRESH = "That menu is old.\n\nChoose an option:\n1. Sales\n2. Help Desk"


def at_menu() -> Story:
    """A user who wrote, and was shown the menu of REGISTER."""
    story = Story()
    story.then(wrote("my password is broken", 1))
    return story


def session_of(story: Story) -> Session:
    """The session, which must be there."""
    assert story.state.session is not None
    return story.state.session


def test_a_number_of_a_menu_that_showed_others_is_answered_with_a_fresh_menu() -> None:
    story = at_menu()
    story.register = LESS
    effects = story.then(wrote("2", 2))
    assert (said(effects), told(effects)) == ([FRESH], [])
    effects = story.then(wrote("1", 3))
    assert told(effects) == [
        ("sales-in", "initial", "Ana wants to talk"),
        ("sales-in", "text", "my password is broken"),
    ], "the fresh menu is chosen from, and what was kept is not lost"


@pytest.mark.parametrize("register", [LESS, TURNED_ROUND, MORE], ids=["deactivated", "moved", "more"])
@pytest.mark.parametrize("number", ["1", "2", "3", " 3) "])
def test_every_number_of_the_menu_shown_is_old_once_its_order_is(register: Register, number: str) -> None:
    story = at_menu()
    story.register = register
    effects = story.then(wrote(number, 2))
    assert said(effects)[0].startswith("That menu is old.\n\nChoose an option:\n1. ")
    assert told(effects) == []


def test_a_number_that_no_menu_showed_is_kept_as_words() -> None:
    story = at_menu()
    story.register = LESS
    assert said(story.then(wrote("1500", 2))) == ["Choose an option:\n1. Sales\n2. Help Desk"]
    assert [record["text"] for record in session_of(story).kept] == ["my password is broken", "1500"]


def test_a_name_goes_on_choosing() -> None:
    story = at_menu()
    story.register = LESS
    assert told(story.then(wrote("help desk", 2)))[0] == ("help_desk-in", "initial", "Ana wants to talk")


def test_a_menu_that_is_shown_again_is_the_one_on_the_screen() -> None:
    story = at_menu()
    story.register = LESS
    story.then(wrote("are you there?", 2))
    assert told(story.then(wrote("1", 3)))[0] == ("sales-in", "initial", "Ana wants to talk")


@pytest.mark.parametrize("words", ["#exit", "hello"])
def test_a_menu_shown_by_an_exit_word_at_the_menu_counts_as_well(words: str) -> None:
    story = at_menu()
    story.register = LESS
    story.then(wrote(words, 2))
    story.register = REGISTER
    assert said(story.then(wrote("2", 3)))[0].startswith("That menu is old.")


def test_a_menu_that_could_not_be_sent_is_not_on_the_screen() -> None:
    story = Story(rules=Rules(session_seconds=10 * DAY))
    story.then(wrote("hi", 1))
    story.then(wrote("sales", 2))
    story.register = LESS
    assert said(story.then(acted(1, SALES, NOW + 2 * DAY, kind="close"))) == []
    assert said(story.then(wrote("2", 3, NOW + 2 * DAY))) == [FRESH]


def test_who_was_sent_no_menu_cannot_choose_by_number() -> None:
    story = Story()
    story.then(wrote("hi", 1, at=NOW - 3 * DAY), now=NOW)
    effects = story.then(wrote("2", 2))
    assert told(effects) == []
    assert [record["text"] for record in session_of(story).kept] == ["hi", "2"]


def test_a_session_of_a_version_before_is_read_as_it_was() -> None:
    story = at_menu()
    data = session_of(story).to_dict()
    del data["shown"]
    story.state = replace(story.state, session=Session.from_dict(data))
    story.register = LESS
    assert told(story.then(wrote("1", 2)))[0][:2] == ("sales-in", "initial")


AGENTS = [agent(number, f"Agent {number}") for number in range(1, 13)]
REGISTERS = st.lists(st.sampled_from(AGENTS), unique=True).map(
    lambda agents: Register.of(replace(one, position=place) for place, one in enumerate(agents))
)
WORDS = st.sampled_from(["hi", "#exit", "1", "2", "3", "10", "12", "page"])


def numbered(text: str) -> dict[str, str]:
    """Number → name, as a menu's text shows them."""
    lines = [line.partition(". ") for line in text.splitlines() if line[:1].isdigit()]
    return {number: name for number, _, name in lines}


@settings(max_examples=500)
@given(st.lists(st.tuples(WORDS, REGISTERS | st.none()), min_size=2, max_size=12))
def test_whoever_a_number_chooses_was_read_beside_it_on_the_screen(history: list[tuple[str, Register | None]]) -> None:
    story, screen, row = Story(register=Register.of(AGENTS)), dict[str, str](), ""
    for count, (words, register) in enumerate(history):
        story.register = register or story.register
        turns = words == "page" and bool(row)
        effects = story.then(wrote(row, count, kind="list_reply") if turns else wrote(words, count))
        told_of = [one for one in effects if isinstance(one, TellAgent) and one.record["type"] == "initial"]
        for begun in told_of:
            # Who counts on to a page not looked at yet is right as well.
            assert screen.get(words, name_of(begun.agent)) == name_of(begun.agent)
        for effect in effects:
            message = getattr(effect, "message", {})
            if message.get("kind") != "list":
                continue
            # The pages of one menu stand on the screen together; another menu takes the place of all before.
            page = numbered(message["text"])
            screen = {**screen, **page} if turns and "old" not in message["text"] else page
            row = next((one["id"] for one in message["rows"] if "|page|" in one["id"]), "")


def name_of(number: int) -> str:
    """An agent's name."""
    found: Agent = next(one for one in AGENTS if one.id == number)
    return found.name


@pytest.mark.parametrize("younger_is_later", [True, False])
def test_when_two_users_turn_out_to_be_one_the_later_menu_is_the_one_on_the_screen(younger_is_later: bool) -> None:
    home, other = at_menu(), Story(register=LESS)
    other.then(
        replace(wrote("hi", 2), user=replace(ANA, key="1029384756:new")), NOW + (60 if younger_is_later else -60)
    )
    assert other.state.window is not None
    event = UserJoined(id="join", user=ANA, at=NOW, session=session_of(other), window=other.state.window)
    joined = join(home.state, event, NOW, REGISTER, Rules()).state
    assert joined.session is not None
    assert joined.session.shown == shown_by(LESS if younger_is_later else REGISTER)
