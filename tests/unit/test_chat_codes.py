"""Login codes, cookies and the throttle."""

import re

import pytest
from pydantic import SecretStr

from app.core.register import Agent
from app.settings import Settings, SettingsError
from web.chat.codes import NOBODY, Login, chat_secret, code_matches, login_code, read_cookie, write_cookie
from web.chat.throttle import ADDRESSES_MAX, PAUSE_SECONDS, WRONG_MAX, Throttle

SECRET = SecretStr("one secret")
SALES = Agent(id=1, name="Sales", read_topic="i", write_topic="o", error_topic="e")
HELP = Agent(id=2, name="Help", read_topic="hi", write_topic="ho", error_topic="he")
LOGIN = Login(frozenset({1, 2}), 1000.0, "its id")


def test_a_code_belongs_to_one_agent_and_one_secret() -> None:
    code = login_code(SECRET, SALES)
    assert re.fullmatch(r"[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}", code)
    assert code == login_code(SECRET, SALES)
    assert len({code, login_code(SECRET, HELP), login_code(SecretStr("other"), SALES)}) == 3


def test_a_code_may_be_written_as_people_write() -> None:
    code = login_code(SECRET, SALES)
    for written in (code, code.upper(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert code_matches(SECRET, SALES, written)
    for written in ("", "-", code[:-1], code + "a", login_code(SECRET, HELP), "ação-ação-ação"):
        assert not code_matches(SECRET, SALES, written)


def test_a_cookie_comes_back_until_it_expires() -> None:
    cookie = write_cookie(SECRET, LOGIN)
    assert read_cookie(SECRET, cookie, 999.0) == LOGIN
    assert read_cookie(SECRET, cookie, 1000.0) == NOBODY


def test_a_cookie_that_was_touched_opens_nothing() -> None:
    payload, signature = write_cookie(SECRET, LOGIN).split(".")
    other = write_cookie(SECRET, Login(frozenset({3}), 9e9)).split(".")[0]
    forged = write_cookie(SecretStr("other"), LOGIN)
    for value in ("", ".", payload, f"{other}.{signature}", f"{payload}.{signature[:-1]}", forged, "é.ü"):
        assert read_cookie(SECRET, value, 1.0) == NOBODY


def test_a_cookie_is_no_code_under_the_same_secret() -> None:
    """Signatures of cookies must not double as login codes."""
    signature = bytes.fromhex(write_cookie(SECRET, LOGIN).split(".")[1])
    assert not code_matches(SECRET, SALES, signature.hex()[:12])


def test_a_real_installation_needs_a_secret_and_a_demo_does_not() -> None:
    with pytest.raises(SettingsError, match="BROKER_CHAT_SECRET"):
        chat_secret(Settings(_env_file=None, chat_secret=SecretStr("")))
    assert chat_secret(Settings(_env_file=None, chat_secret=SecretStr(""), profile="demo")).get_secret_value()
    assert chat_secret(Settings(_env_file=None, chat_secret=SECRET)) == SECRET


def test_wrong_codes_make_an_address_wait_and_no_other() -> None:
    now = 0.0
    throttle = Throttle(lambda: now)
    for _ in range(WRONG_MAX):
        assert throttle.wait("a") == 0
        throttle.wrong("a")
    assert throttle.wait("a") == PAUSE_SECONDS
    assert throttle.wait("b") == 0
    now = PAUSE_SECONDS
    assert throttle.wait("a") == 0


def test_the_throttle_forgets_the_oldest_address_first() -> None:
    throttle = Throttle(lambda: 0.0)
    for _ in range(WRONG_MAX):
        throttle.wrong("first")
    for number in range(ADDRESSES_MAX):
        throttle.wrong(str(number))
    assert throttle.wait("first") == 0
