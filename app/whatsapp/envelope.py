"""Takes a webhook apart: every entry, change, message and status becomes one item, keyed by its user.

In: the raw body, already trusted. Out: items, each a webhook of its own with the one message or status in it, and what
cannot be understood with the reason. Nothing is dropped, and one user's item never shows another user.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.core.identity import User
from app.whatsapp.mark import read_mark
from app.whatsapp.people import message_user, status_user

OBJECT = "whatsapp_business_account"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a webhook: to the router (`key` set), or into the quarantine (`reason` set)."""

    kind: Literal["message", "status", "other"]
    value: bytes
    key: bytes | None = None
    reason: str | None = None
    id: str = ""


def split(body: bytes) -> list[Item]:
    """The items of a webhook body, in its order."""
    try:
        return _split(body)
    except orjson.JSONEncodeError as error:
        # What can be read cannot always be written: orjson reads four times the depth it writes.
        return [Item("other", body, reason=f"the body cannot be split: {error}")]


def _split(body: bytes) -> list[Item]:
    try:
        webhook = _read(body)
    except (ValueError, RecursionError) as error:
        return [Item("other", body, reason=f"the body is not JSON: {error}")]
    if not isinstance(webhook, dict) or webhook.get("object") != OBJECT:
        return [Item("other", body, reason=f"the body is not a webhook with object {OBJECT!r}")]
    items: list[Item] = []
    for entry, change, problem in _changes(webhook):
        if problem:
            items.append(Item("other", orjson.dumps(_wrap(entry, change)), reason=problem))
        else:
            items.extend(_of_change(entry, change))
    return items


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Half an emoji (a lone surrogate) is no text for orjson; one user's must not cost the others of a batch.
        if b"\\ud" not in body.lower():
            raise
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _changes(webhook: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any, str | None]]:
    entries = webhook.get("entry")
    if not isinstance(entries, list):
        yield {}, webhook, "the webhook has no list `entry`"
        return
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            yield {}, entry, "an entry has no list `changes`"
            continue
        for change in changes:
            good = isinstance(change, dict) and isinstance(change.get("value"), dict)
            yield entry, change, None if good else "a change has no object `value`"


def _of_change(entry: dict[str, Any], change: dict[str, Any]) -> Iterator[Item]:
    value = change["value"]
    field = change.get("field")
    if field != "messages":
        yield Item("other", orjson.dumps(_wrap(entry, change)), reason=f"field {field!r} is not routed")
        return
    found = False
    for name, kind in (("messages", _message), ("statuses", _status)):
        content = value.get(name)
        if content is None or content == []:
            continue
        found = True
        if not isinstance(content, list):
            alone = {**change, "value": {**_shared(value), name: content}}
            yield Item("other", orjson.dumps(_wrap(entry, alone)), reason=f"`{name}` is not a list")
            continue
        for one in content:
            yield kind(entry, change, one)
    if not found:
        yield Item("other", orjson.dumps(_wrap(entry, change)), reason="neither messages nor statuses")


def _shared(value: dict[str, Any]) -> dict[str, Any]:
    """What every item of a change has in common; contacts are left out, for they show other users."""
    return {name: content for name, content in value.items() if name not in ("messages", "statuses", "contacts")}


def _message(entry: dict[str, Any], change: dict[str, Any], message: Any) -> Item:
    value = change["value"]
    shared = _shared(value)
    if not isinstance(message, dict):
        wrapped = _wrap(entry, {**change, "value": {**shared, "messages": [message]}})
        return Item("other", orjson.dumps(wrapped), reason="a message is not an object")
    user, contacts = message_user(value, message)
    alone = {**shared, **({"contacts": contacts} if contacts else {}), "messages": [message]}
    return _item("message", entry, {**change, "value": alone}, user, message)


def _status(entry: dict[str, Any], change: dict[str, Any], status: Any) -> Item:
    value = change["value"]
    shared = _shared(value)
    wrapped = {**change, "value": {**shared, "statuses": [status]}}
    if not isinstance(status, dict):
        return Item("other", orjson.dumps(_wrap(entry, wrapped)), reason="a status is not an object")
    user = status_user(value, status)
    mark = read_mark(status.get("biz_opaque_callback_data"))
    return _item("status", entry, wrapped, user, status, key=mark.key if mark else None)


def _item(
    kind: Literal["message", "status"],
    entry: dict[str, Any],
    change: dict[str, Any],
    user: User | None,
    one: dict[str, Any],
    key: str | None = None,
) -> Item:
    value = orjson.dumps(_wrap(entry, change))
    key = key or (user.key if user else None)
    identity = one.get("id")
    if not isinstance(identity, str) or not identity:
        return Item(kind, value, reason=f"a {kind} without an id")
    if key is None:
        return Item(kind, value, reason=f"a {kind} that shows no user", id=identity)
    if one.get("group_id") or one.get("recipient_type") == "group":
        return Item(kind, value, key=key.encode(), reason=f"a {kind} of a group: groups are not routed", id=identity)
    return Item(kind, value, key=key.encode(), id=identity)


def _wrap(entry: Any, change: Any) -> dict[str, Any]:
    outer = {name: entry[name] for name in ("id", "time") if isinstance(entry, dict) and name in entry}
    return {"object": OBJECT, "entry": [{**outer, "changes": [change]}]}
