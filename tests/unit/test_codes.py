"""Every code of Meta's table: the verdict, the number of tries and their times, and the error record of the agent."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.codes import MEANINGS, UNKNOWN, ErrorClass, class_of
from app.core.effects import TellAgent
from app.core.events import StatusCame
from app.core.verdicts import from_answer, from_failed_status
from tests.unit.error_table import Row, rows
from tests.unit.histories import DAY, NOW, SALES, Story, replied, status, wrote
from tests.unit.sender_bench import ACCEPTED, SEND, Bench, answered

ROWS = list(rows())
TEMPLATE = replace(SEND, message={"kind": "template", "name": "hello", "language": "en"})

each_code = pytest.mark.parametrize("row", ROWS, ids=str)


def record_of(story: Story, event: Any) -> dict[str, Any]:
    """The one error record an event causes."""
    (effect,) = story.then(event)
    assert isinstance(effect, TellAgent)
    assert effect.topic == SALES.error_topic
    return effect.record


def with_sales() -> Story:
    """A user who is with the agent Sales."""
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("sales", 2))
    return story


def test_the_table_is_whole() -> None:
    assert {row.code for row in ROWS} - {999999} == set(MEANINGS)
    assert len({row.code for row in ROWS}) == len(ROWS)


@each_code
async def test_a_code_of_an_answer(row: Row) -> None:
    bench = Bench(answered(row.code))
    await bench.handle()
    event = bench.finished()
    assert (event.verdict, event.code, event.kind) == (row.verdict, str(row.code), row.kind)
    assert tuple(bench.graph.times[: len(row.times)]) == pytest.approx(row.times)
    if row.tries is None:
        assert len(bench.graph.calls) > len(row.times)
        assert bench.graph.times[-1] < 900
    else:
        assert len(bench.graph.calls) == row.tries
    meaning = MEANINGS.get(row.code, UNKNOWN)
    assert meaning.text in event.reason
    assert f"(Meta's error {row.code})" in event.reason
    assert event.raw == b"busy"
    record = record_of(with_sales(), event)
    assert (record["code"], record["class"], record["verdict"]) == (str(row.code), row.kind, row.verdict)
    assert record["ref"] == "order-7"
    assert record["text"] == event.reason


@each_code
def test_a_code_of_a_failed_status(row: Row) -> None:
    failed: StatusCame = replace(status("e1", "failed"), errors=({"code": row.code, "title": "No", "details": "why"},))
    record = record_of(with_sales(), failed)
    answer = from_answer(400, {"error": {"code": row.code, "message": "why"}}, b"")
    assert (record["code"], record["class"], record["text"]) == (str(row.code), row.kind, answer.reason)
    assert record["effect"] == "e1"
    assert from_failed_status({"code": row.code}).outcome == "refused", "what Meta had taken is never tried again"


@each_code
async def test_a_code_that_heals_is_followed_by_success(row: Row) -> None:
    bench = Bench(answered(row.code), ACCEPTED)
    await bench.handle()
    healed = row.tries != 1
    assert bench.finished().verdict == ("accepted" if healed else row.verdict)
    assert len(bench.graph.calls) == (2 if healed else 1)
    assert bench.sender.gates.circuits.open == {}


@pytest.mark.parametrize("code", [131048, 131063, 131064, 134102])
async def test_some_errors_of_the_account_hold_templates_only(code: int) -> None:
    bench = Bench(answered(code), ACCEPTED)
    await bench.handle(TEMPLATE)
    assert bench.graph.times == [0, 6]
    assert bench.finished().verdict == "accepted"


async def test_media_by_link_are_tried_again_twice() -> None:
    bench = Bench(answered(131053, has_link=True))
    await bench.handle()
    assert bench.graph.times == pytest.approx([0, 3, 8])
    assert (bench.finished().verdict, bench.finished().kind) == ("refused", "payload")


async def test_an_unknown_code_is_counted() -> None:
    bench = Bench(answered(999999))
    await bench.handle()
    assert bench.sender.counts["unknown_code"] == 3
    await bench.settle(replace(status("e2", "failed"), errors=({"code": 888888},)))
    assert bench.sender.counts["unknown_code"] == 4


def test_every_class_has_its_letter_and_every_row_its_words() -> None:
    assert {meaning.kind for meaning in MEANINGS.values()} == set(ErrorClass)
    assert all(len(meaning.text) > 15 for meaning in MEANINGS.values())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("131026", "user"),
        ("999999", "permanent"),
        ("window_closed", "permanent"),
        ("invalid", "payload"),
        ("no_answer", None),
        ("interrupted", None),
        ("٣", None),
        ("", None),
    ],
)
def test_every_code_of_an_error_record_has_a_class_unless_nobody_knows(code: str, kind: str | None) -> None:
    assert class_of(code) == kind


def test_a_refusal_of_the_router_has_a_class_too() -> None:
    story = with_sales()
    record = record_of(story, replied("too late", 3, at=NOW + DAY - 30))
    assert (record["code"], record["class"]) == ("window_closed", "permanent")
