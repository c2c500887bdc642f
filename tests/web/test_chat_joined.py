"""Two users turn out to be one while operators look: their page goes on with one conversation, and all is in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.chat_support import ANA, START, Chat, running_chat

FORMER = "pn:BR.7"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with running_chat(tmp_path) as chat:
        await chat.arrive(chat.wrote("under the number"), chat.wrote("under the id", user=FORMER, waID="BR.7"))
        await chat.log_in()
        yield chat


async def join(chat: Chat) -> None:
    """The broker says that both are Ana."""
    content = {"change": "user_joined", "before": {"user_id": "BR.7"}, "after": {"phone": "5511990000001"}}
    words = "Two users turned out to be one person."
    await chat.arrive(chat.wrote(words, "system", content=content, joined=[FORMER], user_wrote_at=START))


async def test_a_page_is_told_and_finds_one_conversation_by_either_key(chat: Chat) -> None:
    async with chat.page() as page:
        assert len((await page.ask("conversations", agent=1))["conversations"]) == 2
        await join(chat)
        push = await page.pushed(lambda push: push.get("push") == "joined")
        assert push == {"push": "joined", "agent": 1, "former": FORMER, "user": ANA}
        (row,) = (await page.ask("conversations", agent=1))["conversations"]
        assert (row["user"], row["unread"], row["window_ends"]) == (ANA, 2, START + 86_400)
        expected = ["under the number", "under the id", "Two users turned out to be one person."]
        for user in (ANA, FORMER):
            told = await page.ask("history", agent=1, user=user)
            assert [one["body"] for one in told["messages"]] == expected
            assert told["conversation"]["user"] == ANA
            assert told["messages"][-1]["direction"] == "system"
        caught = await page.ask("catch_up", agent=1, user=FORMER, after=1)
        assert (caught["conversation"]["user"], caught["reset"], len(caught["messages"])) == (ANA, True, 3)
        read = await page.ask("read", agent=1, user=FORMER, upto=told["messages"][-1]["seq"])
        assert (read["conversation"]["user"], read["conversation"]["unread"]) == (ANA, 0)


async def test_what_is_written_into_the_former_conversation_goes_to_the_user(chat: Chat) -> None:
    async with chat.page() as page:
        sent = await page.ask("send", agent=1, user=FORMER, ref="before", text="one moment")
        assert sent["conversation"]["user"] == FORMER
        await join(chat)
        again = await page.ask("send", agent=1, user=FORMER, ref="before", text="one moment")
        assert (again["message"]["id"], again["conversation"]["user"]) == (sent["message"]["id"], ANA)
        later = await page.ask("send", agent=1, user=FORMER, ref="after", text="there you are")
        assert later["message"]["user"] == later["conversation"]["user"] == ANA
        assert (await page.ask("close", agent=1, user=FORMER))["re"]
    assert [(record["user"], key) for _, record, key in chat.producer.records] == [
        (FORMER, FORMER.encode()),
        (ANA, ANA.encode()),
        (ANA, ANA.encode()),
    ]
