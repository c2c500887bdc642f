"""Takes a webhook apart: every message, status and change of identity becomes one item, keyed by its user.

In: the raw body, already trusted. Out: items, each a webhook of its own with the one thing in it; what concerns the
account; and what cannot be understood, with the reason. Nothing is dropped but Meta's addresses of media, and one
user's item never shows another user.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.core.identity import User
from app.whatsapp.mark import read_mark
from app.whatsapp.media_urls import strip_media_urls, without_media_urls
from app.whatsapp.people import is_business, message_user, phone_number_id, status_user, update_user

OBJECT = "whatsapp_business_account"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a webhook: into the quarantine when `reason` is set, else to the router or the topic `account`."""

    kind: Literal["message", "status", "identity", "account", "other"]
    value: bytes
    """A webhook with this one thing in it."""
    key: bytes | None = None
    """The user's key; of an account's item the business number, or the account."""
    reason: str | None = None
    id: str = ""
    """Meta's id of a message or of the message a status is about; of an account's item the name of its field."""


def split(body: bytes) -> list[Item]:
    """The items of a webhook body, in its order; a body that cannot be read is one item."""
    try:
        webhook = _read(body)
    except (ValueError, RecursionError) as error:
        return [Item("other", without_media_urls(body), reason=f"the body is not JSON: {error}")]
    if not isinstance(webhook, dict) or webhook.get("object") != OBJECT:
        return [Item("other", without_media_urls(body), reason=f"the body is not a webhook with object {OBJECT!r}")]
    strip_media_urls(webhook)
    items: list[Item] = []
    for entry, change, problem in _changes(webhook):
        if problem:
            items.append(Item("other", _dump(_wrap(entry, change)), reason=problem))
        else:
            items.extend(_of_change(entry, change))
    written = [item for item in items if item.value]
    if len(written) < len(items):
        written.append(
            Item("other", without_media_urls(body), reason="a part of the body is nested too deep to be written alone")
        )
    return written


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
    field, value = change.get("field"), change["value"]
    if field == "messages":
        yield from _of_lists(entry, change, {"messages": _message, "statuses": _status})
        if value.get("errors"):
            errors = {name: value[name] for name in value if name not in ("messages", "statuses", "contacts")}
            yield _account(entry, {**change, "value": errors})
        elif not any(value.get(name) for name in ("messages", "statuses")):
            yield Item("other", _dump(_wrap(entry, change)), reason="neither messages nor statuses")
    elif field == "user_id_update":
        yield from _of_lists(entry, change, {"user_id_update": _update})
        if not value.get("user_id_update"):
            yield Item("other", _dump(_wrap(entry, change)), reason="no list `user_id_update`")
    elif isinstance(field, str) and field:
        yield _account(entry, change)
    else:
        yield Item("other", _dump(_wrap(entry, change)), reason="a change without a `field`")


def _of_lists(entry: dict[str, Any], change: dict[str, Any], makers: dict[str, Callable[..., Item]]) -> Iterator[Item]:
    value = change["value"]
    for name, make in makers.items():
        content = value.get(name)
        if isinstance(content, list):
            for one in content:
                yield make(entry, change, one)
        elif content:
            alone = {**change, "value": {**_shared(value), name: content}}
            yield Item("other", _dump(_wrap(entry, alone)), reason=f"`{name}` is not a list")


def _account(entry: dict[str, Any], change: dict[str, Any]) -> Item:
    """What concerns the business and no single user: for operations, not for an agent."""
    number, account = phone_number_id(change["value"]), entry.get("id")
    key = number or (account if isinstance(account, str) else "")
    return Item("account", _dump(_wrap(entry, change)), key=key.encode() or None, id=change["field"])


def _shared(value: dict[str, Any]) -> dict[str, Any]:
    """What every item of a change has in common; contacts are left out, for they show other users."""
    return {name: content for name, content in value.items() if name not in ("messages", "statuses", "contacts")}


def _message(entry: dict[str, Any], change: dict[str, Any], message: Any) -> Item:
    value = change["value"]
    shared = _shared(value)
    if not isinstance(message, dict):
        wrapped = _wrap(entry, {**change, "value": {**shared, "messages": [message]}})
        return Item("other", _dump(wrapped), reason="a message is not an object")
    user, contacts = message_user(value, message)
    alone = {**shared, **({"contacts": contacts} if contacts else {}), "messages": [message]}
    return _item("message", entry, {**change, "value": alone}, user, message)


def _status(entry: dict[str, Any], change: dict[str, Any], status: Any) -> Item:
    value = change["value"]
    shared = _shared(value)
    wrapped = {**change, "value": {**shared, "statuses": [status]}}
    if not isinstance(status, dict):
        return Item("other", _dump(_wrap(entry, wrapped)), reason="a status is not an object")
    user = status_user(value, status)
    mark = read_mark(status.get("biz_opaque_callback_data"))
    return _item("status", entry, wrapped, user, status, key=mark.key if mark else None)


def _update(entry: dict[str, Any], change: dict[str, Any], update: Any) -> Item:
    value = change["value"]
    shared = {name: content for name, content in _shared(value).items() if name != "user_id_update"}
    if not isinstance(update, dict):
        wrapped = {**change, "value": {**shared, "user_id_update": [update]}}
        return Item("other", _dump(_wrap(entry, wrapped)), reason="a change of identity is not an object")
    user, contacts = update_user(value, update)
    alone = {**shared, **({"contacts": contacts} if contacts else {}), "user_id_update": [update]}
    raw = _dump(_wrap(entry, {**change, "value": alone}))
    if user is None:
        return Item("identity", raw, reason="a change of identity that shows no user")
    return Item("identity", raw, key=user.key.encode())


def _item(
    kind: Literal["message", "status"],
    entry: dict[str, Any],
    change: dict[str, Any],
    user: User | None,
    one: dict[str, Any],
    key: str | None = None,
) -> Item:
    value = _dump(_wrap(entry, change))
    key = key or (user.key if user else None)
    identity = one.get("id")
    if not isinstance(identity, str) or not identity:
        return Item(kind, value, reason=f"a {kind} without an id")
    if key is None:
        return Item(kind, value, reason=f"a {kind} that shows no user", id=identity)
    if one.get("group_id") or one.get("recipient_type") == "group":
        return Item(kind, value, key=key.encode(), reason=f"a {kind} of a group: groups are not routed", id=identity)
    if kind == "message" and user and is_business(change["value"], user):
        return Item(kind, value, key=key.encode(), reason="a message of the business number itself", id=identity)
    return Item(kind, value, key=key.encode(), id=identity)


def _dump(webhook: dict[str, Any]) -> bytes:
    """The webhook's bytes; none when it is nested too deep: orjson reads four times the depth it writes."""
    try:
        return orjson.dumps(webhook)
    except orjson.JSONEncodeError:
        return b""


def _wrap(entry: Any, change: Any) -> dict[str, Any]:
    outer = {name: entry[name] for name in ("id", "time") if isinstance(entry, dict) and name in entry}
    return {"object": OBJECT, "entry": [{**outer, "changes": [change]}]}
