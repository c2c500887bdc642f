"""What each of Meta's answers means, by HTTP status and code."""

from typing import Any

import pytest

from app.core.codes import MEANINGS, UNKNOWN
from app.core.verdicts import (
    DETAILS_MAX,
    GATEWAY_ANSWERS,
    Verdict,
    from_answer,
    from_failed_status,
    no_answer,
    unreachable,
)


def refusal(code: Any = None, status: int = 400, **more: Any) -> Verdict:
    """The verdict on an error envelope."""
    error = {"message": "(#1) Something", **({} if code is None else {"code": code}), **more}
    return from_answer(status, {"error": error}, b"raw")


def test_an_id_is_an_acceptance() -> None:
    verdict = from_answer(200, {"messages": [{"id": "wamid.OUT1"}]}, b"raw")
    assert verdict == Verdict(outcome="accepted", message_id="wamid.OUT1", raw=b"raw")
    assert verdict.final


@pytest.mark.parametrize(
    "body", [None, {}, {"messages": None}, {"messages": []}, {"messages": [7]}, {"messages": [{}]}]
)
def test_a_200_without_an_id_is_in_doubt(body: Any) -> None:
    verdict = from_answer(200, body, b"")
    assert (verdict.outcome, verdict.code, verdict.final) == ("in_doubt", "no_id", True)


def test_a_read_mark_has_no_id_and_is_accepted() -> None:
    assert from_answer(200, {"success": True}, b"", is_note=True).outcome == "accepted"
    assert from_answer(200, {"success": True}, b"").outcome == "in_doubt"
    assert from_answer(200, {"success": "yes"}, b"", is_note=True).outcome == "in_doubt"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_some_statuses_heal_whatever_the_code(status: int) -> None:
    assert refusal(131026, status).outcome == "retry"
    verdict = from_answer(status, None, b"<html>")
    expected = ("in_doubt", "no_answer") if status in GATEWAY_ANSWERS else ("retry", f"http_{status}")
    assert (verdict.outcome, verdict.code) == expected


@pytest.mark.parametrize(
    ("status", "code", "kind", "outcome"),
    [
        (429, 131026, "throttle", "retry"),
        (503, 131026, "retry", "retry"),
        (500, 131056, "throttle", "retry"),
        (429, 131016, "retry", "retry"),
        (500, 190, "account", "hold"),
        (401, 131026, "user", "refused"),
    ],
)
def test_a_status_only_makes_more_of_what_would_be_given_up(status: int, code: int, kind: str, outcome: str) -> None:
    verdict = refusal(code, status)
    assert (verdict.outcome, verdict.code, verdict.kind) == (outcome, str(code), kind)
    assert verdict.reason.startswith(MEANINGS[code].text), "and the code still says what it is"


@pytest.mark.parametrize(
    ("status", "outcome", "kind"),
    [
        (301, "refused", "permanent"),
        (302, "refused", "permanent"),
        (400, "retry", "permanent"),
        (401, "hold", "account"),
        (403, "retry", "permanent"),
        (404, "retry", "permanent"),
    ],
)
def test_other_statuses_without_a_code(status: int, outcome: str, kind: str) -> None:
    verdict = from_answer(status, None, b"")
    assert (verdict.outcome, verdict.code, verdict.kind) == (outcome, f"http_{status}", kind)
    assert not verdict.is_new, "only codes can be new"


@pytest.mark.parametrize(("transient", "kind"), [(True, "retry"), ("yes", "permanent"), (False, "permanent")])
def test_meta_may_say_itself_that_it_heals(transient: Any, kind: str) -> None:
    assert refusal(999999, is_transient=transient).kind == kind
    assert refusal(131026, is_transient=True).outcome == "retry"


def test_an_unknown_code_is_noticed() -> None:
    assert refusal(999999).is_new
    assert refusal(999999, is_transient=True).is_new
    assert from_failed_status({"code": 999999}).is_new
    assert not refusal(131026).is_new


def test_one_subcode_tells_an_unknown_business_number_from_a_wrong_parameter() -> None:
    verdict = refusal(100, error_subcode=33)
    assert (verdict.outcome, verdict.code, verdict.kind) == ("hold", "33", "account")
    assert refusal(100, error_subcode=2494055).kind == "payload"
    assert refusal(131026, error_subcode=33).code == "131026"


def test_media_by_link_are_worth_another_try() -> None:
    error = {"error": {"code": 131053}}
    assert from_answer(400, error, b"", has_link=True).outcome == "retry"
    assert from_answer(400, error, b"").outcome == "refused"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"error_data": {"details": "too old"}, "message": "m"}, "too old"),
        ({"error_data": "flat", "message": "m"}, "flat"),
        ({"error_data": {}, "message": "m"}, "m"),
        ({"error_data": None, "message": "m"}, "m"),
        ({"error_data": {"details": "x" * 5000}}, "x" * DETAILS_MAX),
    ],
)
def test_the_reason_is_metas_most_exact_word(error: dict[str, Any], words: str) -> None:
    reason = from_answer(400, {"error": {**error, "code": 131047}}, b"").reason
    assert reason == f"{MEANINGS[131047].text}. Meta says: {words} (Meta's error 131047)"


def test_where_meta_explains_nothing_the_meaning_stands_alone() -> None:
    assert refusal(131047, message=None).reason == f"{MEANINGS[131047].text} (Meta's error 131047)"


@pytest.mark.parametrize(
    "error",
    [
        {"code": 131026, "title": "Undeliverable", "details": "no WhatsApp"},
        {"code": 131026, "title": "Undeliverable", "error_data": {"details": "no WhatsApp"}},
        {"code": 131026, "message": "no WhatsApp"},
    ],
)
def test_a_failed_status_is_read_as_an_answer_is(error: dict[str, Any]) -> None:
    told, answer = from_failed_status(error), refusal(131026, message="no WhatsApp")
    assert (told.outcome, told.code, told.kind, told.reason) == ("refused", answer.code, answer.kind, answer.reason)


def test_a_failed_status_without_an_error_is_one_nobody_knows() -> None:
    verdict = from_failed_status({})
    assert (verdict.outcome, verdict.code, verdict.kind) == ("refused", "unknown", "permanent")


@pytest.mark.parametrize("code", [[], {}, "131026", 1.5, True, None])
def test_a_code_that_is_no_number_is_no_code(code: Any) -> None:
    verdict = from_answer(400, {"error": {"code": code, "message": "m"}}, b"")
    assert (verdict.outcome, verdict.code, verdict.meaning) == ("retry", "http_400", UNKNOWN)


@pytest.mark.parametrize("error", [None, [], "text", 5])
def test_an_envelope_of_another_shape(error: Any) -> None:
    reason = f"{UNKNOWN.text} (Meta's error HTTP 400)"
    assert from_answer(400, {"error": error}, b"raw") == Verdict(
        outcome="retry", code="http_400", reason=reason, raw=b"raw", meaning=UNKNOWN
    )


def test_what_never_left_is_tried_again_and_what_got_no_answer_is_not() -> None:
    assert unreachable("refused").outcome == "retry"
    assert no_answer("TimeoutError").outcome == "in_doubt"
    assert no_answer("TimeoutError").final


def test_a_read_mark_is_answered_without_an_id() -> None:
    done = from_answer(200, {"success": True}, b"{}", is_note=True)
    assert (done.outcome, done.message_id) == ("accepted", None)
    assert from_answer(200, {"success": True}, b"{}").outcome == "in_doubt", "of a message an id is wanted"
    assert from_answer(200, {}, b"{}", is_note=True).outcome == "in_doubt"
