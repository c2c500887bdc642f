"""The demo agent's memory in MongoDB: conversations, their messages, and what could not be read.

In: arrivals, operators' messages, ticks. Out: views for pages, and what changed. Every write may be repeated without
a second effect. Only plain reads and writes are used. Must never hide that MongoDB is away: then it raises StoreAway.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DocumentTooLarge, DuplicateKeyError, PyMongoError

from app.stores import chat_documents as shapes
from app.stores import chat_joining as joining
from app.stores.chat_documents import Arrival, Document

ANSWER_SECONDS = 5.0
"""How long one request to MongoDB may take."""

OVERLAP = 20
"""Changes read again when a page catches up: two workers may finish writing in another order than they counted."""


class StoreAway(Exception):
    """MongoDB did not do it; the same call may work later."""


class StoreRefused(Exception):
    """MongoDB will never take this document; the text says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """A message that came or changed, with its conversation, as pages see them."""

    message: Document
    conversation: Document
    fresh: bool = True
    """False when it was there already."""


@asynccontextmanager
async def asking() -> AsyncIterator[None]:
    """Turns the driver's errors into ours; DuplicateKeyError passes, its callers expect it."""
    try:
        yield
    except DuplicateKeyError:
        raise
    except (DocumentTooLarge, BSONError, OverflowError) as error:
        raise StoreRefused(f"MongoDB cannot keep it: {error}") from error
    except PyMongoError as error:
        raise StoreAway(
            f"MongoDB did not answer as it should ({error}); check that it runs and BROKER_MONGO_URL"
        ) from error


class Conversations:
    """All conversations of all agents; ticks and sends are in `outgoing.OutgoingMessages`, on the same collections."""

    def __init__(self, url: SecretStr, database: str, window_seconds: int = 86_400) -> None:
        limit = int(ANSWER_SECONDS * 1000)
        self._client: Any = AsyncIOMotorClient(
            url.get_secret_value(),
            serverSelectionTimeoutMS=limit,
            connectTimeoutMS=limit,
            socketTimeoutMS=limit,
            tz_aware=True,
        )
        store = self._client[database]
        self.conversations = store["conversations"]
        self.messages = store["messages"]
        self.early = store["early"]
        self.unreadable = store["unreadable"]
        self._window_seconds = window_seconds
        self._indexed = False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def check(self) -> str | None:
        """What is wrong with MongoDB, for the health check; None when it answers."""
        try:
            async with asking():
                await self._client.admin.command("ping")
        except StoreAway as error:
            return str(error)
        return None

    async def ensure_indexes(self) -> None:
        """Make the indexes, once; raises StoreAway."""
        if self._indexed:
            return
        async with asking():
            await self.messages.create_index([("agent", ASCENDING), ("source", ASCENDING)], unique=True)
            in_order = [("agent", ASCENDING), ("user", ASCENDING)]
            await self.messages.create_index([*in_order, ("seq", DESCENDING)], unique=True)
            await self.messages.create_index([*in_order, ("changed", ASCENDING)])
            await self.messages.create_index([("agent", ASCENDING), ("message_id", ASCENDING)])
            await self.messages.create_index([("agent", ASCENDING), ("isRead", ASCENDING)])
            await self.conversations.create_index([("agent", ASCENDING), ("last_at", DESCENDING), ("user", DESCENDING)])
            await self.conversations.create_index([("agent", ASCENDING), ("unread", DESCENDING)])
            # Ticks of messages we never wrote (another program speaks for the same agent) go after a day.
            await self.early.create_index("created_at", expireAfterSeconds=86_400)
            await self.unreadable.create_index("source", unique=True)
        self._indexed = True

    # --- what arrives

    async def receive(self, arrival: Arrival, message_id: str, now: float) -> Change:
        """Store what arrived, once however often it is read; raises StoreAway or StoreRefused."""
        await self.ensure_indexes()
        stored = await self._stored(arrival.agent, arrival.source)
        if stored is not None:
            return stored
        async with asking():
            # The conversation first: after a crash between the two writes the record is read again and repeats both.
            arrival, conversation = await self._advance(arrival)
            message = shapes.arrival_message(arrival, conversation, message_id, now)
            try:
                await self.messages.insert_one(message)
            except DuplicateKeyError:
                await self._take_back(arrival)
                again = await self._stored(arrival.agent, arrival.source)
                if again is None:
                    raise StoreAway("MongoDB reported a message twice and does not show it") from None
                return again
            if await self.bring(arrival.agent, arrival.user):
                moved = await self.messages.find_one({"agent": arrival.agent, "source": arrival.source})
                return await self.change(moved or message)
        return Change(shapes.message_view(message), shapes.conversation_view(conversation))

    async def join(self, arrival: Arrival, former: str) -> bool:
        """Make the conversation of a key the user had before one with theirs; False when it is already.

        Raises StoreAway.
        """
        await self.ensure_indexes()
        async with asking():
            return await joining.join(self.conversations, self.messages, arrival, former)

    async def bring(self, agent: int, user: str) -> bool:
        """Bring along a message that was written while its conversation was joined to another."""
        return await joining.bring(self.conversations, self.messages, agent, user)

    async def _advance(self, arrival: Arrival) -> tuple[Arrival, Document]:
        """Let an arrival change its conversation, made where there is none; the arrival is then for that one's user."""
        named = arrival.user
        for _ in range(joining.LEADS_MAX):
            name = {"_id": shapes.conversation_id(arrival.agent, arrival.user)}
            update = shapes.arrival_update(arrival, self._window_seconds, moved=arrival.user != named)
            found = await self.conversations.find_one_and_update(
                {**name, **joining.HERE}, update, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                return arrival, found
            known = await self.conversations.find_one(name)
            if known is None:
                with suppress(DuplicateKeyError):  # another worker made it in this moment
                    made = {"$setOnInsert": shapes.new_conversation(arrival)}
                    await self.conversations.update_one(name, made, upsert=True)
            elif (home := known.get("joined_to")) is None:
                continue  # another worker made it so in this moment
            elif joining.was_under_way(arrival, known):
                arrival = replace(arrival, user=home)
            else:
                await self.conversations.update_one({**name, "joined_to": home}, joining.anew(arrival, home))
        raise StoreAway("MongoDB took a conversation and does not show it")

    async def _stored(self, agent: int, source: str) -> Change | None:
        async with asking():
            message = await self.messages.find_one({"agent": agent, "source": source})
        return None if message is None else await self.change(message, fresh=False)

    async def _take_back(self, arrival: Arrival) -> None:
        """Another worker stored the same record a moment ago: it must not count as unread twice."""
        if not arrival.counted:
            return
        name = {"_id": shapes.conversation_id(arrival.agent, arrival.user)}
        both = await self.conversations.update_one(
            {**name, "unread": {"$gt": 0}}, {"$inc": {"incoming": -1, "unread": -1}}
        )
        if not both.matched_count:
            await self.conversations.update_one(name, {"$inc": {"incoming": -1}})

    async def change(self, message: Document, *, fresh: bool = True) -> Change:
        """A message's document with its conversation, as pages see them; raises StoreAway."""
        conversation = await self.conversation(message["agent"], message["user"])
        return Change(shapes.message_view(message), conversation or {}, fresh)

    async def keep_unreadable(self, source: str, reason: str, raw: bytes, now: float) -> None:
        """Put aside what could not be understood, once; raises StoreAway."""
        await self.ensure_indexes()
        document = {"reason": reason, "raw": raw[:65_536], "bytes": len(raw), "at": now}
        async with asking():
            await self.unreadable.update_one({"source": source}, {"$setOnInsert": document}, upsert=True)

    # --- what pages ask for

    async def conversation(self, agent: int, user: str) -> Document | None:
        """The conversation with a user, by any key they had; raises StoreAway."""
        async with asking():
            for _ in range(joining.LEADS_MAX):
                found = await self.conversations.find_one({"_id": shapes.conversation_id(agent, user)})
                if found is None or found.get("joined_to") is None:
                    return shapes.conversation_view(found) if found else None
                user = found["joined_to"]
        return None

    async def listing(
        self, agent: int, search: str = "", before: tuple[float, str] | None = None, limit: int = 50
    ) -> list[Document]:
        """An agent's conversations, the newest first, after the (last_at, user) of `before`; raises StoreAway."""
        wanted: list[Document] = [{"agent": agent, **joining.HERE}]
        if search.strip():
            pattern = {"$regex": re.escape(search.strip()), "$options": "i"}
            wanted.append({"$or": [{"name": pattern}, {"waID": pattern}, {"phone": pattern}]})
        if before is not None:
            at, user = before
            wanted.append({"$or": [{"last_at": {"$lt": at}}, {"last_at": at, "user": {"$lt": user}}]})
        query = wanted[0] if len(wanted) == 1 else {"$and": wanted}
        async with asking():
            cursor = self.conversations.find(query).sort([("last_at", DESCENDING), ("user", DESCENDING)])
            found = await cursor.limit(limit).to_list(limit)
        return [shapes.conversation_view(document) for document in found]

    async def history(self, agent: int, user: str, before: int | None = None, limit: int = 50) -> list[Document]:
        """Messages of a conversation in their order: the newest, or the newest before a `seq`; raises StoreAway."""
        query: Document = {"agent": agent, "user": user}
        if before is not None:
            query["seq"] = {"$lt": before}
        async with asking():
            found = await self.messages.find(query).sort("seq", DESCENDING).limit(limit).to_list(limit)
        return [shapes.message_view(document) for document in reversed(found)]

    async def changes(self, agent: int, user: str, after: int, limit: int = 200) -> list[Document] | None:
        """Messages that came or changed after a change number; None when they are too many; raises StoreAway."""
        query = {"agent": agent, "user": user, "changed": {"$gt": after - OVERLAP}}
        async with asking():
            found = await self.messages.find(query).sort("seq", ASCENDING).limit(limit + 1).to_list(limit + 1)
        return None if len(found) > limit else [shapes.message_view(document) for document in found]

    async def unread(self, agent: int) -> int:
        """How many messages wait to be read at an agent; raises StoreAway."""
        async with asking():
            cursor = self.conversations.find({"agent": agent, "unread": {"$gt": 0}, **joining.HERE}, {"unread": 1})
            return sum([document["unread"] async for document in cursor])

    async def mark_read(self, agent: int, user: str, upto: int) -> Document | None:
        """Mark what a person has seen, up to a `seq`; the conversation as it is then; raises StoreAway."""
        name = {"_id": shapes.conversation_id(agent, user)}
        place = {"agent": agent, "user": user}
        async with asking():
            for _ in range(5):
                conversation = await self.conversations.find_one(name)
                if conversation is None:
                    return None
                newest = {**place, "number": {"$gt": 0}, "seq": {"$lte": upto}}
                seen = await self.messages.find(newest).sort("seq", DESCENDING).limit(1).to_list(1)
                unread = max(0, conversation["incoming"] - (seen[0]["number"] if seen else 0))
                if unread >= conversation["unread"]:
                    return shapes.conversation_view(conversation)
                # Only while nothing came in between; else look again.
                unchanged = {**name, "counter": conversation["counter"], "incoming": conversation["incoming"]}
                done = await self.conversations.update_one(unchanged, {"$set": {"unread": unread}})
                if done.matched_count:
                    await self.messages.update_many(
                        {**place, "isRead": False, "seq": {"$lte": upto}}, {"$set": {"isRead": True}}
                    )
                    return shapes.conversation_view({**conversation, "unread": unread})
        raise StoreAway("the conversation changes faster than it can be marked as read; try again")

    # --- the first generation's page

    async def unread_messages(self, agents: Iterable[int], limit: int = 500) -> list[Mapping[str, Any]]:
        """Unread messages of these agents, the oldest first, as documents; raises StoreAway."""
        query = {"agent": {"$in": list(agents)}, "isRead": False}
        async with asking():
            return list(await self.messages.find(query).sort("created_at", ASCENDING).limit(limit).to_list(limit))

    async def latest(self, agents: Iterable[int], address: str = "") -> Document | None:
        """The newest conversation of these agents, or the newest with a waID; raises StoreAway."""
        query: Document = {"agent": {"$in": list(agents)}, **joining.HERE}
        if address:
            query["waID"] = address
        async with asking():
            found = await self.conversations.find(query).sort("last_at", DESCENDING).limit(1).to_list(1)
        return shapes.conversation_view(found[0]) if found else None
