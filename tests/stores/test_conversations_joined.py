"""Two users turn out to be one: operators see one conversation, whole and in order, wherever the joining broke off."""

import pytest
from pymongo.errors import AutoReconnect

from app.stores import chat_joining
from app.stores.chat_documents import Arrival
from app.stores.conversations import Conversations, StoreAway
from app.stores.outgoing import OutgoingMessages
from tests.stores.test_conversations import ANA, NOW, TEXT, arrival, mongo, receive, store

__all__ = ["mongo", "store"]

FORMER = "pn:BR.7"


def joined(at: float = NOW + 100, kind: str = "system") -> Arrival:
    """The record that says that both are Ana."""
    return arrival("one", kind, at=at, joined=(FORMER,), wrote_at=NOW + 60)


async def take(store: Conversations, *arrivals: Arrival) -> bool:
    """Take records as the inbox does; whether a conversation was joined."""
    found = False
    for one in arrivals:
        for former in one.joined:
            found = await store.join(one, former) or found
        await store.receive(one, f"id-{one.source}", NOW)
    return found


async def fill(store: Conversations) -> None:
    """Ana wrote under two names, by turns; under the former one she was answered."""
    await receive(store, arrival("a", at=NOW), arrival("e", at=NOW + 40))
    await receive(store, *(arrival(name, at=NOW + n, user=FORMER) for name, n in (("b", 10), ("c", 20))))
    await OutgoingMessages(store).add(1, FORMER, "r", TEXT | {"text": "d"}, "id-d", NOW + 30)
    await receive(store, arrival("f", at=NOW + 60, user=FORMER))


async def words(store: Conversations, user: str = ANA) -> str:
    """What stands in a conversation."""
    return "".join(one["body"][0] for one in await store.history(1, user))


async def check_whole(store: Conversations) -> None:
    """One conversation, with everything in it."""
    assert await words(store) == "abcdefo"
    assert await words(store, FORMER) == ""
    history = await store.history(1, ANA)
    assert {one["user"] for one in history} == {ANA}
    assert [one["seq"] for one in history] == sorted({one["seq"] for one in history})
    (row,) = await store.listing(1)
    assert (row["user"], row["unread"], row["last_at"], row["state"]) == (ANA, 5, NOW + 100, "open")
    assert row["window_ends"] == NOW + 60 + 86_400, "counted from when the user wrote, not from when it was known"
    assert await store.unread(1) == 5
    assert (await store.conversation(1, FORMER)) == (await store.conversation(1, ANA))


async def test_both_histories_become_one_in_the_order_of_time(store: Conversations) -> None:
    await fill(store)
    assert await take(store, joined())
    await check_whole(store)
    read = await store.mark_read(1, ANA, (await store.history(1, ANA))[-1]["seq"])
    assert read is not None and read["unread"] == 0


async def test_it_is_done_once_however_often_the_record_is_read(store: Conversations) -> None:
    await fill(store)
    assert await take(store, joined())
    before = await store.history(1, ANA)
    assert not await take(store, joined(), joined())
    assert await store.history(1, ANA) == before
    await check_whole(store)


def break_off(store: Conversations, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the store be cut off after so many writes, and move one message with each."""
    monkeypatch.setattr(chat_joining, "TOGETHER", 1)
    left = [after]

    class Breaking:
        """A collection that is cut off after so many writes."""

        def __init__(self, real: object) -> None:
            self._real = real

        def __getattr__(self, name: str) -> object:
            if name in ("update_one", "bulk_write", "find_one_and_update"):
                if not left[0]:
                    raise AutoReconnect("cut off")
                left[0] -= 1
            return getattr(self._real, name)

    monkeypatch.setattr(store, "conversations", Breaking(store.conversations))
    monkeypatch.setattr(store, "messages", Breaking(store.messages))


@pytest.mark.parametrize("after", range(12))
async def test_a_joining_that_was_broken_off_is_brought_to_its_end(
    store: Conversations, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    await fill(store)
    real = store.conversations, store.messages
    break_off(store, monkeypatch, after)
    with pytest.raises(StoreAway):
        await take(store, joined())
    store.conversations, store.messages = real
    await take(store, joined())
    await check_whole(store)


async def test_however_often_it_is_broken_off_no_message_changes_its_place(
    store: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store.conversations, store.messages
    # Both wrote by turns. What an operator answered may be said to be later, by another clock, than what came next.
    for n, name in enumerate("abcdefghij"):
        at = NOW + 10 * n + (25 if name in "cd" else 0)
        await receive(store, arrival(name, at=at, user=(ANA, FORMER)[n % 2]))
    for after in (5, 2, 3, 2, 1, 3, 2, 2, 4, 2):
        break_off(store, monkeypatch, after)
        with pytest.raises(StoreAway):
            await take(store, joined())
        store.conversations, store.messages = real
    await take(store, joined())
    whole = await words(store)
    assert sorted(whole) == sorted("abcdefghijo")
    assert "".join(one for one in whole if one in "acegi") == "acegi"
    assert "".join(one for one in whole if one in "bdfhj") == "bdfhj"
    assert whole.index("a") < whole.index("b") < whole.index("e") < whole.index("j") < whole.index("o")


async def test_what_was_under_way_to_the_former_conversation_comes_to_the_other(store: Conversations) -> None:
    await receive(store, arrival("a", at=NOW))
    await take(store, joined())
    await receive(store, arrival("b", at=NOW + 101, user=FORMER))
    await receive(store, arrival("c", "closed", at=NOW + 2, user=FORMER, reason="exit", name="Nobody"))
    assert await words(store) == "aobc"
    (row,) = await store.listing(1)
    assert (row["state"], row["name"], row["last_text"]) == ("open", "Ana", "one"), "it says nothing of how things are"
    assert [row["user"] for row in await store.listing(1)] == [ANA]
    outgoing = OutgoingMessages(store)
    change = await outgoing.add(1, ANA, "r", TEXT, "id-r", NOW + 102)
    assert change is not None and change.conversation["user"] == ANA


async def test_statuses_find_a_message_that_has_moved(store: Conversations) -> None:
    await fill(store)
    await take(store, joined())
    change = await OutgoingMessages(store).tick(1, "r", "read", "wamid", NOW)
    assert change is not None
    assert (change.message["user"], change.message["tick"], change.conversation["user"]) == (ANA, "read", ANA)


async def test_a_former_key_that_somebody_new_has_is_a_conversation_of_its_own(store: Conversations) -> None:
    await fill(store)
    await take(store, joined())
    late = NOW + 100 + chat_joining.LATE_SECONDS + 1
    await receive(store, arrival("x", "initial", at=late, user=FORMER, name="Zoe"))
    assert (await words(store), await words(store, FORMER)) == ("abcdefo", "x")
    assert {(row["user"], row["name"], row["unread"]) for row in await store.listing(1)} == {
        (FORMER, "Zoe", 1),
        (ANA, "Ana", 5),
    }


async def test_somebody_new_is_not_joined_by_what_was_known_before(store: Conversations) -> None:
    await fill(store)
    await take(store, joined())
    late = NOW + 100 + chat_joining.LATE_SECONDS + 1
    await receive(store, arrival("x", "initial", at=late, user=FORMER, name="Zoe"))
    # Each beginning names all keys Ana ever had.
    assert not await take(store, arrival("y", "initial", at=late + 10, joined=(FORMER,)))
    assert (await words(store), await words(store, FORMER)) == ("abcdefoy", "x")
    assert await take(store, arrival("z", "system", at=late + 20, joined=(FORMER,)))
    assert await words(store) == "abcdefoxyz", "they turned out to be one once more"


async def test_the_next_beginning_joins_what_an_agent_had_before(store: Conversations) -> None:
    await receive(store, arrival("a", at=NOW, user=FORMER), arrival("b", "closed", at=NOW + 1, user=FORMER))
    assert await take(store, joined(NOW + 50, "initial"))
    assert await words(store) == "abo"
    assert [(row["user"], row["state"]) for row in await store.listing(1)] == [(ANA, "open")]


async def test_a_message_written_into_a_conversation_that_is_just_joined_goes_along(store: Conversations) -> None:
    await fill(store)
    await take(store, joined())
    left = await store.messages.find_one({"agent": 1, "source": "f"})
    assert left is not None
    await store.messages.update_one({"_id": left["_id"]}, {"$set": {"user": FORMER}})
    assert await store.bring(1, FORMER)
    assert await words(store) == "abcdefo"


async def test_who_stays_never_leads_away(store: Conversations) -> None:
    await receive(store, arrival("a", at=NOW), arrival("b", at=NOW + 1, user=FORMER))
    await take(store, joined())
    back = arrival("two", "initial", at=NOW + 200, user=FORMER, joined=(ANA,))
    assert await take(store, back)
    assert (await words(store), await words(store, FORMER)) == ("", "abot")
    assert [row["user"] for row in await store.listing(1)] == [FORMER]
