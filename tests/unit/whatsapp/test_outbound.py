"""Meta's JSON for our messages."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.core.effects import Send
from app.core.filling import Filling
from app.core.identity import User
from app.core.menu import menu_message
from app.core.messages import Text
from app.core.rules import Texts
from app.whatsapp.mark import read_mark
from app.whatsapp.outbound import payload
from tests.unit.histories import ANA, NOW, REGISTER

ROWS = [{"id": "p1", "title": "Basic", "description": "for one"}, {"id": "p2", "title": "Pro", "description": ""}]
HANS = User.at("1029384756", None, "DE.4412")


def send(message: dict[str, Any], user: User = ANA, **more: Any) -> dict[str, Any]:
    """The Graph request of a message."""
    return payload(Send(id="e1", user=user, message=message, made_at=NOW, window_ends=NOW, **more))


def test_a_text() -> None:
    body = send({"kind": "text", "text": "olá"}, agent=2, ref="order-7")
    mark = read_mark(body.pop("biz_opaque_callback_data"))
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5511999990000",
        "type": "text",
        "text": {"body": "olá"},
    }
    assert mark is not None
    assert (mark.key, mark.effect, mark.agent, mark.ref) == (ANA.key, "e1", 2, "order-7")


def test_a_user_without_a_number_is_addressed_by_user_id() -> None:
    body = send({"kind": "text", "text": "hi"}, HANS)
    assert body["recipient"] == "DE.4412"
    assert "to" not in body


def test_a_list() -> None:
    body = send({"kind": "list", "text": "Choose an option:", "button": "Plans", "section": "Our plans", "rows": ROWS})
    assert body["type"] == "interactive"
    assert body["interactive"] == {
        "type": "list",
        "body": {"text": "Choose an option:"},
        "action": {
            "button": "Plans",
            "sections": [
                {
                    "title": "Our plans",
                    "rows": [
                        {"id": "p1", "title": "Basic", "description": "for one"},
                        {"id": "p2", "title": "Pro"},
                    ],
                }
            ],
        },
    }


def test_the_menu_can_be_sent() -> None:
    menu = menu_message(REGISTER, Texts(), "ab12", filling=Filling(now=0.0))
    sections = send(menu.model_dump(mode="json"))["interactive"]["action"]["sections"]
    assert [row["title"] for row in sections[0]["rows"]] == ["Consumer Service", "Sales", "Help Desk"]


@pytest.mark.parametrize("components", [[], [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]])
def test_a_template(components: list[dict[str, Any]]) -> None:
    body = send({"kind": "template", "name": "order_ready", "language": "pt_BR", "components": components})
    template: dict[str, Any] = {"name": "order_ready", "language": {"code": "pt_BR"}}
    assert body["type"] == "template"
    assert body["template"] == template | ({"components": components} if components else {})


@pytest.mark.parametrize("message", [{}, {"kind": "fax"}, {"kind": "text"}, {"kind": "text", "text": "x" * 4097}])
def test_what_is_no_message_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        send(message)


def test_a_user_without_any_address_is_refused_by_name() -> None:
    nobody = User(key="1029384756:?", phone_number_id="1029384756")
    with pytest.raises(ValueError, match=r"user 1029384756:\? has neither a phone number nor a BSUID"):
        send(Text(text="hi").model_dump(mode="json"), nobody)
