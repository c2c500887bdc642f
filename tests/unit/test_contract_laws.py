"""The laws of the contract for agents, tried on thousands of records with something wrong or strange in them."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.agent_record import AgentRecord, read_agent_record
from app.core.effects import Send
from app.core.messages import files_in, parts, read_message
from app.whatsapp.outbound import payload
from tests.unit.histories import ANA, NOW
from tests.unit.test_contract import RECORDS, WHO, check

Path = tuple[Any, ...]

STRANGE: list[Any] = [
    *(None, True, False, 0, -1, 7, 91.5, 1e300, "", " ", "text", "menu|1", "😀", "a\nb", "https://example.org"),
    *("x" * 21, "x" * 1025, "x" * 5000, [], {}, [None], [[]], {"": None}, {"id": "1", "title": "A"}),
    {"link": "https://example.org", "id": "1"},
]

ADDED = ["caption", "text", "header", "footer", "reply_to", "split", "media", "id", "type", "list_items"]


def places(part: Any, path: Path = ()) -> list[Path]:
    """Where something in a record can be changed."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A good record with up to three changes."""
    record: dict[str, Any] = copy.deepcopy({**WHO, **RECORDS[draw(st.sampled_from(sorted(RECORDS)))]})
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from([place for place in places(record) if place]))
        part: Any = record
        for name in way:
            part = part[name]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "remove":
                del part[last]
            case "add" if isinstance(part, dict):
                part[draw(st.sampled_from(ADDED))] = copy.deepcopy(draw(st.sampled_from(STRANGE)))
            case _:
                part[last] = copy.deepcopy(draw(st.sampled_from(STRANGE)))
    return record


@settings(max_examples=1500)
@given(records())
def test_a_record_is_read_or_refused_with_a_reason_a_person_can_read(record: dict[str, Any]) -> None:
    found = read_agent_record(json.dumps(record).encode(), "1029384756")
    if not isinstance(found, AgentRecord):
        assert found.code in ("invalid", "unknown_message_type", "missing_waid")
        assert 10 < len(found.reason) < 2500


@settings(max_examples=1500)
@given(records())
def test_what_is_read_is_as_the_schema_says_and_can_be_sent(record: dict[str, Any]) -> None:
    found = read_agent_record(json.dumps(record).encode(), "1029384756")
    if not isinstance(found, AgentRecord):
        return
    check("agent-out", record)
    content = json.loads(json.dumps(found.message.model_dump(mode="json")))
    assert read_message(content) == found.message
    if any(file.media for file in files_in(found.message)):
        return
    for part in parts(content):
        assert payload(Send(id="e1", user=ANA, message=part, made_at=NOW, window_ends=NOW))
