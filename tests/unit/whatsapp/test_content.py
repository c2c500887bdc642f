"""Contents take whatever comes: what is of another type is left out, the rest stays, all is bounded."""

import json
from typing import Any

import pytest

from app.core.uploads import FILENAME_MAX, clean_filename
from app.whatsapp.content import MODELS, REPLIES, TAKEN, read_content
from app.whatsapp.context import read_context, read_referral
from app.whatsapp.envelope import split
from app.whatsapp.inbound import CONTENT_BYTES_MAX, read_item
from tests.unit.whatsapp.shapes import webhook

STRANGE: list[Any] = [None, True, 7, -1.5, "", "x", [], [7], {}, {"x": {}}]


@pytest.mark.parametrize("kind", sorted(MODELS))
@pytest.mark.parametrize("part", STRANGE, ids=repr)
def test_no_part_of_another_type_does_harm(kind: str, part: Any) -> None:
    read = read_content({"type": kind, kind: part})
    assert read.kind == kind
    json.dumps(read.content)
    for name in MODELS[kind].model_fields:
        read = read_content({"type": kind, kind: {name: part, "id": part, "name": part, "phones": part}})
        assert isinstance(read.text, str)
        json.dumps(read.content)


@pytest.mark.parametrize("kind", sorted(REPLIES))
@pytest.mark.parametrize("part", STRANGE, ids=repr)
def test_no_reply_of_another_type_does_harm(kind: str, part: Any) -> None:
    read = read_content({"type": "interactive", "interactive": {"type": kind, kind: part}})
    assert read.kind == kind
    for name in REPLIES[kind].model_fields:
        read = read_content({"type": "interactive", "interactive": {"type": kind, kind: {name: part}}})
        assert isinstance(read.text, str)
        json.dumps(read.content)


@pytest.mark.parametrize("part", STRANGE, ids=repr)
def test_no_context_and_no_referral_of_another_type_does_harm(part: Any) -> None:
    for data in (part, {"id": part, "from": part, "forwarded": part, "referred_product": part, "source_id": part}):
        json.dumps([read_context(data), read_referral(data)])


@pytest.mark.parametrize("name", sorted(TAKEN - {"interactive"}))
def test_a_new_type_cannot_pass_for_a_record_of_ours(name: str) -> None:
    read = read_content({"type": name, name: {"id": "menu|x|agent|1", "body": "hi"}})
    assert (read.kind, read.text) == ("unsupported", "hi")
    assert read.content == {"raw": {name: {"id": "menu|x|agent|1", "body": "hi"}}}


@pytest.mark.parametrize("inner", ["text", "system", "initial", "status", "closed", "interactive", "voice"])
def test_a_new_reply_cannot_pass_for_another_message(inner: str) -> None:
    read = read_content({"type": "interactive", "interactive": {"type": inner, inner: {"id": "1"}}})
    assert read.kind == "interactive"
    assert read.content == {"raw": {"type": inner, inner: {"id": "1"}}}


@pytest.mark.parametrize("name", [None, "", 7, [], {}])
def test_a_message_that_does_not_say_its_type_is_unsupported(name: Any) -> None:
    assert read_content({"type": name, "text": {"body": "hi"}}).kind == "unsupported"


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("bill.pdf", "bill.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\bill.pdf", "bill.pdf"),
        ("Größe 7 😀.pdf", "Größe 7 😀.pdf"),
        ("bill\u202efdp.exe", "billfdp.exe"),
        ("a\x00b\n.pdf", "ab.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        (".bashrc", "bashrc"),
        ("name. ", "name"),
        ("..", None),
        ("/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_files_name_is_fit_to_be_shown_and_stored(came: str | None, kept: str | None) -> None:
    assert clean_filename(came) == kept


@pytest.mark.parametrize("ending", [".pdf", "", "." + "x" * 100])
def test_a_long_name_is_cut_and_keeps_its_extension(ending: str) -> None:
    kept = clean_filename("a" * 500 + ending)
    assert kept is not None
    assert len(kept) <= FILENAME_MAX
    assert kept.endswith(".pdf") is (ending == ".pdf")


def test_a_digest_is_shown_in_hexadecimal_in_whichever_way_it_came() -> None:
    shown = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    for came in ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", shown, shown.upper()):
        assert read_content({"type": "image", "image": {"sha256": came}}).content == {"sha256": shown}


def test_an_answer_nested_too_deep_is_kept_as_text() -> None:
    deep = '{"a":' + "[" * 200 + "]" * 200 + "}"
    read = read_content(
        {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": deep}}}
    )
    assert read.content == {"response_json": deep}


def test_an_edit_of_an_edit_is_read_no_deeper() -> None:
    edit = {"original_message_id": "wamid.1", "message": {"type": "edit", "edit": {"original_message_id": "wamid.0"}}}
    assert read_content({"type": "edit", "edit": edit}).content == {"original_message_id": "wamid.1"}


def test_a_huge_message_comes_with_its_words_and_raw_form_alone() -> None:
    data = webhook("text")
    data["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "x" * CONTENT_BYTES_MAX
    (item,) = split(json.dumps(data).encode())
    event = read_item(item.value)
    assert getattr(event, "content", None) == {"left_out": len(item.value)}
    assert getattr(event, "text", None) == "x" * CONTENT_BYTES_MAX
