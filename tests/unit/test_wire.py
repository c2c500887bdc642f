"""The records of our own topics: what is written is read again, and anything else is not understood."""

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.effects import Quarantine, Send
from app.core.events import (
    AgentReplied,
    ClockStruck,
    EndOrdered,
    MoveOrdered,
    NotUnderstood,
    Routed,
    SendFinished,
    UserJoined,
    UserLinked,
    UserPlaced,
)
from app.core.identity import User
from app.core.state import Session, Window
from app.wire import read_event, read_send, write_event, write_quarantine, write_set_aside
from tests.unit.histories import ANA, NOW

texts = st.text(st.characters(codec="utf-8"), max_size=8)
maybe = st.none() | texts
users = st.builds(User, key=texts, phone_number_id=texts, wa_id=maybe, user_id=maybe, name=maybe)
times = st.floats(0, 2e9)
several = st.lists(texts, max_size=2).map(tuple)
common: dict[str, Any] = {"id": texts, "user": users, "at": times}
events = st.one_of(
    st.builds(
        AgentReplied,
        **common,
        agent=st.integers(1, 2**53),
        message=st.dictionaries(texts, texts, max_size=2),
        ref=maybe,
        raw=st.binary(max_size=9),
        anywhere=st.booleans(),
        asker=texts,
    ),
    st.builds(
        SendFinished,
        **common,
        effect=texts,
        verdict=texts,
        agent=st.none() | st.integers(1, 2**53),
        ref=maybe,
        message_id=maybe,
        code=maybe,
        kind=maybe,
        reason=texts,
        raw=st.binary(max_size=9),
    ),
    st.builds(ClockStruck, **common),
    st.builds(UserPlaced, **common, home=texts, since=times, here=st.booleans()),
    st.builds(UserLinked, **common, home=texts, since=times, ids=several, via=texts),
    st.builds(
        UserJoined,
        **common,
        session=st.none() | st.builds(Session, since=times, agent=st.none() | st.integers(1, 9), menu=texts),
        window=st.builds(
            Window,
            user=users,
            since=times,
            home=texts,
            ids=several,
            numbers=several,
            passed=st.dictionaries(texts, st.tuples(texts, times), max_size=2),
            places=st.dictionaries(texts, st.tuples(texts, times), max_size=2),
        ),
    ),
    st.builds(MoveOrdered, **common, agent=st.integers(1, 2**53), note=maybe),
    st.builds(EndOrdered, **common),
)


@given(events)
def test_an_event_comes_back_as_it_was_written(event: Routed) -> None:
    assert read_event(write_event(event)) == event


@given(
    st.builds(
        Send,
        id=texts,
        user=users,
        message=st.dictionaries(texts, texts, max_size=2),
        made_at=times,
        window_ends=times,
        deadline=st.none() | times,
        agent=st.none() | st.integers(1, 2**53),
        ref=maybe,
    )
)
def test_a_send_comes_back_as_it_was_written(send: Send) -> None:
    assert read_send(json.dumps(send.to_dict()).encode()) == send


GOOD = json.loads(write_event(AgentReplied(id="e", user=ANA, at=NOW, agent=2, message={"kind": "text"}, raw=b"{}")))


@pytest.mark.parametrize(
    "data",
    [
        [],
        "text",
        7,
        None,
        {},
        {**GOOD, "kind": "user_wrote"},
        {**GOOD, "kind": ["agent_replied"]},
        {**GOOD, "kind": None},
        {**GOOD, "user": None},
        {**GOOD, "user": {}},
        {**GOOD, "user": "Ana"},
        {**GOOD, "at": "soon"},
        {**GOOD, "at": None},
        {**GOOD, "raw": "not base64!"},
        {**GOOD, "raw": 5},
        *(
            {name: value for name, value in GOOD.items() if name != gone}
            for gone in ("kind", "id", "user", "at", "agent")
        ),
    ],
)
def test_what_is_no_event_of_ours_is_not_understood(data: Any) -> None:
    raw = json.dumps(data).encode()
    found = read_event(raw)
    assert isinstance(found, NotUnderstood)
    assert found.raw == raw
    assert found.reason


def test_an_unknown_kind_is_named() -> None:
    found = read_event(json.dumps({**GOOD, "kind": "rained"}).encode())
    assert isinstance(found, NotUnderstood)
    assert "'rained'" in found.reason


@given(st.binary(max_size=40))
def test_bytes_of_nobody_are_not_understood(raw: bytes) -> None:
    assert isinstance(read_event(raw), NotUnderstood)
    assert isinstance(read_send(raw), NotUnderstood)


@pytest.mark.parametrize("data", [[], {}, {"id": "x"}, {"id": "x", "user": {}, "message": {}}, None])
def test_what_is_no_send_is_not_understood(data: Any) -> None:
    assert isinstance(read_send(json.dumps(data).encode()), NotUnderstood)


def test_the_quarantine_keeps_the_bytes_and_says_why() -> None:
    record = json.loads(write_quarantine("no user", "webhook/3/14", b"\xff\x00", NOW, trace="t"))
    assert b64decode(record.pop("value")) == b"\xff\x00"
    assert record == {"reason": "no user", "source": "webhook/3/14", "at": NOW, "trace": "t"}


def test_what_the_router_sets_aside_names_its_user_and_id() -> None:
    effect = Quarantine(id="e1", reason="too many", user=ANA, record={"text": "hi"})
    record = json.loads(write_set_aside(effect, NOW))
    assert (record["id"], record["reason"], record["source"], record["at"]) == ("e1", "too many", "router", NOW)
    assert record["user"] == ANA.to_dict()
    assert json.loads(b64decode(record["value"])) == {"text": "hi"}
