"""The sender and the kinds of messages: marks need no window, and our own media must have been uploaded."""

from dataclasses import replace

import pytest

from tests.unit.kinds import MARKS, WAMID
from tests.unit.sender_bench import SEND, Bench


@pytest.mark.parametrize("kind", MARKS)
async def test_a_mark_may_leave_with_the_window_shut(kind: str) -> None:
    bench = Bench()
    await bench.handle(replace(SEND, window_ends=0, message={"kind": kind, "message_id": WAMID}))
    (call,) = bench.graph.calls
    assert call == (SEND.user.phone_number_id, MARKS[kind][1])
    assert bench.finished().verdict == "accepted"


async def test_a_file_of_ours_without_an_id_of_metas_is_refused_with_the_reason() -> None:
    bench = Bench()
    await bench.handle(replace(SEND, message={"kind": "image", "image": {"media": "m-1"}}))
    assert bench.graph.calls == []
    assert (bench.finished().verdict, bench.finished().code) == ("refused", "invalid")
    assert "the media 'm-1' has no id of Meta's yet" in bench.finished().reason
