"""What each of Meta's answers means, by HTTP status and code."""

from typing import Any

import pytest

from app.core.verdicts import GATEWAY_ANSWERS, Verdict, from_answer, no_answer, unreachable


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


HEALS = (1, 2, 131000, 131016, 131057, 4, 17, 80007, 613, 130429, 131056)
DOES_NOT = (3, 10, 33, 100, 104, 190, 200, 368, 130403, 130472, 130497, 131005, 131008, 131009, 131021, 131026, 131030)
NOR_DO = (
    131031,
    131042,
    131045,
    131047,
    131048,
    131049,
    131050,
    131051,
    131062,
    132000,
    132001,
    132012,
    137000,
    999999,
)


@pytest.mark.parametrize("code", HEALS)
def test_what_can_heal_is_tried_again(code: int) -> None:
    verdict = refusal(code)
    assert (verdict.outcome, verdict.code, verdict.final) == ("retry", str(code), False)


@pytest.mark.parametrize("code", DOES_NOT + NOR_DO)
def test_what_cannot_heal_is_refused(code: int) -> None:
    verdict = refusal(code)
    assert (verdict.outcome, verdict.code, verdict.final) == ("refused", str(code), True)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_some_statuses_heal_whatever_the_code(status: int) -> None:
    assert refusal(131026, status).outcome == "retry"
    verdict = from_answer(status, None, b"<html>")
    expected = ("in_doubt", "no_answer") if status in GATEWAY_ANSWERS else ("retry", f"http_{status}")
    assert (verdict.outcome, verdict.code) == expected


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404])
def test_other_statuses_without_a_code_are_refused(status: int) -> None:
    verdict = from_answer(status, None, b"")
    assert (verdict.outcome, verdict.code) == ("refused", f"http_{status}")


def test_meta_may_say_itself_that_it_heals() -> None:
    assert refusal(999999, is_transient=True).outcome == "retry"
    assert refusal(999999, is_transient="yes").outcome == "refused"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"error_data": {"details": "too old"}, "message": "m"}, "too old"),
        ({"error_data": "flat", "message": "m"}, "flat"),
        ({"error_data": {}, "message": "m"}, "m"),
        ({"error_data": None, "message": "m"}, "m"),
        ({"message": None}, "no explanation"),
    ],
)
def test_the_reason_is_metas_most_exact_word(error: dict[str, Any], words: str) -> None:
    assert from_answer(400, {"error": {**error, "code": 131047}}, b"").reason == f"{words} (Meta's error 131047)"


@pytest.mark.parametrize("code", [[], {}, "131026", 1.5, None])
def test_a_code_that_is_no_number_is_no_code(code: Any) -> None:
    verdict = from_answer(400, {"error": {"code": code, "message": "m"}}, b"")
    assert (verdict.outcome, verdict.code) == ("refused", "http_400")


@pytest.mark.parametrize("error", [None, [], "text", 5])
def test_an_envelope_of_another_shape(error: Any) -> None:
    assert from_answer(400, {"error": error}, b"raw") == Verdict(
        outcome="refused", code="http_400", reason="no explanation (Meta's error HTTP 400)", raw=b"raw"
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
