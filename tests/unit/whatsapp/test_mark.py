"""The mark on our messages: it comes back as written, and other programs' texts are not taken for ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Mark
from app.whatsapp.mark import MAX, read_mark, write_mark

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=64)


@given(texts, texts, st.none() | st.integers(0, 2**63 - 1), st.none() | texts)
def test_a_mark_comes_back_as_it_was_written(key: str, effect: str, agent: int | None, ref: str | None) -> None:
    mark = Mark(key=key, effect=effect, agent=agent, ref=ref)
    text = write_mark(mark)
    assert len(text) <= MAX
    assert read_mark(text) == mark


def test_the_longest_user_key_and_ref_fit() -> None:
    key = "1" * 20 + ":BR.ENT." + "a" * 128
    mark = Mark(key=key, effect="0" * 20, agent=2**63 - 1, ref='"' * 64)
    assert read_mark(write_mark(mark)) == mark


def test_a_mark_past_metas_limit_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"effect e1 has \d+ characters; Meta echoes 512"):
        write_mark(Mark(key="k", effect="e1", ref="\x01" * 64 + "x" * 200))


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "agent=billing;corr=01JD",
        "[]",
        '"k"',
        "{}",
        '{"k":"u"}',
        '{"k":1,"e":"x"}',
        '{"k":"u","e":2}',
        '{"k":"","e":"x"}',
        '{"k":"u","e":"x","a":"2"}',
        '{"k":"u","e":"x","a":1.5}',
        '{"k":"u","e":"x","r":{}}',
        '{"k":["u"],"e":{"x":1}}',
    ],
)
def test_what_is_not_ours_reads_as_none(text: object) -> None:
    assert read_mark(text) is None
