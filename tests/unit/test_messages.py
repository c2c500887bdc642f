"""Messages within Meta's limits: exactly at the limit they pass, one past it they are refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.messages import List, Template, Text, cut, read_message

ROW = {"id": "p1", "title": "Basic"}
LIST = {"kind": "list", "text": "Choose", "button": "Plans", "section": "Our plans", "rows": [ROW]}
TEMPLATE = {"kind": "template", "name": "hello_world", "language": "en_US"}


def rows(count: int) -> list[dict[str, str]]:
    """So many rows."""
    return [{"id": f"p{number}", "title": "Plan"} for number in range(count)]


@pytest.mark.parametrize(
    ("field", "limit"),
    [("text", 4096), ("button", 20), ("section", 24), ("row id", 200), ("row title", 24), ("row description", 72)],
)
def test_the_limits_of_a_list_are_counted_in_characters(field: str, limit: int) -> None:
    def of_size(size: int) -> dict[str, Any]:
        if field.startswith("row "):
            return {**LIST, "rows": [{**ROW, field.removeprefix("row "): "😀" * size}]}
        return {**LIST, field: "é" * size}

    assert read_message(of_size(limit)).kind == "list"
    with pytest.raises(ValidationError, match=rf"at most {limit} characters"):
        read_message(of_size(limit + 1))


def test_a_text_has_a_limit_too() -> None:
    assert read_message({"kind": "text", "text": "é" * 4096}) == Text(text="é" * 4096)
    with pytest.raises(ValidationError, match="at most 4096 characters"):
        read_message({"kind": "text", "text": "é" * 4097})


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0"])
def test_nothing_blank_is_sent(blank: str) -> None:
    for data in (
        {"kind": "text", "text": blank},
        {**LIST, "text": blank},
        {**LIST, "button": blank},
        {**LIST, "section": blank},
        {**LIST, "rows": [{**ROW, "id": blank}]},
        {**LIST, "rows": [{**ROW, "title": blank}]},
    ):
        with pytest.raises(ValidationError):
            read_message(data)


def test_a_list_has_one_to_ten_rows() -> None:
    message = read_message({**LIST, "rows": rows(10)})
    assert isinstance(message, List)
    assert len(message.rows) == 10
    for count in (0, 11):
        with pytest.raises(ValidationError, match="rows"):
            read_message({**LIST, "rows": rows(count)})


def test_no_id_stands_twice() -> None:
    with pytest.raises(ValidationError, match="the id 'p1' stands in two rows"):
        read_message({**LIST, "rows": [ROW, {**ROW, "title": "Another"}]})


@pytest.mark.parametrize("language", ["en", "en_US", "pt_BR", "fil", "zh_CN"])
def test_languages_metas_templates_have(language: str) -> None:
    assert read_message({**TEMPLATE, "language": language}).kind == "template"


@pytest.mark.parametrize(
    "change", [{"name": "Hello"}, {"name": ""}, {"name": "a" * 513}, {"language": "english"}, {"language": "en-US"}]
)
def test_a_template_needs_a_name_and_a_language_meta_knows(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        read_message({**TEMPLATE, **change})


@pytest.mark.parametrize("data", [{}, {"kind": "fax"}, {"text": "hi"}, {"kind": "list"}, {"kind": "template"}])
def test_other_objects_are_no_messages(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_message(data)


@pytest.mark.parametrize("data", [{"kind": "text", "text": "hi"}, {**LIST, "rows": rows(3)}, TEMPLATE])
def test_a_message_survives_json_and_unknown_fields(data: dict[str, Any]) -> None:
    message = read_message({**data, "surprise": 1})
    assert isinstance(message, Text | List | Template)
    assert read_message(message.model_dump(mode="json")) == message


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_text_is_within_its_limit_and_says_so(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and len(text) > limit)
