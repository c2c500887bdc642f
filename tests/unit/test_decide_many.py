"""More agents than a menu has rows: every one of them can be chosen, whichever way."""

import pytest

from app.core.effects import Send
from app.core.register import Register
from tests.unit.histories import Story, agent, told, wrote

TWELVE = Register.of([agent(number, f"Agent {'abcdefghijkl'[number - 1]}") for number in range(1, 13)])


def shown(story: Story, text: str, number: int, kind: str = "text") -> dict[str, str]:
    """The rows of the menu a message is answered with: title → id."""
    (menu,) = story.then(wrote(text, number, kind=kind))
    assert isinstance(menu, Send)
    return {row["title"]: row["id"] for row in menu.message["rows"]}


def test_twelve_agents_make_two_pages() -> None:
    story = Story(register=TWELVE)
    first = shown(story, "hi", 1)
    second = shown(story, first["More…"], 2, kind="list_reply")
    names = [found.name for found in TWELVE.active]
    assert list(first) == [*names[:9], "More…"]
    assert list(second) == [*names[9:], "First page"]


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("way", ["tap", "number", "name"])
def test_each_of_twelve_agents_can_be_chosen(number: int, way: str) -> None:
    story = Story(register=TWELVE)
    wanted = TWELVE.active[number - 1]
    rows = shown(story, "hi", 1)
    if wanted.name not in rows:
        rows = shown(story, rows["More…"], 2, kind="list_reply")
    words = {"tap": rows[wanted.name], "number": str(number), "name": wanted.name.upper()}[way]
    effects = story.then(wrote(words, 3, kind="list_reply" if way == "tap" else "text"))
    assert told(effects)[0][0] == wanted.read_topic
    assert story.state.session is not None and story.state.session.agent == wanted.id
