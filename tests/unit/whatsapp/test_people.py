"""Whom a message or status is about, in all the places where Meta says it or does not."""

from typing import Any

import pytest

from app.core.identity import User
from app.whatsapp.people import message_user, phone_number_id, status_user

NUMBER = "1029384756"
META = {"metadata": {"phone_number_id": NUMBER}}
ANA = {"profile": {"name": "Ana"}, "wa_id": "5511999990000", "user_id": "BR.7781"}
BIA = {"profile": {"name": "Bia"}, "wa_id": "5511888880000", "user_id": "BR.9000"}


def writer(message: dict[str, Any], *contacts: Any) -> User | None:
    """Who wrote a message."""
    return message_user({**META, "contacts": list(contacts)}, message)[0]


@pytest.mark.parametrize(
    "message",
    [
        {"from": "5511999990000"},
        {"from_user_id": "BR.7781"},
        {"from": "", "from_user_id": "BR.7781"},
        {"from": "BR.7781"},
        {"from": "5511999990000", "from_user_id": "BR.7781"},
        {"from": "+55 11 99999-0000"},
    ],
)
def test_contacts_pair_by_identity_and_complete_it(message: dict[str, Any]) -> None:
    user, mine = message_user({**META, "contacts": [BIA, ANA]}, message)
    assert user == User.at(NUMBER, "5511999990000", "BR.7781", "Ana")
    assert mine == [ANA]


def test_one_contact_alone_stands_for_a_message_that_names_nobody() -> None:
    assert writer({"type": "text"}, ANA) == User.at(NUMBER, "5511999990000", "BR.7781", "Ana")
    assert writer({"type": "text"}, ANA, BIA) is None
    assert writer({"type": "text"}) is None


@pytest.mark.parametrize("contact", [7, None, "Ana", {}, {"wa_id": 5511999990000}, {"profile": 3, "wa_id": None}])
def test_strange_contacts_do_no_harm(contact: Any) -> None:
    user = writer({"from": "5511999990000"}, contact)
    assert user == User.at(NUMBER, "5511999990000", None)


@pytest.mark.parametrize("contacts", [None, {}, "Ana", 5])
def test_contacts_may_be_no_list(contacts: Any) -> None:
    user, mine = message_user({**META, "contacts": contacts}, {"from": "5511999990000"})
    assert user is not None
    assert mine == []


@pytest.mark.parametrize("value", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {"phone_number_id": 5}}])
def test_a_change_may_not_say_its_business_number(value: dict[str, Any]) -> None:
    assert phone_number_id(value) == ""


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ({"recipient_id": "5511999990000"}, "5511999990000"),
        ({"recipient_id": "5511999990000", "recipient_user_id": "BR.7781"}, "5511999990000"),
        ({"recipient_user_id": "BR.7781"}, "BR.7781"),
        ({"recipient_id": "BR.ENT.99"}, "BR.ENT.99"),
    ],
)
def test_the_user_of_a_status(status: dict[str, Any], key: str) -> None:
    user = status_user(META, status)
    assert user is not None
    assert user.key == f"{NUMBER}:{key}"


@pytest.mark.parametrize("status", [{}, {"recipient_id": ""}, {"recipient_id": None, "recipient_user_id": 4}])
def test_a_status_may_name_nobody(status: dict[str, Any]) -> None:
    assert status_user(META, status) is None
