"""Templates with every kind of component: what is accepted, what the user sees then, and what is refused why."""

from typing import Any

import pytest

from web.simulator.errors import GraphError
from web.simulator.templates import KNOWN_TEMPLATES, Button, Template, names_in
from web.simulator.validation import Send, check_send

EVERYTHING = Template(
    name="everything",
    language="en",
    category="utility",
    header="video",
    body="{{1}} {{2}} {{3}} {{4}} {{5}} {{6}} {{7}} {{8}} {{9}} {{10}}",
    buttons=("Yes", Button(kind="url", label="Go", value="https://example.org/{{1}}"), Button(kind="flow", label="F")),
)
PAUSED = Template(name="paused", language="en", category="utility", body="x", status="PAUSED")
KNOWN = (*KNOWN_TEMPLATES, EVERYTHING, PAUSED)


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def component(kind: str, *parameters: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "parameters": list(parameters), **more}


def button(kind: str, index: int, *parameters: Any) -> dict[str, Any]:
    return component("button", *parameters, sub_type=kind, index=str(index))


def send(name: str, *components: Any, code: str = "en", recipient: str | None = None) -> Send:
    address = {"recipient": recipient} if recipient else {"to": "+5511999990000"}
    content = {"name": name, "language": {"code": code}, "components": list(components)}
    return check_send({"messaging_product": "whatsapp", **address, "type": "template", "template": content}, KNOWN)


IMAGE = component("header", {"type": "image", "image": {"id": "998"}})
VIDEO = component("header", {"type": "video", "video": {"link": "https://example.org/a.mp4"}})
VISIT = component("body", text("Ana"), text("10:30"))
TRACK = button("url", 1, text("track/77"))
ORDER = component("body", text("Monday", parameter_name="day"), text("Ana", parameter_name="customer"))
NUMBER = component("header", text("77"))
CODE = button("url", 0, text("123456"))


def test_header_body_and_buttons_are_filled() -> None:
    confirm = button("quick_reply", 0, {"type": "payload", "payload": "v3|confirm|77"})
    filled = send("visit_reminder", IMAGE, VISIT, confirm, TRACK, code="pt_BR").template
    assert filled is not None
    assert filled.text == "Olá Ana, sua visita é às 10:30."
    assert filled.header == {"type": "image", "image": {"id": "998"}}
    assert filled.buttons == (("v3|confirm|77", "Confirmar"),)
    assert filled.links == ({"kind": "url", "title": "Acompanhar", "value": "https://example.org/track/77"},)
    assert filled.footer == "Responda se não puder vir"


def test_names_are_filled_in_any_order_and_numbers_as_numbers() -> None:
    filled = send("order_update", NUMBER, ORDER).template
    assert filled is not None
    assert (filled.text, filled.header) == (
        "Hello Ana, your order will come on Monday.",
        {"type": "text", "text": "Order 77"},
    )
    assert names_in(EVERYTHING.body) == tuple(str(number) for number in range(1, 11))
    body = component("body", *(text(f"v{number}") for number in range(1, 11)))
    filled = send("everything", VIDEO, body, button("url", 1, text("x")), button("flow", 2)).template
    assert filled is not None
    assert filled.text == " ".join(f"v{number}" for number in range(1, 11))


def test_currency_and_dates_show_their_fallback() -> None:
    money = {"type": "currency", "currency": {"fallback_value": "R$ 9", "code": "BRL", "amount_1000": 9000}}
    day = {"type": "date_time", "date_time": {"fallback_value": "May 1"}}
    filled = send("visit_reminder", IMAGE, component("body", money, day), TRACK, code="pt_BR").template
    assert filled is not None
    assert filled.text == "Olá R$ 9, sua visita é às May 1."


def test_a_location_header() -> None:
    place = {"latitude": 1.5, "longitude": 2, "name": "Office", "address": "Street 1"}
    filled = send("find_us", component("header", {"type": "location", "location": place})).template
    assert filled is not None
    assert filled.header == {"type": "location", "location": place}


def test_a_login_code_goes_to_numbers_only() -> None:
    code = component("body", text("123456"))
    assert send("login_code", code, CODE).digits == "5511999990000"
    with pytest.raises(GraphError) as refused:
        send("login_code", code, CODE, recipient="BR.1")
    assert refused.value.code == 131062
    assert send("hello_world", code="en_US", recipient="BR.1").user_id == "BR.1"


REFUSED: dict[str, tuple[int, str, tuple[Any, ...], str]] = {
    "no header": (132000, "visit_reminder", (VISIT, TRACK), "header has 0 parameters"),
    "header of another kind": (
        132012,
        "visit_reminder",
        (component("header", {"type": "video", "video": {"id": "1"}}), VISIT, TRACK),
        "template.components[0].parameters[0].type: this template takes image",
    ),
    "body too short": (132000, "visit_reminder", (IMAGE, component("body", text("Ana")), TRACK), "body has 1"),
    "url without its part": (132000, "visit_reminder", (IMAGE, VISIT), "button 1 (Acompanhar) needs a parameter"),
    "button of another kind": (
        132012,
        "visit_reminder",
        (IMAGE, VISIT, TRACK, button("url", 0, text("x"))),
        "template.components[3].sub_type: button 0 of this template is quick_reply",
    ),
    "parameter of another kind": (
        132012,
        "visit_reminder",
        (IMAGE, VISIT, button("url", 1, {"type": "payload", "payload": "x"})),
        "exactly one parameter of type text",
    ),
    "unnamed": (132000, "order_update", (NUMBER, component("body", text("a"), text("b"))), "parameter_name"),
    "named twice": (
        132000,
        "order_update",
        (NUMBER, component("body", *[text("a", parameter_name="day")] * 2)),
        "parameter_name must be each of customer, day once",
    ),
    "currency without code": (
        132008,
        "visit_reminder",
        (IMAGE, component("body", {"type": "currency", "currency": {}}, text("x")), TRACK),
        "currency.code",
    ),
    "long offer code": (
        131009,
        "spring_offer",
        (
            component("header", {"type": "document", "document": {"id": "1"}}),
            component("body", text("Ana")),
            button("copy_code", 0, {"type": "coupon_code", "coupon_code": "c" * 16}),
        ),
        "coupon_code: 16 characters, at most 15",
    ),
    "paused": (132015, "paused", (), "paused because of its quality"),
}


@pytest.mark.parametrize(("code", "name", "components", "details"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(code: int, name: str, components: tuple[Any, ...], details: str) -> None:
    with pytest.raises(GraphError) as refused:
        send(name, *components, code="pt_BR" if name == "visit_reminder" else "en")
    assert refused.value.code == code
    assert details in refused.value.details
