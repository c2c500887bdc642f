"""Files of ours are brought to Meta before their message leaves: once, again when it heals, never for ever."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.media import META_KEEPS_SECONDS, Note, after_success, media_id
from app.core.verdicts import Verdict
from app.lease import NotOurs
from app.sending.attaching import UPLOADS_AT_ONCE, Attached, Attacher
from app.sending.gates import Gates
from app.stores.media import MediaStore
from app.stores.media_directory import MediaDirectory
from app.whatsapp.graph import Readable
from app.whatsapp.outbound import payload
from tests.unit.histories import DAY, NOW
from tests.unit.media_stores import MemoryStore, put
from tests.unit.sender_bench import REFUSED, RETRY, SEND, SETTINGS, answered

OURS = media_id("N", "wamid", "7")
NOTE = Note(id=OURS, kind="image", phone_number_id="N", created=NOW, meta_id="7", mime_type="image/png")
PHOTO = replace(SEND, message={"kind": "image", "image": {"media": OURS, "caption": "look"}})


class World:
    """A store, a Meta that answers as told, and a clock that moves while somebody waits."""

    def __init__(self, files: MediaStore, *answers: str | Verdict) -> None:
        self.now = NOW
        self.files = files
        self.answers = list(answers) or ["998811"]
        self.uploads: list[tuple[str, bytes, str]] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.leaving = False
        gates = Gates(
            SETTINGS, Counter(), mine=None, leaving=lambda: self.leaving, sleep=self.sleep, clock=lambda: self.now
        )
        self.gates = gates
        self.attacher = Attacher(SETTINGS, self.files, self, gates, lambda: 0.5)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.meanwhile()

    async def upload(self, phone_number_id: str, file: Readable, mime_type: str) -> str | Verdict:
        """Be Meta."""
        self.uploads.append((phone_number_id, file.read(file.size), mime_type))
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def store(self) -> None:
        """The file comes."""
        put(self.files, OURS, b"bytes")
        self.files.keep(after_success(NOTE, "", "", 5))


async def test_a_file_is_brought_once_for_a_number_and_sent_by_metas_id(files: MediaStore) -> None:
    world = World(files)
    world.store()
    sends = await asyncio.gather(world.attacher.attach(PHOTO), world.attacher.attach(PHOTO))
    for send in sends:
        assert not isinstance(send, Verdict) and payload(send.send)["image"] == {"id": "998811", "caption": "look"}
    assert world.uploads == [(SEND.user.phone_number_id, b"bytes", "image/png")]
    other = replace(PHOTO, user=replace(SEND.user, phone_number_id="another"))
    await world.attacher.attach(other)
    assert [number for number, _, _ in world.uploads] == [SEND.user.phone_number_id, "another"]


async def test_a_file_is_brought_anew_before_meta_drops_it(files: MediaStore) -> None:
    world = World(files)
    world.store()
    await world.attacher.attach(PHOTO)
    world.now += META_KEEPS_SECONDS
    later = replace(PHOTO, made_at=world.now, window_ends=world.now + DAY)
    assert not isinstance(await world.attacher.attach(later), Verdict)
    assert len(world.uploads) == 2


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "text", "text": "hi"},
        {"kind": "image", "image": {"id": "55"}},
        {"kind": "image", "image": {"link": "https://example.test/a.png"}},
    ],
    ids=str,
)
async def test_what_names_no_file_of_ours_is_left_alone(files: MediaStore, message: dict[str, object]) -> None:
    world, send = World(files), replace(SEND, message=message)
    assert await world.attacher.attach(send) == Attached(send) and not world.uploads


async def test_a_message_that_is_too_late_brings_no_file(files: MediaStore) -> None:
    world = World(files)
    world.store()
    world.now += SETTINGS.send_life_seconds
    verdict = await world.attacher.attach(PHOTO)
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("late", "expired")
    assert world.uploads == []


async def test_an_upload_is_tried_again_while_it_can_heal(files: MediaStore) -> None:
    world = World(files, RETRY, "998811")
    world.store()
    assert not isinstance(await world.attacher.attach(PHOTO), Verdict)
    assert len(world.uploads) == 2 and world.now > NOW


async def test_a_file_that_comes_meanwhile_is_waited_for(files: MediaStore) -> None:
    world = World(files)
    world.files.announce(NOTE)
    world.meanwhile = world.store
    assert not isinstance(await world.attacher.attach(PHOTO), Verdict)


async def test_a_file_that_does_not_come_is_waited_for_as_long_as_the_message_lives(files: MediaStore) -> None:
    world = World(files)
    world.files.announce(NOTE)
    verdict = await world.attacher.attach(PHOTO)
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("late", "media_away")
    assert "has not come yet" in verdict.reason
    assert world.now > NOW + SETTINGS.send_life_seconds - 20 and world.gates.slices > 100


async def test_a_directory_that_is_away_is_waited_for(tmp_path: Path) -> None:
    world = World(MediaDirectory(tmp_path / "files"))
    world.store()
    (tmp_path / "files").rename(tmp_path / "away")

    def back() -> None:
        if world.now > NOW + 60 and not (tmp_path / "files").exists():
            (tmp_path / "away").rename(tmp_path / "files")

    world.meanwhile = back
    assert not isinstance(await world.attacher.attach(PHOTO), Verdict) and world.now > NOW + 60


async def test_a_disk_that_cannot_remember_an_upload_keeps_no_message(
    files: MediaStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(files)
    world.store()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.files, "remember", full)
    assert not isinstance(await world.attacher.attach(PHOTO), Verdict)
    assert len(world.uploads) == 1 and "No space left" in caplog.text


async def test_an_empty_remembered_id_does_not_count(files: MediaStore) -> None:
    world = World(files)
    world.store()
    world.files.remember(OURS, SEND.user.phone_number_id, "", NOW)
    send = await world.attacher.attach(PHOTO)
    assert not isinstance(send, Verdict) and payload(send.send)["image"]["id"] == "998811"


async def test_an_account_at_fault_is_waited_for(files: MediaStore) -> None:
    world = World(files, *[answered(190, 401)] * 10, "998811")
    world.store()
    assert not isinstance(await world.attacher.attach(PHOTO), Verdict)
    assert len(world.uploads) == 11 and world.now >= NOW + 10 * SETTINGS.circuit_probe_seconds
    world.answers, other = [answered(190, 401)], replace(PHOTO, user=replace(SEND.user, phone_number_id="another"))
    verdict = await world.attacher.attach(other)
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("late", "190")


@pytest.mark.parametrize("end", ["worker", "life"])
async def test_an_upload_and_who_waits_for_it_end_with_the_worker_and_the_life(
    files: MediaStore, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    world, begun, given_up = World(files), asyncio.Event(), list[str]()
    world.store()

    async def endless(number: str, file: Readable, mime_type: str) -> str | Verdict:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(number)
        return "998811"

    monkeypatch.setattr(world, "upload", endless)
    both = [asyncio.create_task(world.attacher.attach(PHOTO)) for _ in range(2)]
    await begun.wait()
    if end == "worker":
        world.leaving = True
    else:
        world.now += SETTINGS.send_life_seconds
    async with asyncio.timeout(30):
        ends = await asyncio.gather(*both, return_exceptions=True)
    for one in ends:
        if end == "worker":
            assert isinstance(one, NotOurs)
        else:
            assert isinstance(one, Verdict) and (one.outcome, one.code) == ("late", "media_away")
    assert given_up[0] == SEND.user.phone_number_id and world.gates.slices > 0


async def test_a_few_uploads_at_once_and_the_others_in_turn(files: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world, go, begun = World(files), asyncio.Event(), list[str]()
    world.store()

    async def slow(number: str, file: Readable, mime_type: str) -> str | Verdict:
        begun.append(number)
        await go.wait()
        return number

    monkeypatch.setattr(world, "upload", slow)
    sends = [
        replace(PHOTO, user=replace(SEND.user, phone_number_id=str(number))) for number in range(UPLOADS_AT_ONCE + 2)
    ]
    all_of_them = asyncio.gather(*map(world.attacher.attach, sends))
    async with asyncio.timeout(30):
        while world.gates.slices < len(sends):
            await asyncio.sleep(0.01)
        assert len(begun) == UPLOADS_AT_ONCE
        go.set()
        assert not any(isinstance(one, Verdict) for one in await all_of_them)


@pytest.mark.parametrize("given", ["wab-../../etc/passwd", "wab-unknown", "77"])
async def test_what_can_be_no_file_is_refused_at_once(files: MediaStore, given: str) -> None:
    world = World(files)
    verdict = await world.attacher.attach(replace(SEND, message={"kind": "image", "image": {"media": given}}))
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("refused", "unknown_media")
    assert given in verdict.reason and world.now == NOW and world.gates.slices == 0


@pytest.mark.parametrize(
    ("mime_type", "size", "kind", "said"),
    [
        ("image/webp", 5, "image", "its type is 'image/webp'; as image Meta takes image/jpeg, image/png"),
        ("image/png", 5 * 1024 * 1024 + 1, "image", "it has 5242881 bytes; as image Meta takes 5242880"),
        ("application/zip", 5, "document", "its type is 'application/zip'; as document Meta takes text/plain"),
        ("audio/ogg; codecs=opus", 5, "video", "its type is 'audio/ogg'; as video Meta takes"),
    ],
)
async def test_a_file_that_meta_does_not_take_is_not_brought(
    files: MediaStore, mime_type: str, size: int, kind: str, said: str
) -> None:
    world = World(files)
    put(world.files, OURS, b"bytes")
    world.files.keep(after_success(replace(NOTE, mime_type=mime_type), mime_type, "", size))
    verdict = await world.attacher.attach(replace(SEND, message={"kind": kind, kind: {"media": OURS}}))
    assert isinstance(verdict, Verdict) and (verdict.outcome, verdict.code) == ("refused", "invalid")
    assert said in verdict.reason and OURS in verdict.reason
    assert world.uploads == []


async def test_a_users_voice_note_can_be_sent_on(files: MediaStore) -> None:
    world = World(files)
    put(world.files, OURS, b"bytes")
    world.files.keep(after_success(NOTE, "audio/ogg; codecs=opus", "", 5))
    send = await world.attacher.attach(replace(SEND, message={"kind": "audio", "audio": {"media": OURS}}))
    assert not isinstance(send, Verdict)


async def test_what_meta_refuses_or_is_gone_is_refused(files: MediaStore) -> None:
    world = World(files, REFUSED)
    world.store()
    assert await world.attacher.attach(PHOTO) == REFUSED


async def test_a_file_that_is_gone_is_refused() -> None:
    world = World(MemoryStore())
    world.files.keep(after_success(NOTE, "", "", 5))
    verdict = await world.attacher.attach(PHOTO)
    assert isinstance(verdict, Verdict) and "is gone" in verdict.reason and world.uploads == []


async def test_an_id_that_meta_refused_is_replaced_once(files: MediaStore) -> None:
    world = World(files, "998811", "998822")
    world.store()
    first = await world.attacher.attach(PHOTO)
    assert isinstance(first, Attached) and not first.may_heal(answered(131009)), "it was brought just now"
    world.now += 61
    later = await world.attacher.attach(PHOTO)
    assert isinstance(later, Attached) and later.remembered == {"998811"}
    assert [code for code in (100, 131009, 131053, 131026, 131047) if later.may_heal(answered(code))] == [
        100,
        131009,
        131053,
    ]
    again, beside = await asyncio.gather(*(world.attacher.attach(PHOTO, later.remembered) for _ in range(2)))
    for one in (again, beside):
        assert isinstance(one, Attached) and payload(one.send)["image"]["id"] == "998822"
        assert not one.remembered, "a fault that stays is reported, and nothing is brought again"
    assert len(world.uploads) == 2


async def test_a_document_without_a_name_gets_that_of_the_file(files: MediaStore) -> None:
    world = World(files)
    put(files, OURS, b"bytes")
    files.keep(after_success(replace(NOTE, filename="bill 17.pdf"), "application/pdf", "", 5))
    none: dict[str, str] = {}
    for given, sent in ((none, "bill 17.pdf"), ({"filename": "yours.pdf"}, "yours.pdf")):
        message: dict[str, object] = {"kind": "document", "document": {"media": OURS, **given}}
        attached = await world.attacher.attach(replace(SEND, message=message))
        assert isinstance(attached, Attached)
        assert payload(attached.send)["document"] == {"id": "998811", "filename": sent}
    header = {"type": "document", "document": {"media": OURS}}
    buttons = {"kind": "buttons", "text": "Yours?", "buttons": [{"id": "y", "title": "Yes"}], "header": header}
    attached = await world.attacher.attach(replace(SEND, message=buttons))
    assert isinstance(attached, Attached)
    assert payload(attached.send)["interactive"]["header"]["document"]["filename"] == "bill 17.pdf"
