"""What Meta takes depends on what a file is to be: a sticker that moves or not, a header of a message or a template."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.media import after_success
from app.core.verdicts import Verdict
from app.stores.media import MediaStore
from app.whatsapp.outbound import payload
from tests.unit.media_stores import put
from tests.unit.sender_bench import SEND
from tests.unit.test_attaching import NOTE, OURS, World


def moving(flags: int) -> bytes:
    """The first bytes of a WebP."""
    return b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes([flags])


@pytest.mark.parametrize(
    ("head", "size", "said"),
    [
        (moving(0), 100 * 1024, None),
        (moving(0), 100 * 1024 + 1, "102401 bytes; as sticker that does not move Meta takes 102400"),
        (moving(2), 100 * 1024 + 1, None),
        (moving(2), 500 * 1024, None),
        (moving(2), 500 * 1024 + 1, "512001 bytes; as sticker Meta takes 512000"),
        (b"no WebP at all", 200_000, "200000 bytes; as sticker that does not move"),
    ],
)
async def test_a_sticker_that_moves_may_be_larger(files: MediaStore, head: bytes, size: int, said: str | None) -> None:
    world = World(files)
    put(files, OURS, head)
    world.files.keep(after_success(replace(NOTE, kind="sticker"), "image/webp", "", size))
    found = await world.attacher.attach(replace(SEND, message={"kind": "sticker", "sticker": {"media": OURS}}))
    if said is None:
        assert not isinstance(found, Verdict) and world.uploads
    else:
        assert isinstance(found, Verdict) and (found.outcome, found.code) == ("refused", "invalid")
        assert said in found.reason and not world.uploads


async def test_a_sticker_whose_bytes_are_gone_is_refused(files: MediaStore) -> None:
    world = World(files)
    world.files.keep(after_success(replace(NOTE, kind="sticker"), "image/webp", "", 5))
    verdict = await world.attacher.attach(replace(SEND, message={"kind": "sticker", "sticker": {"media": OURS}}))
    assert isinstance(verdict, Verdict) and verdict.code == "unknown_media" and "is gone" in verdict.reason


def with_header(kind: str) -> dict[str, object]:
    """Buttons under a file of ours."""
    header = {"type": kind, kind: {"media": OURS}}
    return {"kind": "buttons", "text": "Well?", "buttons": [{"id": "y", "title": "Yes"}], "header": header}


def template(kind: str) -> dict[str, object]:
    """A template whose header is a file of ours."""
    header = {"type": "header", "parameters": [{"type": kind, kind: {"media": OURS}}]}
    return {"kind": "template", "name": "bill", "language": "en", "components": [header]}


@pytest.mark.parametrize("message", [with_header, template], ids=["buttons", "template"])
@pytest.mark.parametrize(
    ("kind", "mime_type", "size", "said"),
    [
        ("image", "image/png", 5, None),
        ("image", "image/webp", 5, "as image Meta takes image/jpeg, image/png"),
        ("image", "image/png", 5 * 1024 * 1024 + 1, "as image Meta takes 5242880"),
        ("video", "video/mp4", 16 * 1024 * 1024, None),
        ("video", "video/mp4", 16 * 1024 * 1024 + 1, "as video Meta takes 16777216"),
        ("document", "application/pdf", 5, None),
        ("document", "image/png", 5, "its type is 'image/png'; as document Meta takes text/plain"),
    ],
)
async def test_a_file_in_a_header_is_looked_at_like_any_other(
    files: MediaStore,
    message: Callable[[str], dict[str, object]],
    kind: str,
    mime_type: str,
    size: int,
    said: str | None,
) -> None:
    world = World(files)
    put(files, OURS, b"bytes")
    world.files.keep(after_success(NOTE, mime_type, "", size))
    found = await world.attacher.attach(replace(SEND, message=message(kind)))
    if said is None:
        assert not isinstance(found, Verdict)
        assert "998811" in str(payload(found.send)) and OURS not in str(payload(found.send))
    else:
        assert isinstance(found, Verdict) and (found.outcome, found.code) == ("refused", "invalid")
        assert said in found.reason and not world.uploads
