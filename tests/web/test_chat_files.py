"""An operator's file: refused with words before it is brought, brought by who is logged in, sent as a message."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from app.core.agent_record import AgentRecord, read_agent_record
from app.core.media import LARGEST, STILL_STICKER, Note, media_id
from app.stores.media import MediaStore
from tests.unit.media_stores import content_of
from tests.web.chat_support import ANA, Chat, Page, running_chat
from tests.web.simulator_support import PNG


@pytest.fixture
async def chat(tmp_path: Path, files: MediaStore) -> AsyncIterator[Chat]:
    """A chat with a conversation, on each store."""
    async with running_chat(tmp_path, files=files) as chat:
        await chat.arrive(chat.wrote("hello"))
        await chat.log_in()
        yield chat


def form(content: bytes = PNG, filename: str = "shop.png", mime_type: str = "image/png") -> aiohttp.FormData:
    """What a browser sends."""
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("file", BytesIO(content), filename=filename, content_type=mime_type)
    return data


async def bring(chat: Chat, data: aiohttp.FormData | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    """Bring a file as the page does."""
    told = {"Origin": chat.origin, **headers}
    async with chat.client.post("/chat/media", data=data or form(), headers=told) as answer:
        return answer.status, await answer.json()


async def send(page: Page, media: str, caption: str = "", ref: str = "r") -> dict[str, Any]:
    """Send a file that was brought."""
    return await page.ask("send", agent=1, user=ANA, ref=ref, file={"media": media, "caption": caption})


async def test_a_file_is_sent_as_the_contract_says_and_shown(chat: Chat, files: MediaStore) -> None:
    status, told = await bring(chat)
    assert (status, told["mime_type"], told["filename"]) == (201, "image/png", "shop.png")
    assert content_of(files, told["id"]) == PNG
    async with chat.page() as page:
        message = (await send(page, told["id"], " our shop "))["message"]
        assert (message["type"], message["body"]) == ("image", "our shop")
        assert message["detail"] == {"media": told["id"], "mime_type": "image/png", "filename": "shop.png"}
        await page.pushed(lambda push: push.get("message", {}).get("tick") == "queued")
    topic, record, key = chat.producer.records[0]
    assert (topic, key) == ("sales-out", ANA.encode())
    read = read_agent_record(orjson.dumps(record), "")
    assert isinstance(read, AgentRecord)
    assert read.message.model_dump() == {"kind": "image", "image": {"media": told["id"], "caption": "our shop"}}
    shown = await chat.client.get(f"/chat/media/{told['id']}")
    assert await shown.read() == PNG


@pytest.mark.parametrize(
    ("name", "mime_type", "kind"),
    [
        ("bill.pdf", "application/pdf", "document"),
        ("song.mp3", "audio/mpeg", "audio"),
        ("note.m4a", "audio/x-m4a", "audio"),
        ("film.mp4", "video/mp4", "video"),
        ("wave.webp", "image/webp", "sticker"),
        ("notes.txt", "", "document"),
    ],
)
async def test_the_kind_is_that_of_the_file(chat: Chat, name: str, mime_type: str, kind: str) -> None:
    _, told = await bring(chat, form(b"bytes", name, mime_type or "application/octet-stream"))
    async with chat.page() as page:
        asked = await page.ask("attach", agent=1, name=name, type=mime_type, size=5)
        assert asked["kind"] == kind
        assert (await send(page, told["id"]))["message"]["type"] == kind
        await page.pushed(lambda push: push.get("message", {}).get("tick") == "queued")
    read = read_agent_record(orjson.dumps(chat.producer.records[0][1]), "")
    assert isinstance(read, AgentRecord) and read.message.kind == kind


@pytest.mark.parametrize(
    ("name", "mime_type", "size", "words"),
    [
        ("a.exe", "application/x-msdownload", 5, "'a.exe' cannot be sent: Meta takes no file of type"),
        ("a.png", "image/png", LARGEST["image"] + 1, "'a.png' cannot be sent: the file is larger than 5242880 bytes"),
        ("a.pdf", "application/pdf", LARGEST["document"] + 1, "the most for document"),
        ("a.png", "image/png", 0, "it is empty"),
    ],
)
async def test_what_meta_would_refuse_is_refused_before_it_is_brought(
    chat: Chat, name: str, mime_type: str, size: int, words: str
) -> None:
    async with chat.page() as page:
        answer = await page.ask("attach", agent=1, name=name, type=mime_type, size=size)
        assert answer["error"]["code"] == "invalid" and words in answer["error"]["text"]
        other = await page.ask("attach", agent=2, name="a.png", type="image/png", size=5)
        assert other["error"]["code"] == "not_yours"


async def test_the_server_believes_no_browser(chat: Chat) -> None:
    status, told = await bring(chat, form(b"x" * (LARGEST["image"] + 1)))
    assert status == 413 and "larger than 5242880 bytes" in told["error"]
    status, told = await bring(chat, form(b"x", "a.exe", "application/x-msdownload"))
    assert status == 415 and "'a.exe' cannot be sent" in told["error"]


async def test_a_sticker_that_does_not_move_is_smaller(chat: Chat) -> None:
    still = b"RIFF    WEBPVP8 " + b"x" * STILL_STICKER
    _, told = await bring(chat, form(still, "wave.webp", "image/webp"))
    async with chat.page() as page:
        answer = await send(page, told["id"])
        assert answer["error"]["code"] == "invalid" and "does not move Meta takes 102400" in answer["error"]["text"]


async def test_words_are_checked_with_the_file(chat: Chat) -> None:
    _, picture = await bring(chat)
    _, song = await bring(chat, form(b"bytes", "song.mp3", "audio/mpeg"))
    async with chat.page() as page:
        for media, caption, words in ((picture["id"], "x" * 1025, "1024"), (song["id"], "listen", "caption")):
            answer = await send(page, media, caption)
            assert answer["error"]["code"] == "invalid" and words in answer["error"]["text"], answer
    assert chat.producer.records == []


async def test_a_file_that_is_not_here_cannot_be_sent(chat: Chat, files: MediaStore) -> None:
    waiting = Note(media_id("N", "wamid", "7"), "image", "N", 1.0, meta_id="7", mime_type="image/png")
    files.announce(waiting)
    async with chat.page() as page:
        for media in (waiting.id, media_id("N", "wamid", "8"), "../x"):
            assert (await send(page, media))["error"]["code"] == "unknown_media"
    assert chat.producer.records == []


async def test_a_failed_file_is_sent_again_as_it_was(chat: Chat) -> None:
    _, told = await bring(chat)
    chat.producer.away = True
    async with chat.page() as page:
        await send(page, told["id"], "our shop")
        await page.pushed(lambda push: push.get("message", {}).get("error"))
        chat.producer.away = False
        await page.ask("retry", agent=1, user=ANA, ref="r")
        await page.pushed(lambda push: push.get("message", {}).get("tick") == "queued")
    assert chat.producer.records[0][1]["image"] == {"media": told["id"], "caption": "our shop"}


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
async def test_no_other_site_brings_a_file(chat: Chat, headers: dict[str, str]) -> None:
    async with chat.client.post("/chat/media", data=form(), headers=headers) as answer:
        assert answer.status == 403 and "log in" in (await answer.json())["error"]


async def test_nobody_brings_a_file_without_a_login(chat: Chat) -> None:
    chat.client.session.cookie_jar.clear()
    assert (await bring(chat))[0] == 403
    await chat.log_in()
    chat.clock.now += chat.settings.chat_session_seconds
    assert (await bring(chat))[0] == 403
