"""The verdict on users' pictures can see: one that is there has no finding, each that is not has its own."""

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from app.core.media import media_id
from tests.faults.bench.files import judge_files
from tests.faults.bench.pictures import picture_of
from tests.faults.bench.plan import Written
from tests.faults.bench.truth import Truth
from tests.faults.bench.verdict import Findings

OURS = media_id("N", "wamid.1", "7")
RECORD: dict[str, Any] = {"type": "image", "message_id": "wamid.1", "text": "u0 says 1", "content": {"media": OURS}}


def truth(record: dict[str, Any]) -> Truth:
    """A run in which one user sent one picture."""
    written = Written("55", "u0 says 1", "wamid.1", 0.0, True, True)
    told = {
        "users": {"ana": SimpleNamespace(written=[written])},
        "register": SimpleNamespace(agents=[SimpleNamespace(name="Sales", read_topic="sales-in")]),
        "records": {"sales-in": [SimpleNamespace(value=orjson.dumps(record))]},
    }
    return cast(Truth, SimpleNamespace(**told))


@pytest.mark.parametrize(
    ("record", "answers", "kinds"),
    [
        (RECORD, [(200, picture_of("u0 says 1"))], []),
        (RECORD, [(503, b"on its way"), (200, picture_of("u0 says 1"))], []),
        (RECORD, [(200, picture_of("u0 says 2"))], ["wrong"]),
        (RECORD, [(200, picture_of("u0 says 1")[:-1])], ["wrong"]),
        (RECORD, [(410, b"it never came")], ["lost"]),
        (RECORD, [(404, b"unknown")], ["lost"]),
        (RECORD, [(503, b"on its way")], ["lost"]),
        ({**RECORD, "content": {}}, [], ["lost"]),
        ({**RECORD, "message_id": "wamid.2"}, [], []),
    ],
)
async def test_each_end_of_a_picture(
    record: dict[str, Any], answers: list[tuple[int, bytes]], kinds: list[str]
) -> None:
    left = list(answers)

    async def get(media: str) -> tuple[int, bytes]:
        assert media == OURS
        return left.pop(0) if len(left) > 1 else left[0]

    findings = Findings()
    await judge_files(truth(record), findings, get, seconds=1.0)
    assert [one.kind for one in findings.violations] == kinds
