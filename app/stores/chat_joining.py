"""Two conversations become one, when an agent reads that two users are one person.

In: the record that says so, and a key the user had before. Out: all messages under the key that stays, in the order of
time. What was under the former key leads to the other one. May end anywhere and be begun again: no message is lost, and
in the end each is there once. Errors of the driver pass.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from heapq import merge
from itertools import accumulate
from typing import Any

from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from app.stores.chat_documents import Arrival, Document, conversation_id, new_conversation

LATE_SECONDS = 600.0
"""What happened so long after two users were joined, and names the former key, is about somebody new: until then it was
on its way, or of a clock that is ahead."""

TOGETHER = 200
"""Messages that are moved with one request."""

HERE = {"joined_to": None}
"""Of a conversation: it leads to no other one."""


LEADS_MAX = 8
"""Keys one may lead to, one after the other."""


def was_under_way(arrival: Arrival, joined: Document) -> bool:
    """Whether an arrival for a key that was joined is still about the user it was joined to."""
    return bool(arrival.at <= joined["joined_at"] + LATE_SECONDS)


def anew(arrival: Arrival, joined_to: str) -> Document:
    """The update that lets a key that was joined be a conversation of its own again; its counters go on."""
    empty = new_conversation(arrival)
    begun = {name: value for name, value in empty.items() if name not in ("counter", "incoming")}
    leads = dict.fromkeys(("joined_to", "joined_at", "taken"), "")
    return {"$set": {**begun, "parted_from": joined_to}, "$unset": leads}


async def join(conversations: Any, messages: Any, arrival: Arrival, former: str) -> bool:
    """Bring a former key's conversation to that of the arrival's user; False when there was nothing to do."""
    if former == arrival.user or await _parted(conversations, arrival, former):
        return False
    await _lead(conversations, arrival, former)
    return await bring(conversations, messages, arrival.agent, former)


async def bring(conversations: Any, messages: Any, agent: int, former: str) -> bool:
    """Bring the messages left under a key to the conversation it leads to; False when there was nothing to do."""
    joined = await conversations.find_one({"_id": conversation_id(agent, former)})
    if joined is None or joined.get("joined_to") is None:
        return False
    theirs = await _all(messages, {"agent": agent, "user": former})
    if joined["taken"] and not theirs:
        return False
    home = joined["joined_to"]
    if theirs:
        await _merge(conversations, messages, {"agent": agent, "user": home}, former, theirs)
    await _take_over(conversations, messages, agent, home, joined)
    return True


async def _parted(conversations: Any, arrival: Arrival, former: str) -> bool:
    """Whether an old key was joined before and is somebody else's now: a beginning tells all keys a user ever had."""
    if arrival.kind != "initial":
        return False
    known = await conversations.find_one({"_id": conversation_id(arrival.agent, former)})
    return known is not None and known.get("parted_from") == arrival.user


async def _lead(conversations: Any, arrival: Arrival, former: str) -> None:
    """Let a former key lead to the arrival's user; what comes for it from now on goes there."""
    stays, goes = ({"_id": conversation_id(arrival.agent, user)} for user in (arrival.user, former))
    lead = {"joined_to": arrival.user, "joined_at": arrival.at}
    # A former key with nothing under it leads as well: what the agent reads of it may still be on its way.
    for name, empty in (
        (stays, new_conversation(arrival)),
        (goes, {**new_conversation(replace(arrival, user=former)), **lead, "taken": True}),
    ):
        if await conversations.find_one(name) is None:
            with suppress(DuplicateKeyError):  # another worker made it in this moment
                await conversations.update_one(name, {"$setOnInsert": empty}, upsert=True)
    if (away := (await conversations.find_one(stays)).get("joined_to")) is not None:
        # Whoever stays leads nowhere: never round in a circle.
        await conversations.update_one(stays, anew(arrival, away))
    if (await conversations.find_one(goes)).get("joined_to") != arrival.user:
        await conversations.update_one(goes, {"$set": {**lead, "taken": False}, "$unset": {"parted_from": ""}})


async def _merge(conversations: Any, messages: Any, place: Document, former: str, theirs: list[Document]) -> None:
    """Give messages of both their places one after another; each conversation keeps its own order."""
    first = min(message["at"] for message in theirs)
    later = await messages.find({**place, "at": {"$gt": first}}).sort("seq", ASCENDING).limit(1).to_list(1)
    here = await _all(messages, {**place, "seq": {"$gte": later[0]["seq"]}}) if later else []
    # Of a try that was broken off: they stand before those that are left, whatever the times say.
    moved = [message for message in here if message.get("was") == former]
    ours = [message for message in here if message.get("was") != former]
    both = [message for _, _, message in merge(_timed(ours, 0), _timed([*moved, *theirs], 1), key=lambda one: one[:2])]
    counted = sum(message["number"] > 0 for message in both)
    conversation = await conversations.find_one_and_update(
        {"_id": conversation_id(place["agent"], place["user"])},
        {"$inc": {"counter": len(both), "incoming": counted}},
        return_document=ReturnDocument.AFTER,
    )
    seq, number = conversation["counter"] - len(both), conversation["incoming"] - counted
    places: dict[Any, Document] = {}
    for message in both:
        seq, number = seq + 1, number + (message["number"] > 0)
        known = number if message["number"] > 0 else 0
        places[message["_id"]] = {"user": place["user"], "seq": seq, "changed": seq, "number": known}
    for message in theirs:
        places[message["_id"]]["was"] = former
    # Wherever it breaks off, the order is right among those that are here: these move from the last one on. Theirs come
    # after: while one of them is left, a repeat puts everything in order again.
    moves = [UpdateOne({"_id": one["_id"]}, {"$set": places[one["_id"]]}) for one in (*reversed(here), *theirs)]
    for start in range(0, len(moves), TOGETHER):
        await messages.bulk_write(moves[start : start + TOGETHER], ordered=True)


def _timed(messages: Iterable[Document], side: int) -> Iterator[tuple[float, int, Document]]:
    """Messages with times that never go back, for each stays behind those before it."""
    messages = list(messages)
    times = accumulate((float(message["at"]) for message in messages), max)
    return ((at, side, message) for at, message in zip(times, messages, strict=True))


async def _take_over(conversations: Any, messages: Any, agent: int, home: str, joined: Document) -> None:
    name = {"_id": conversation_id(agent, home)}
    last = ("last_text", "last_type", "last_direction")
    await conversations.update_one(
        {**name, "last_at": {"$lt": joined["last_at"]}}, {"$set": {part: joined[part] for part in last}}
    )
    await conversations.update_one(
        name, {"$max": {"last_at": joined["last_at"], "window_ends": joined["window_ends"]}, "$inc": {"counter": 1}}
    )
    for _ in range(5):
        counter = (await conversations.find_one(name))["counter"]
        unread = await messages.count_documents({"agent": agent, "user": home, "isRead": False})
        # Only while nothing came in between; else look again.
        done = await conversations.update_one({**name, "counter": counter}, {"$set": {"unread": unread}})
        if done.matched_count:
            break
    await conversations.update_one({"_id": joined["_id"]}, {"$set": {"unread": 0, "taken": True}})


async def _all(messages: Any, query: Document) -> list[Document]:
    found: list[Document] = await messages.find(query).sort("seq", ASCENDING).to_list(None)
    return found
