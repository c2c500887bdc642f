"""Changes of number or user id: one event for both ways Meta tells them, under the key the user had."""

import copy
import itertools
import json
from typing import Any

import pytest

from app.core.effects import Quarantine
from app.core.events import IdentityChanged, NotUnderstood, UserWrote
from app.core.identity import Identity
from app.whatsapp.envelope import split
from app.whatsapp.inbound import read_item
from tests.unit.histories import NOW, Story, told, wrote
from tests.unit.whatsapp.shapes import ANA_KEY, HANS_KEY, event, webhook

OLD, NEW = "5511999990000", "5511888880000"


def changed(name: str) -> IdentityChanged:
    """The change a fixture tells."""
    found = event(name)
    assert isinstance(found, IdentityChanged), found
    return found


@pytest.mark.parametrize(
    ("name", "key", "change", "before", "after"),
    [
        ("system_changed_number", ANA_KEY, "user_changed_number", Identity(wa_id=OLD), Identity(wa_id=NEW)),
        ("system_customer_changed_number", ANA_KEY, "user_changed_number", Identity(wa_id=OLD), Identity(wa_id=NEW)),
        (
            "system_changed_number_without_from",
            ANA_KEY,
            "user_changed_number",
            Identity(wa_id=OLD),
            Identity(wa_id=NEW, user_id="BR.9920"),
        ),
        (
            "system_changed_user_id",
            ANA_KEY,
            "user_changed_user_id",
            Identity(wa_id=OLD),
            Identity(wa_id=NEW, user_id="BR.9920"),
        ),
        (
            "field_user_id_update",
            ANA_KEY,
            "user_changed_user_id",
            Identity(wa_id=OLD, user_id="BR.7781"),
            Identity(user_id="BR.9920"),
        ),
        (
            "field_user_id_update_without_number",
            HANS_KEY,
            "user_changed_user_id",
            Identity(user_id="DE.4412", parent_user_id="DE.ENT.1"),
            Identity(user_id="DE.5523", parent_user_id="DE.ENT.2"),
        ),
    ],
)
def test_both_ways_make_the_same_event(name: str, key: str, change: str, before: Identity, after: Identity) -> None:
    found = changed(name)
    assert (found.user.key, found.change, found.before, found.after) == (key, change, before, after)


@pytest.mark.parametrize("name", ["system_identity_changed", "system_of_tomorrow"])
def test_other_system_messages_are_messages(name: str) -> None:
    found = event(name)
    assert isinstance(found, UserWrote)
    assert found.kind == "system"


@pytest.mark.parametrize("system", [{"type": "user_changed_number"}, {"type": "user_changed_number", "wa_id": 5}])
def test_a_change_that_does_not_say_to_what_is_a_message(system: dict[str, Any]) -> None:
    data = webhook("system_changed_number")
    data["entry"][0]["changes"][0]["value"]["messages"][0]["system"] = system
    (item,) = split(json.dumps(data).encode())
    found = read_item(item.value)
    assert isinstance(found, UserWrote)
    assert found.content == {"change": "user_changed_number"}


def updated(**parts: Any) -> IdentityChanged | NotUnderstood | str:
    """What a `user_id_update` with other parts becomes: an event, or the webhook's reason."""
    data = copy.deepcopy(webhook("field_user_id_update"))
    value = data["entry"][0]["changes"][0]["value"]
    del value["contacts"]
    update = {name: part for name, part in (value["user_id_update"][0] | parts).items() if part is not None}
    value["user_id_update"] = [update]
    (item,) = split(json.dumps(data).encode())
    if item.reason:
        return item.reason
    found = read_item(item.value)
    assert isinstance(found, IdentityChanged | NotUnderstood)
    assert isinstance(found, NotUnderstood) or found.user.key.encode() == item.key
    return found


def test_a_repeated_update_is_the_same_event_and_a_later_one_is_another() -> None:
    first, again, later = (updated(timestamp=at) for at in ("1795300100", "1795300100", "1795300200"))
    assert isinstance(first, IdentityChanged) and isinstance(again, IdentityChanged)
    assert isinstance(later, IdentityChanged)
    assert first.id == again.id != later.id


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"timestamp": None}, "a change of identity without a user or a timestamp"),
        ({"user_id": {"previous": "BR.7781"}}, "a change of identity that does not say to what"),
        ({"user_id": "BR.9920"}, "a change of identity that does not say to what"),
    ],
)
def test_what_does_not_say_enough_is_put_aside_by_the_router(parts: dict[str, Any], reason: str) -> None:
    found = updated(**parts)
    assert isinstance(found, NotUnderstood)
    assert found.reason == reason


def test_what_names_nobody_is_put_aside_by_the_webhook() -> None:
    assert updated(wa_id=None, user_id=None) == "a change of identity that shows no user"


def test_the_agent_is_told_once_of_each_notice() -> None:
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    change = changed("system_changed_number")
    assert told(story.then(change, now=NOW)) == [("sales-in", "system", "Ana changed from 1 to 2")]
    assert story.then(change, now=NOW) == ()
    assert told(story.then(wrote("still here", 3))) == [("sales-in", "text", "still here")]


def test_without_an_agent_the_notice_is_put_aside_and_shows_no_menu() -> None:
    (effect,) = Story().then(changed("system_changed_number"), now=NOW)
    assert isinstance(effect, Quarantine)
    assert effect.reason == "a change of identity of a user who is with no agent"
    assert effect.record["content"]["after"] == {"phone": NEW}


def test_the_notice_does_not_open_the_window() -> None:
    story = Story()
    story.then(changed("field_user_id_update"), now=NOW)
    assert story.state.window is not None
    assert story.state.window.last_seen == 0


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["field_user_id_update", "system_identity_changed", "text"]))
)
def test_in_any_order_a_user_with_a_visible_number_keeps_key_and_agent(order: tuple[str, ...]) -> None:
    story = Story()
    story.then(wrote("hi", 1))
    story.then(wrote("2", 2))
    heard = [told(story.then(event(name), now=NOW)) for name in order]
    assert [[topic for topic, _, _ in each] for each in heard] == [["sales-in"]] * 3
    assert {event(name).user.key for name in order} == {ANA_KEY}
