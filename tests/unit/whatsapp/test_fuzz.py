"""Whatever Meta may come to send: nothing raises, nothing is lost, nobody gets another's key.

`make fuzz` tries the same laws on many more bodies.
"""

import asyncio
import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import IdentityChanged, NotUnderstood, StatusCame, UserWrote
from app.whatsapp.envelope import split
from app.whatsapp.inbound import read_item
from tests.unit.whatsapp.fuzz import fuzz
from tests.unit.whatsapp.laws import Laws
from tests.unit.whatsapp.mutations import junk, mutated_bytes, mutated_json
from tests.unit.whatsapp.shapes import NAMES, body

randoms = st.randoms(use_true_random=False)
anything = randoms.map(junk)
LAWS = Laws()


def check(raw: bytes) -> None:
    """Check all laws on one body."""
    asyncio.run(LAWS.check(raw))


@settings(max_examples=300)
@given(randoms)
def test_webhooks_with_wrong_parts_break_no_law(random: Random) -> None:
    check(mutated_json(random))


@settings(max_examples=200)
@given(randoms)
def test_bytes_broken_on_the_way_break_no_law(random: Random) -> None:
    check(mutated_bytes(random))


@settings(max_examples=200)
@given(st.binary(max_size=64) | anything.map(lambda data: json.dumps(data).encode()))
def test_anything_else_breaks_no_law(raw: bytes) -> None:
    assert isinstance(read_item(raw), UserWrote | IdentityChanged | StatusCame | NotUnderstood)
    check(raw)


def test_a_thousand_bodies_are_counted_and_the_same_seed_gives_the_same_bodies() -> None:
    counts, reasons = fuzz(1000, seed=1)
    assert counts["bodies"] == 1000
    assert counts["well-formed messages"] > 100
    assert counts["for the account"] > 50
    assert sum(reasons.values()) == counts["quarantined by the webhook"] + counts["quarantined by the router"]
    assert fuzz(1000, seed=1) == (counts, reasons)


def test_the_laws_hold_for_the_shapes_themselves() -> None:
    for name in NAMES:
        check(body(name))


messages = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30),
        "timestamp": st.integers(1, 2_000_000_000).map(str),
    },
    optional={
        name: anything
        for name in ("type", "text", "interactive", "context", "errors", "referral", "location", "image", "system")
    },
)
senders = st.sampled_from(
    [{"from": "5511999990000"}, {"from_user_id": "BR.7781"}, {"from": "", "from_user_id": "DE.1"}, {"from": "US.2"}]
)


@settings(max_examples=300)
@given(st.lists(st.tuples(messages, senders), min_size=1, max_size=5), anything)
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
        assert isinstance(event, UserWrote | IdentityChanged), event
        assert event.id == message["id"]
        assert event.user.key.encode() == item.key
