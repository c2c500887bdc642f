"""Operators' messages in the store: kept once per `ref`, ticked upward only, marked when they fail.

In: what an operator wrote, statuses and errors by `ref`. Out: what changed, for the pages; None where nothing did. A
tick may come before its message. Whoever has the message has it: no failure is shown once it was delivered.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.stores import chat_documents as shapes
from app.stores.chat_documents import ARRIVED, RANKS, Document, Failure
from app.stores.chat_joining import HERE
from app.stores.conversations import Change, Conversations, StoreAway, asking

TICKS = {rank: tick for tick, rank in RANKS.items()}
UNSURE = ("in_doubt", "waiting")
"""Verdicts that say nothing against a tick of `sent`."""


class OutgoingMessages:
    """The messages operators wrote, of all agents."""

    def __init__(self, conversations: Conversations) -> None:
        self._all = conversations
        self._messages = conversations.messages
        self._conversations = conversations.conversations
        self._early = conversations.early

    async def find(self, agent: int, ref: str) -> Document | None:
        """The document of a message; raises StoreAway."""
        async with asking():
            found: Document | None = await self._messages.find_one({"agent": agent, "source": f"ref:{ref}"})
        return found

    async def add(
        self, agent: int, user: str, ref: str, content: Mapping[str, Any], message_id: str, now: float
    ) -> Change | None:
        """Store what an operator wrote, once per ref (`fresh` tells); None without such a conversation.

        Raises StoreAway or StoreRefused.
        """
        await self._all.ensure_indexes()
        known = await self.find(agent, ref)
        if known is not None:
            return await self._all.change(known, fresh=False)
        said = {"last_text": content["text"], "last_type": content["kind"], "last_direction": "out"}
        async with asking():
            conversation = await self._conversations.find_one_and_update(
                {"_id": shapes.conversation_id(agent, user), **HERE},
                {"$inc": {"counter": 1}, "$set": said, "$max": {"last_at": now}},
                return_document=ReturnDocument.AFTER,
            )
            if conversation is None:
                return None
            message = shapes.outgoing_message(conversation, ref, message_id, content, now)
            try:
                await self._messages.insert_one(message)
            except DuplicateKeyError:
                known = await self.find(agent, ref)
                return None if known is None else await self._all.change(known, fresh=False)
            early = await self._early.find_one_and_delete({"_id": _early_id(agent, ref)})
            brought = await self._all.bring(agent, user)
        if early is not None:
            await self._replay(agent, ref, early)
        if early is not None or brought:
            message = await self.find(agent, ref) or message
        if brought:
            return await self._all.change(message)
        return Change(shapes.message_view(message), shapes.conversation_view(conversation))

    async def _replay(self, agent: int, ref: str, early: Document) -> None:
        if early.get("rank"):
            await self.tick(agent, ref, TICKS[early["rank"]], early.get("message_id", ""))
        if early.get("error"):
            await self.fail(agent, ref, Failure(**early["error"]), early["failed_by"])

    async def tick(self, agent: int, ref: str, tick: str, message_id: str = "", now: float = 0.0) -> Change | None:
        """Raise a message's tick; a lower or equal one changes nothing, an unknown message keeps it for later."""
        rank = RANKS[tick]
        changed: Document = {"rank": rank, "tick": tick}
        if message_id:
            changed["message_id"] = message_id
        message = await self.find(agent, ref)
        if message is None:
            kept = {"$set": {"message_id": message_id}} if message_id else {}
            message = await self._keep_early(agent, ref, {"$max": {"rank": rank}, **kept}, now)
        if message is None or message["rank"] >= rank:
            return None
        verdict = (message["error"] or {}).get("verdict")
        if rank >= ARRIVED or verdict == "waiting" or (rank >= RANKS["sent"] and verdict == "in_doubt"):
            changed["error"] = None
        return await self._change(message, {"rank": {"$lt": rank}}, changed)

    async def fail(self, agent: int, ref: str, failure: Failure, source: str = "", now: float = 0.0) -> Change | None:
        """Mark a message as failed, once per `source`; a message that arrived stays as it is."""
        changed = {"error": failure.to_dict(), "failed_by": source}
        message = await self.find(agent, ref)
        if message is None:
            message = await self._keep_early(agent, ref, {"$set": changed}, now)
        if message is None or (source and message.get("failed_by") == source):
            return None
        below = RANKS["sent"] if failure.verdict in UNSURE else ARRIVED
        return await self._change(message, {"rank": {"$lt": below}}, changed)

    async def claim(self, agent: int, ref: str, now: float, lost_before: float) -> Document | None:
        """Take a failed message, or one whose last try began before `lost_before`, for another try.

        Only one caller gets it; everybody else gets None. Raises StoreAway.
        """
        message = await self.find(agent, ref)
        if message is None:
            return None
        failed = message["error"] is not None and message["error"]["verdict"] != "waiting"
        lost = message["rank"] == 0 and message["attempt_at"] < lost_before
        if not (failed or lost):
            return None
        again = {"rank": 0, "tick": "", "error": None, "attempt_at": now}
        untouched = {"rank": message["rank"], "attempt_at": message["attempt_at"], "changed": message["changed"]}
        change = await self._change(message, untouched, again)
        return None if change is None else await self.find(agent, ref)

    async def ref_of(self, agent: int, message_id: str) -> str | None:
        """The ref of the message Meta knows by this id; raises StoreAway."""
        async with asking():
            found = await self._messages.find_one({"agent": agent, "message_id": message_id, "direction": "out"})
        return found["ref"] if found else None

    async def _keep_early(self, agent: int, ref: str, update: Document, now: float) -> Document | None:
        """Keep a report for a message that is not there; the message, if it came in this very moment."""
        first = {"created_at": datetime.fromtimestamp(now, UTC)}
        async with asking():
            await self._early.update_one({"_id": _early_id(agent, ref)}, {**update, "$setOnInsert": first}, upsert=True)
        return await self.find(agent, ref)

    async def _change(self, message: Document, guard: Document, changed: Document) -> Change | None:
        conversation = await self._counted(message)
        if conversation is None:
            # Its conversation was joined to another in this moment, and it has gone along.
            message = await self.find(message["agent"], message["source"].removeprefix("ref:")) or message
            conversation = await self._counted(message)
        if conversation is None:
            raise StoreAway("a conversation was just joined to another; try again")
        async with asking():
            after = await self._messages.find_one_and_update(
                {"agent": message["agent"], "source": message["source"], **guard},
                {"$set": {**changed, "changed": conversation["counter"]}},
                return_document=ReturnDocument.AFTER,
            )
        if after is None:
            return None
        return Change(shapes.message_view(after), shapes.conversation_view(conversation))

    async def _counted(self, message: Document) -> Document | None:
        name = {"_id": shapes.conversation_id(message["agent"], message["user"]), **HERE}
        async with asking():
            found: Document | None = await self._conversations.find_one_and_update(
                name, {"$inc": {"counter": 1}}, return_document=ReturnDocument.AFTER
            )
        return found


def _early_id(agent: int, ref: str) -> str:
    return f"{agent}|{ref}"
