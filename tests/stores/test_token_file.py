"""The access token in a file: taken up anew without a restart, kept while the file is no use, and never shown."""

import logging
from pathlib import Path

import pytest

from app.stores.token_file import LOOK_SECONDS, TokenFile, read_token_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a token."""
    file = tmp_path / "token"
    file.write_text("hidden-1\n")
    return file


def test_a_new_token_is_taken_up_within_a_second(path: Path) -> None:
    now = [0.0]
    token = TokenFile(path, lambda: now[0])
    assert token.get_secret_value() == "hidden-1"
    path.write_text("hidden-2")
    now[0] += LOOK_SECONDS / 2
    assert token.get_secret_value() == "hidden-1", "the file is not read for every message"
    now[0] += LOOK_SECONDS / 2
    assert token.get_secret_value() == "hidden-2"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"hidden 2", b"hidden\r\nX-Other: 1", b"hidden-\xff"])
def test_while_the_file_is_no_use_the_token_before_is_kept(
    path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    token = TokenFile(path, lambda: now[0])
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            now[0] += LOOK_SECONDS
            assert token.get_secret_value() == "hidden-1"
        path.write_text("hidden-3")
        now[0] += LOOK_SECONDS
        assert token.get_secret_value() == "hidden-3"
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "said once"
    assert "hidden" not in caplog.text
    assert "hidden" not in repr(token)


@pytest.mark.parametrize("content", [None, b"", b"two words"])
def test_at_the_start_it_must_be_there(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = read_token_file(str(path))
    assert isinstance(found, str)
    assert str(path) in found
    assert "words" not in found
