"""What the mirror shows of sessions and windows, and what it leaves out."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from app.core.identity import User
from app.core.state import Session, Window
from app.mirroring import Imager
from app.settings import Settings
from app.topics import Topics

SETTINGS = Settings(app_id="house", session_seconds=100, window_seconds=60, window_margin_seconds=0)
USER = User.at("106", "5511999990000", "BR.77", "Ana")
IMAGER = Imager(SETTINGS, Topics(SETTINGS))


def record(table: str, key: bytes | None, value: Any, offset: int = 5) -> ConsumerRecord[Any, Any]:
    """A record of a changelog; an object becomes JSON, bytes and None stay."""
    content = orjson.dumps(value) if isinstance(value, dict) else value
    return ConsumerRecord(
        topic=f"house-{table}-changelog",
        partition=3,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=key,
        value=content,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(),
    )


def test_a_session_with_an_agent_and_at_the_menu() -> None:
    image = IMAGER.image(record("sessions", b"106:55", Session(since=1000.0, agent=7, menu="m").to_dict()))
    assert image is not None and image.value is not None
    assert image.value == {"user": "106:55", "state": "agent", "agent": 7, "since": 1000.0}
    assert (image.kind, image.offset, image.ends, image.session_seconds) == ("session", 5, 1100.0, 100)
    menu = IMAGER.image(record("sessions", b"106:55", Session(since=1000.0).to_dict()))
    assert menu is not None and menu.value is not None
    assert (menu.value["state"], menu.value["agent"]) == ("menu", None)


def test_a_window_ends_with_metas_window() -> None:
    image = IMAGER.image(record("windows", b"106:55", Window(user=USER, last_seen=1000.0, touched=1500.0).to_dict()))
    assert image is not None
    assert (image.kind, image.ends, image.session_seconds) == ("window", 1060.0, 100)
    assert image.value == {
        "user": "106:55",
        "phone_number_id": "106",
        "waID": "5511999990000",
        "user_id": "BR.77",
        "last_seen": 1000.0,
        "expires_at": 1060.0,
    }


def names_of(**more: Any) -> Mapping[str, str]:
    """Where the names of a user's window lead."""
    window = Window(user=USER, last_seen=1000.0, **more)
    image = IMAGER.image(record("windows", USER.key.encode(), window.to_dict()))
    assert image is not None
    return image.names


def test_every_name_of_a_user_leads_to_the_key_they_are_kept_under() -> None:
    home = USER.key
    assert names_of() == {home: home}
    names = {"numbers": ("5511888880000", "5511999990000"), "ids": ("BR.77", "BR.78")}
    assert names_of(**names) == {home: home, "106:5511888880000": home, "106:BR.77": home, "106:BR.78": home}


def test_a_number_another_person_has_now_leads_to_them() -> None:
    names = {"numbers": ("5511888880000", "5511999990000"), "ids": ("BR.77",)}
    passed = {"5511888880000": ("106:BR.99", 900.0), "5511999990000": ("106:BR.88", 900.0)}
    assert names_of(**names, passed=passed) == {
        USER.key: "106:BR.88",
        "106:BR.77": USER.key,
        "106:5511888880000": "106:BR.99",
    }


def test_a_signpost_and_a_user_who_never_wrote_have_no_say_in_names() -> None:
    for window in (Window(user=USER, home="106:BR.1", touched=1.0), Window(user=USER, touched=1.0)):
        image = IMAGER.image(record("windows", USER.key.encode(), window.to_dict()))
        assert image is not None and not image.names


def test_a_user_who_never_wrote_has_no_window() -> None:
    image = IMAGER.image(record("windows", b"106:55", Window(user=USER, touched=1500.0).to_dict()))
    assert image is not None and image.value is None


@pytest.mark.parametrize("table", ["sessions", "windows"])
def test_a_deleted_value_has_no_image_value(table: str) -> None:
    image = IMAGER.image(record(table, b"106:55", None))
    assert image is not None and image.value is None


def test_nothing_a_user_wrote_and_no_name_is_shown() -> None:
    kept = ({"text": "my secret", "raw_payload": "bXkgc2VjcmV0"},)
    session = IMAGER.image(record("sessions", b"k", Session(since=1.0, kept=kept, dropped=3).to_dict()))
    window = IMAGER.image(record("windows", b"k", Window(user=USER, last_seen=1.0, recent=("d1",)).to_dict()))
    shown = f"{session} {window}"
    assert "secret" not in shown and "bXkg" not in shown and "Ana" not in shown and "d1" not in shown


@pytest.mark.parametrize("key", [b"106:55", None, b"\xff"])
@pytest.mark.parametrize("value", [b"{my secret", b"[]", b"{}", b'"text"'])
@pytest.mark.parametrize("table", ["sessions", "windows"])
def test_what_cannot_be_read_is_passed_over_by_place_not_by_content(
    table: str, value: bytes, key: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert IMAGER.image(record(table, key, value)) is None
    assert f"house-{table}-changelog[3] offset 5" in caplog.text
    assert "secret" not in caplog.text


def test_of_a_batch_only_the_newest_of_each_user_and_table_stays() -> None:
    session = Session(since=1.0).to_dict()
    window = Window(user=USER, last_seen=1.0).to_dict()
    records = [
        record("sessions", b"a", session, 1),
        record("windows", b"a", window, 2),
        record("sessions", b"b", session, 2),
        record("sessions", b"a", None, 3),
        record("sessions", b"b", b"{", 4),
    ]
    newest = {(image.kind, image.user): image.offset for image in IMAGER.newest(records)}
    assert newest == {("session", "a"): 3, ("window", "a"): 2, ("session", "b"): 2}
