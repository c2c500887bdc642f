"""Whatever Meta may come to send: nothing raises, nothing is lost, nobody gets another's key."""

import copy
import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import NotUnderstood, StatusCame, UserWrote
from app.whatsapp.envelope import Item, split
from app.whatsapp.inbound import read_item
from tests.unit.whatsapp.shapes import NAMES, body, webhook

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(["", "BR.7781", "+55 11", "inf", "1e999", "\x00", "menu|x|agent|1", '{"k":1,"e":2}', "GROUP1"]),
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "text", "x"]), inner),
    max_leaves=5,
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside some JSON."""
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = [path] if path else []
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


def mutate(data: Any, draw: Any) -> None:
    """Delete, replace or repeat one value somewhere."""
    *way, last = draw(st.sampled_from(places(data)))
    holder = data
    for step in way:
        holder = holder[step]
    match draw(st.sampled_from(["delete", "replace", "swap", "repeat"])):
        case "delete":
            del holder[last]
        case "replace":
            holder[last] = draw(junk)
        case "swap":
            holder[last] = copy.deepcopy(draw(st.sampled_from([holder, [holder[last]], {"id": holder[last]}])))
        case "repeat" if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))


@st.composite
def mutated(draw: Any) -> dict[str, Any]:
    """A webhook of some shape with a few things wrong."""
    data = webhook(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 4))):
        if places(data):
            mutate(data, draw)
    return data


def check(item: Item) -> None:
    """The laws of an item: keyed for the router or reasoned for the quarantine, and read back as what it is."""
    assert item.reason or item.key
    event = read_item(item.value)
    if item.reason is None and not isinstance(event, NotUnderstood):
        assert isinstance(event, UserWrote if item.kind == "message" else StatusCame)
        assert event.user.key.encode() == item.key
        assert event.at > 0


def inside(data: Any, name: str) -> list[Any]:
    """What a list of this name holds; nothing where it is no list."""
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def wanted(data: Any) -> list[Any]:
    """Every message and status of a webhook, as far as it can be reached."""
    return [
        thing
        for entry in inside(data, "entry")
        for change in inside(entry, "changes")
        if isinstance(change, dict) and change.get("field") == "messages"
        for name in ("messages", "statuses")
        for thing in inside(change.get("value"), name)
    ]


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_mutated_webhooks_lose_nothing_and_raise_nothing(data: dict[str, Any]) -> None:
    raw = json.dumps(data).encode()
    items = split(raw)
    if data.get("object") == "whatsapp_business_account":
        came = wanted(orjson.loads(raw))  # numbers past 64 bits are floats here as there
        kept = [thing for item in items for thing in wanted(orjson.loads(item.value))]
        assert kept == came
    for item in items:
        check(item)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_bytes_broken_on_the_way_raise_nothing(name: str, data: st.DataObject) -> None:
    raw = bytearray(body(name))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(1, len(raw)))]
    items = split(bytes(raw))
    assert items
    for item in items:
        check(item)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64) | junk.map(lambda data: json.dumps(data).encode()))
def test_read_item_raises_on_nothing(raw: bytes) -> None:
    assert isinstance(read_item(raw), UserWrote | StatusCame | NotUnderstood)


messages = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30),
        "timestamp": st.integers(1, 2_000_000_000).map(str),
    },
    optional={
        "type": scalars,
        "text": junk,
        "interactive": junk,
        "context": junk,
        "errors": junk,
        "referral": junk,
        "location": junk,
    },
)
senders = st.sampled_from(
    [{"from": "5511999990000"}, {"from_user_id": "BR.7781"}, {"from": "", "from_user_id": "DE.1"}, {"from": "US.2"}]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(messages, senders), min_size=1, max_size=5), junk)
def test_every_well_formed_message_becomes_an_event(
    pairs: list[tuple[dict[str, Any], dict[str, str]]], contacts: Any
) -> None:
    wrote = [message | sender for message, sender in pairs]
    value = {"metadata": {"phone_number_id": "1"}, "contacts": contacts, "messages": wrote}
    change = {"field": "messages", "value": value}
    data = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    items = split(json.dumps(data).encode())
    assert [item.id for item in items] == [message["id"] for message in wrote]
    for item, message in zip(items, wrote, strict=True):
        event = read_item(item.value)
        assert isinstance(event, UserWrote), event
        assert event.id == message["id"]
        assert event.user.key.encode() == item.key
