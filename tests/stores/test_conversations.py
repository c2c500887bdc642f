"""The demo agent's memory on a server of MongoDB's protocol: nothing twice, ticks upward, unread counted right."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.embedded.mongo import Mongo
from app.embedded.ports import free_port
from app.stores.chat_documents import Arrival, Document, Failure
from app.stores.conversations import Conversations, StoreAway
from app.stores.outgoing import OutgoingMessages

NOW = 1_800_000_000.0
ANA = "pn:5511"
TEXT = {"kind": "text", "text": "yo"}


@pytest.fixture
async def mongo(tmp_path: Path) -> AsyncIterator[Mongo]:
    async with Mongo(free_port(), tmp_path / "mongo") as mongo:
        yield mongo


@pytest.fixture
async def store(mongo: Mongo) -> AsyncIterator[Conversations]:
    conversations = Conversations(SecretStr(mongo.url), "chat")
    yield conversations
    conversations.close()


def arrival(
    source: str, kind: str = "text", at: float = NOW, user: str = ANA, name: str = "Ana", **more: object
) -> Arrival:
    known = {"agent": 1, "user": user, "address": user.split(":")[1], "text": source, "name": name}
    return Arrival(source=source, kind=kind, at=at, **{**known, **more})  # type: ignore[arg-type]


async def receive(store: Conversations, *arrivals: Arrival) -> None:
    for one in arrivals:
        await store.receive(one, f"id-{one.source}", NOW)


async def ana(store: Conversations) -> Document:
    found = await store.conversation(1, ANA)
    assert found is not None
    return found


async def message(outgoing: OutgoingMessages, ref: str = "r") -> Document:
    found = await outgoing.find(1, ref)
    assert found is not None
    return found


async def test_a_record_read_again_changes_nothing(store: Conversations) -> None:
    first = await store.receive(arrival("a"), "id-1", NOW)
    again = await store.receive(arrival("a"), "id-2", NOW + 5)
    assert (first.fresh, again.fresh, again.message["id"]) == (True, False, "id-1")
    assert (await ana(store))["unread"] == 1
    assert [one["id"] for one in await store.history(1, ANA)] == ["id-1"]


async def test_the_conversation_follows_its_messages(store: Conversations) -> None:
    await receive(store, arrival("hi", "initial", at=NOW), arrival("hello", at=NOW + 10))
    opened = await ana(store)
    assert (opened["state"], opened["last_text"], opened["unread"]) == ("open", "hello", 2)
    assert opened["window_ends"] == NOW + 10 + 86_400
    await receive(store, arrival("bye", "closed", at=NOW + 20, reason="exit"))
    closed = await ana(store)
    assert (closed["state"], closed["closed_reason"], closed["unread"]) == ("closed", "exit", 2)
    assert closed["window_ends"] == opened["window_ends"]
    await receive(store, arrival("again", "initial", at=NOW + 30, name=""))
    assert ((await ana(store))["state"], (await ana(store))["name"]) == ("open", "Ana")


async def test_an_older_message_does_not_shorten_the_window(store: Conversations) -> None:
    await receive(store, arrival("b", at=NOW), arrival("a", at=NOW - 500))
    assert ((await ana(store))["window_ends"], (await ana(store))["last_at"]) == (NOW + 86_400, NOW)


async def test_messages_keep_the_first_generations_fields(store: Conversations) -> None:
    await receive(store, arrival("a"))
    document = await store.messages.find_one({"id": "id-a"})
    assert document is not None
    assert document.keys() >= {"created_at", "id", "waID", "type", "body", "isRead"}
    assert (document["waID"], document["type"], document["body"], document["isRead"]) == ("5511", "text", "a", False)


async def test_reading_counts_down_to_what_was_seen(store: Conversations) -> None:
    await receive(store, *(arrival(letter) for letter in "abc"))
    half = await store.mark_read(1, ANA, 2)
    assert half is not None
    assert half["unread"] == 1
    assert [one["isRead"] for one in await store.history(1, ANA)] == [True, True, False]
    assert await store.unread(1) == 1
    less = await store.mark_read(1, ANA, 1)
    assert less is not None
    assert less["unread"] == 1
    await store.mark_read(1, ANA, 99)
    assert await store.unread(1) == 0
    assert await store.mark_read(1, "pn:nobody", 1) is None


async def test_the_list_is_newest_first_in_pages_without_gaps(store: Conversations) -> None:
    users = [f"pn:{number}" for number in range(7)]
    for number, user in enumerate(users):
        await receive(store, arrival(user, user=user, at=NOW + number // 2))
    seen: list[str] = []
    before = None
    while page := await store.listing(1, before=before, limit=3):
        seen += [row["user"] for row in page]
        before = (page[-1]["last_at"], page[-1]["user"])
    assert seen == sorted(users, reverse=True)
    assert await store.listing(2) == []


async def test_the_search_takes_words_as_they_are(store: Conversations) -> None:
    await receive(store, arrival("a", user="pn:551", name="Ana (VIP)"), arrival("b", user="pn:552", name="Bo"))
    found = {words: [row["name"] for row in await store.listing(1, words)] for words in ("ana (v", "552", ".*", " BO ")}
    assert found == {"ana (v": ["Ana (VIP)"], "552": ["Bo"], ".*": [], " BO ": ["Bo"]}


async def test_history_pages_back_and_changes_page_forward(store: Conversations) -> None:
    await receive(store, *(arrival(f"{number:02}") for number in range(60)))
    newest = await store.history(1, ANA, limit=50)
    older = await store.history(1, ANA, before=newest[0]["seq"], limit=50)
    assert [one["body"] for one in older + newest] == [f"{number:02}" for number in range(60)]
    missed = await store.changes(1, ANA, after=58)
    assert missed is not None
    assert [one["body"] for one in missed][-2:] == ["58", "59"]
    assert await store.changes(1, ANA, after=0, limit=10) is None


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
async def test_ticks_only_climb_in_any_order(store: Conversations, order: tuple[str, ...]) -> None:
    await receive(store, arrival("a"))
    outgoing = OutgoingMessages(store)
    await outgoing.add(1, ANA, "r", TEXT, "id", NOW)
    for tick in order:
        await outgoing.tick(1, "r", tick, "wamid")
    assert ((await message(outgoing))["tick"], (await message(outgoing))["message_id"]) == ("read", "wamid")


@pytest.mark.parametrize("early", [True, False])
async def test_reports_may_come_before_the_message(store: Conversations, early: bool) -> None:
    await receive(store, arrival("a"))
    outgoing = OutgoingMessages(store)
    if not early:
        await outgoing.add(1, ANA, "r", TEXT, "id", NOW)
    await outgoing.tick(1, "r", "sent", "wamid", NOW)
    await outgoing.fail(1, "r", Failure("blocked", "131026"), "e1", NOW)
    if early:
        await outgoing.add(1, ANA, "r", TEXT, "id", NOW)
    stored = await message(outgoing)
    assert (stored["tick"], stored["error"]["reason"]) == ("sent", "blocked")
    assert await store.early.count_documents({}) == 0


async def test_a_message_that_arrived_has_not_failed(store: Conversations) -> None:
    await receive(store, arrival("a"))
    outgoing = OutgoingMessages(store)
    for ref, steps in {"first": ("fail", "tick"), "last": ("tick", "fail")}.items():
        await outgoing.add(1, ANA, ref, TEXT, "id", NOW)
        for step in steps:
            if step == "fail":
                await outgoing.fail(1, ref, Failure("?", "0", "in_doubt"), "e")
            else:
                await outgoing.tick(1, ref, "delivered")
        assert (await message(outgoing, ref))["error"] is None


async def test_a_ref_is_stored_once_and_claimed_once(store: Conversations) -> None:
    await receive(store, arrival("a"))
    outgoing = OutgoingMessages(store)
    first = await outgoing.add(1, ANA, "r", TEXT, "id-1", NOW)
    again = await outgoing.add(1, ANA, "r", TEXT, "id-2", NOW)
    assert first is not None
    assert again is not None
    assert (first.fresh, again.fresh, again.message["id"]) == (True, False, "id-1")
    assert await outgoing.claim(1, "r", NOW + 1, NOW - 60) is None
    await outgoing.fail(1, "r", Failure("no", "1"), "e1")
    assert await outgoing.claim(1, "r", NOW + 2, NOW - 60) is not None
    assert await outgoing.claim(1, "r", NOW + 3, NOW - 60) is None
    assert await outgoing.fail(1, "r", Failure("no", "1"), "e1") is None, "the first try's error, read again"
    assert await outgoing.claim(1, "r", NOW + 99, NOW + 39) is not None, "a try that nobody finished"


async def test_an_operator_cannot_open_a_conversation(store: Conversations) -> None:
    assert await OutgoingMessages(store).add(1, ANA, "r", TEXT, "id", NOW) is None


async def test_what_nobody_can_read_is_kept_once(store: Conversations) -> None:
    for _ in range(2):
        await store.keep_unreadable("t/0/1@2", "not JSON", b"\xff", NOW)
    kept = await store.unreadable.find({}).to_list(5)
    assert [(one["source"], one["reason"], bytes(one["raw"])) for one in kept] == [("t/0/1@2", "not JSON", b"\xff")]


async def test_a_store_that_is_away_says_so_and_comes_back(store: Conversations, mongo: Mongo) -> None:
    await receive(store, arrival("a"))
    await mongo.stop()
    with pytest.raises(StoreAway, match="BROKER_MONGO_URL"):
        await receive(store, arrival("b"))
    assert "MongoDB" in (await store.check() or "")
    await mongo.start()
    await receive(store, arrival("b"))
    assert (await store.check(), (await ana(store))["unread"]) == (None, 2)
