"""A long text in several messages: no sign is torn, no word lost, and the order stays."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.messages import PARTS_MAX, TEXT_MAX, Text
from app.core.messages.split import SplitError, clusters, split_text
from tests.unit.kinds import EMOJI, FAMILY, LINK, WAMID

SIGNS = [EMOJI, FAMILY, "🇧🇷", "e\u0301", "a", "né", "\r\n", "\n", "\n\n", " ", "\u00a0", "\u200d", "한", "ก็", "\t"]


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("short", 10, ("short",)),
        ("exactly10!", 10, ("exactly10!",)),
        ("one two three", 10, ("one two", "three")),
        ("one two  three", 8, ("one two", "three")),
        ("0123456 89 abc", 10, ("0123456 89", "abc")),
        ("line one\nline two", 12, ("line one", "line two")),
        ("first one\n\nsecond a\nb c", 16, ("first one", "second a\nb c")),
        ("a\n\nsecond and third", 12, ("a\n\nsecond", "and third")),
        ("code:\n    indented more", 12, ("code:", "    indented", "more")),
        ("abcdefghij", 4, ("abcd", "efgh", "ij")),
        ("a b\u00a0c d", 4, ("a", "b\u00a0c", "d")),
        (FAMILY * 3, 15, (FAMILY * 2, FAMILY)),
        (EMOJI * 3, 3, (EMOJI,) * 3),
        ("🇧🇷🇩🇪🇫🇷", 3, ("🇧🇷", "🇩🇪", "🇫🇷")),
        ("e\u0301" * 3, 3, ("e\u0301",) * 3),
        ("word\r\nword", 5, ("word", "word")),
        ("a" + " " * 50 + "b", 5, ("a", "b")),
        ("a" + "\n" * 50 + "b", 5, ("a", "b")),
    ],
)
def test_it_breaks_between_paragraphs_lines_words_or_signs(text: str, limit: int, pieces: tuple[str, ...]) -> None:
    assert split_text(text, limit) == pieces


def test_a_sign_longer_than_a_message_is_named_and_not_torn() -> None:
    with pytest.raises(SplitError, match="one sign of 12 characters"):
        split_text("a" + "\u0301" * 11, 10)


@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join) | st.text(max_size=120), st.integers(11, 40))
def test_no_sign_is_torn_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    try:
        pieces = split_text(text, limit)
    except SplitError:
        assert max(map(len, clusters(text))) > limit
        return
    assert all(0 < len(piece) <= limit for piece in pieces) or pieces == (text,)
    assert [sign for piece in pieces for sign in _signs(piece)] == _signs(text)


def _signs(text: str) -> list[str]:
    return [sign for sign in regex.findall(r"\X", text) if not sign.isspace()]


def test_the_parts_of_a_text_are_messages_in_order() -> None:
    words = " ".join(f"word{number}" for number in range(1500))
    parts = Text(text=words, split=True).parts()
    assert len(parts) == 4
    assert " ".join(part.text for part in parts) == words
    assert all(len(part.text) <= TEXT_MAX and not part.split for part in parts)


def test_the_first_part_quotes_and_the_first_link_is_previewed() -> None:
    text = "before " * 700 + LINK + " after" * 700 + f" {LINK}"
    parts = Text(text=text, split=True, reply_to=WAMID, preview_url=True).parts()
    assert [part.reply_to for part in parts] == [WAMID, None, None]
    assert [part.preview_url for part in parts] == [False, True, False]


def test_a_short_text_that_may_be_split_is_one_message() -> None:
    (part,) = Text(text="hi", split=True, reply_to=WAMID).parts()
    assert part == Text(text="hi", reply_to=WAMID)


def test_a_text_is_split_only_when_its_writer_asks() -> None:
    with pytest.raises(ValidationError, match="at most 4096 characters"):
        Text(text="x" * (TEXT_MAX + 1))
    assert [len(part.text) for part in Text(text="x" * (TEXT_MAX + 1), split=True).parts()] == [TEXT_MAX, 1]


def test_a_text_becomes_ten_messages_at_most() -> None:
    assert len(Text(text="x" * TEXT_MAX * PARTS_MAX, split=True).parts()) == PARTS_MAX
    with pytest.raises(ValidationError, match="at most 40960 characters"):
        Text(text="x" * (TEXT_MAX * PARTS_MAX + 1), split=True)
    with pytest.raises(ValidationError, match="becomes 14 messages of at most 4096 characters, 10 are allowed"):
        Text(text=("x" * 3000 + " ") * 13 + "y" * 1947, split=True)


def test_a_sign_longer_than_a_message_is_refused() -> None:
    with pytest.raises(ValidationError, match="holds one sign of 5001 characters"):
        Text(text="a" + "\u0301" * 5000, split=True)
