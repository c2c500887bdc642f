"""Files in messages are noted before they count as read, whatever else stands in the topic; records name them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from app.core.events import UserWrote
from app.core.media import Note, is_ours, note_of, with_address
from app.media_work import MediaIntake
from app.stores.media import MediaStore
from app.stores.media_directory import MediaDirectory
from app.whatsapp.inbound import read_item

VOICE = {"id": "77", "mime_type": "audio/ogg; codecs=opus", "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}


def item(message: dict[str, Any]) -> bytes:
    """A webhook with one message."""
    told = {"id": "wamid.1", "from": "5511990000003", "timestamp": "1000", **message}
    value = {
        "metadata": {"phone_number_id": "N"},
        "contacts": [{"wa_id": "5511990000003", "profile": {"name": "Ana"}}],
        "messages": [told],
    }
    return orjson.dumps({"entry": [{"changes": [{"value": value}]}]})


def wrote(message: dict[str, Any]) -> UserWrote:
    """The event of a message."""
    event = read_item(item(message))
    assert isinstance(event, UserWrote)
    return event


def test_a_record_names_the_file_that_is_noted() -> None:
    event = wrote({"type": "audio", "audio": VOICE})
    note = note_of(event)
    assert note is not None and is_ours(note.id) and note.mime_type == "audio/ogg; codecs=opus"
    content = with_address(event, "https://files.example").content
    assert content["media"] == note.id and content["url"] == f"https://files.example/media/{note.id}"
    assert {**event.content, "media": note.id, "url": content["url"]} == content
    replayed = replace(event, id="wamid.1~0/7", message_id="wamid.1")
    assert note_of(replayed) == note, "a replay names the same file"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "text", "text": {"body": "hi"}},
        {"type": "image", "image": {}},
        {"type": "image", "errors": [{"code": 1}]},
    ],
)
def test_a_message_without_a_file_stays_as_it_is(message: dict[str, Any]) -> None:
    event = wrote(message)
    assert note_of(event) is None and with_address(event, "https://files.example") is event


async def test_every_file_of_a_batch_is_noted_and_offered(files: MediaStore) -> None:
    offered = list[str]()
    intake = MediaIntake(files, offered.append)
    values = [b"", b"{", item({"type": "text", "text": {"body": "hi"}}), item({"type": "audio", "audio": VOICE})]
    for _ in range(2):
        await intake.handle([SimpleNamespace(value=value) for value in values])
    [note] = files.waiting()
    assert note.meta_id == "77" and note.created == 1000.0 and offered == [note.id] * 2


async def test_a_note_that_cannot_be_read_stalls_nothing(tmp_path: Path) -> None:
    store, offered = MediaDirectory(tmp_path), list[str]()
    note = note_of(wrote({"type": "audio", "audio": VOICE}))
    assert note is not None
    (tmp_path / "notes" / f"{note.id}.json").write_bytes(b"{")
    values = [item({"type": "audio", "audio": VOICE}), item({"id": "wamid.2", "type": "audio", "audio": VOICE})]
    await MediaIntake(store, offered.append).handle([SimpleNamespace(value=value) for value in values])
    assert len(offered) == 1 and offered != [note.id]


async def test_a_batch_waits_for_a_disk_that_is_full(tmp_path: Path) -> None:
    class Full(MediaDirectory):
        """No room."""

        def announce(self, note: Note) -> Note:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await MediaIntake(Full(tmp_path), print).handle(
            [SimpleNamespace(value=item({"type": "audio", "audio": VOICE}))]
        )
