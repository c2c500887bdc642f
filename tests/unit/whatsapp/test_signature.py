"""Meta's signature and the token of the handshake."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whatsapp.signature import is_signed, is_token, signature

BODY = json.dumps({"text": "olá 😀"}).encode()


def test_the_signature_is_the_hmac_of_the_raw_bytes() -> None:
    expected = "sha256=" + hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    assert signature("secret", BODY) == expected
    assert len(expected) == 71


def test_the_bytes_count_and_not_what_they_mean() -> None:
    assert b"\\u00e1" in BODY
    assert is_signed(BODY, signature("secret", BODY), ["secret"])
    meaning_the_same = json.dumps(json.loads(BODY), ensure_ascii=False).encode()
    assert not is_signed(meaning_the_same, signature("secret", BODY), ["secret"])


@pytest.mark.parametrize("secret", ["new", "old"])
def test_any_of_several_secrets_will_do(secret: str) -> None:
    assert is_signed(BODY, signature(secret, BODY), ["new", "old"])


def test_no_secret_believes_nobody() -> None:
    assert not is_signed(BODY, signature("", BODY), [])


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "é", "\udce9", "0" * 71, signature("other", BODY)])
def test_other_headers_are_refused(header: str) -> None:
    assert not is_signed(BODY, header, ["new", "old"])


def test_the_signature_without_its_prefix_is_refused() -> None:
    assert not is_signed(BODY, signature("new", BODY).removeprefix("sha256="), ["new"])


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_changed_body_is_refused(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
    header = signature("secret", body)
    assert is_signed(body, header, ["secret"])
    assert not is_signed(changed, header, ["secret"])


@pytest.mark.parametrize(
    ("given", "expected", "fits"),
    [
        ("token", "token", True),
        ("tökén", "tökén", True),
        ("Token", "token", False),
        ("token ", "token", False),
        ("", "token", False),
        ("", "", False),
        ("\udce9", "token", False),
    ],
)
def test_the_token_of_the_handshake(given: str, expected: str, fits: bool) -> None:
    assert is_token(given, expected) is fits
