"""Names of users: the key, the address agents write, and what is neither number nor user id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identity import User, digits, split_address, user_key


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("5511999990000", ("5511999990000", None)),
        ("+5511999990000", ("5511999990000", None)),
        ("+55 (11) 99999-0000", ("5511999990000", None)),
        (" 5511999990000 ", ("5511999990000", None)),
        ("BR.7781", (None, "BR.7781")),
        ("BR.ENT.99", (None, "BR.ENT.99")),
        ("BR." + "a" * 128, (None, "BR." + "a" * 128)),
    ],
)
def test_an_address_is_a_number_or_a_user_id(address: str, found: tuple[str | None, str | None]) -> None:
    assert split_address(address) == found


@pytest.mark.parametrize(
    "address",
    [
        "",
        "Ana",
        "55x11",
        "br.7781",
        "BRA.7781",
        "BR.",
        "BR." + "a" * 129,
        "BR.77-81",
        "BR.7781\n",
        "+",
        "---",
        "12",
        "1" * 41,
        "٥٥١١٩٩٩٩٩",
        "12٣45",
        "5511 99999\n0000",
    ],
)
def test_anything_else_is_neither(address: str) -> None:
    assert split_address(address) == (None, None)


def test_the_key_prefers_the_number() -> None:
    assert user_key("10", "5511", "BR.1") == "10:5511"
    assert user_key("10", None, "BR.1") == "10:BR.1"
    assert user_key("10", "", "BR.1") == "10:BR.1"


@pytest.mark.parametrize(("wa_id", "user_id"), [(None, None), ("", ""), (None, "")])
def test_nobody_has_no_key(wa_id: str | None, user_id: str | None) -> None:
    with pytest.raises(ValueError, match="cannot be keyed"):
        user_key("10", wa_id, user_id)


def test_one_person_at_two_business_numbers_is_two_users() -> None:
    assert User.at("10", "5511", None).key != User.at("20", "5511", None).key


@given(st.text(max_size=30))
def test_digits_are_plain_ones_or_none(text: str) -> None:
    found = digits(text)
    assert found is None or (found.isascii() and found.isdecimal())


def test_the_address_is_what_can_be_answered() -> None:
    assert User.at("10", "5511", "BR.1").address == "5511"
    assert User.at("10", None, "BR.1").address == "BR.1"


def test_merging_keeps_the_key_and_what_is_left_out() -> None:
    old = User.at("10", "5511", "BR.1", "Ana")
    assert old.merged(User.at("10", None, "BR.2")) == User(
        key="10:5511", phone_number_id="10", wa_id="5511", user_id="BR.2", name="Ana"
    )
    assert old.merged(User.at("10", "5599", None, "Bia")).key == "10:5511"


@given(
    st.builds(
        User,
        key=st.text(),
        phone_number_id=st.text(),
        wa_id=st.none() | st.text(),
        user_id=st.none() | st.text(),
        name=st.none() | st.text(),
    )
)
def test_a_user_survives_json(user: User) -> None:
    assert User.from_dict(user.to_dict()) == user
    assert None not in user.to_dict().values()


def test_a_user_without_a_key_is_none() -> None:
    with pytest.raises(KeyError):
        User.from_dict({"phone_number_id": "10"})
