"""The simulator refuses exactly what WhatsApp refuses: every limit at its edge and one beyond, with path and code."""

from typing import Any

import pytest

from web.simulator.errors import GraphError
from web.simulator.templates import KNOWN_TEMPLATES
from web.simulator.validation import check_read_mark, check_send

BASE = {"messaging_product": "whatsapp", "to": "+5511999990000"}
EMOJI = "😀"


def of(kind: str, content: Any) -> dict[str, Any]:
    return BASE | {"type": kind, kind: content}


def interactive(kind: str, action: dict[str, Any], **others: Any) -> dict[str, Any]:
    return of("interactive", {"type": kind, "body": {"text": "Choose"}, "action": action} | others)


def buttons(*replies: tuple[str, str], **others: Any) -> dict[str, Any]:
    made = [{"type": "reply", "reply": {"id": identifier, "title": title}} for identifier, title in replies]
    return interactive("button", {"buttons": made}, **others)


def listing(*sections: dict[str, Any], button: str = "Open", **others: Any) -> dict[str, Any]:
    return interactive("list", {"button": button, "sections": list(sections)}, **others)


def rows(*sizes: int) -> list[dict[str, Any]]:
    """Sections of so many rows each, every id once."""
    return [
        {"title": f"S{number}", "rows": [{"id": f"{number}-{row}", "title": f"Row {row}"} for row in range(size)]}
        for number, size in enumerate(sizes)
    ]


def one_row(**row: str) -> dict[str, Any]:
    return listing({"rows": [{"id": "r", "title": "Row"} | row]})


def link(label: str, url: str = "https://example.org") -> dict[str, Any]:
    return interactive("cta_url", {"name": "cta_url", "parameters": {"display_text": label, "url": url}})


def flow(label: str = "Start", **parameters: Any) -> dict[str, Any]:
    base = {"flow_message_version": "3", "flow_cta": label}
    return interactive("flow", {"name": "flow", "parameters": base | (parameters or {"flow_id": "1"})})


def contacts(count: int, **name: str) -> dict[str, Any]:
    return of("contacts", [{"name": {"formatted_name": "Ana P", "first_name": "Ana"} | name}] * count)


def template(name: str, code: str, *parameters: Any, buttons: Any = None) -> dict[str, Any]:
    components: list[Any] = [{"type": "body", "parameters": list(parameters)}] if parameters else []
    return of("template", {"name": name, "language": {"code": code}, "components": components + (buttons or [])})


def reopen(text: str) -> dict[str, Any]:
    return template("reopen_conversation", "en", {"type": "text", "text": text})


def quick_reply(payload: str, index: str = "0") -> list[Any]:
    parameters = [{"type": "payload", "payload": payload}]
    return [{"type": "button", "sub_type": "quick_reply", "index": index, "parameters": parameters}]


ACCEPTED = {
    "text at the edge": of("text", {"body": "a" * 4096}),
    "characters, not bytes": of("text", {"body": EMOJI * 4096}),
    "callback data at the edge": of("text", {"body": "a"}) | {"biz_opaque_callback_data": "c" * 512},
    "three buttons at the edge": buttons(("a" * 256, EMOJI * 20), ("b", "B"), ("c", "C")),
    "button body at the edge": buttons(("a", "A"), body={"text": "b" * 1024}),
    "header and footer at the edge": buttons(
        ("a", "A"), header={"type": "text", "text": "h" * 60}, footer={"text": "f" * 60}
    ),
    "media header": buttons(("a", "A"), header={"type": "image", "image": {"link": "https://example.org/a.png"}}),
    "ten rows in one section": listing(*rows(10)),
    "ten sections of one row": listing(*rows(*[1] * 10)),
    "list at the edge": listing(*rows(1), button="b" * 20, body={"text": "b" * 4096}),
    "section title at the edge": listing({"title": "s" * 24, "rows": [{"id": "1", "title": "t"}]}),
    "row at the edge": one_row(id="i" * 200, title="t" * 24, description="d" * 72),
    "link label at the edge": link("l" * 20),
    "flow label at the edge": flow("f" * 30),
    "flow with everything": flow(
        flow_id="1", flow_token="t" * 1000, mode="draft", flow_action="navigate", flow_action_payload={"screen": "S"}
    ),
    "location request": interactive("location_request_message", {"name": "send_location"}),
    "contact request": interactive("request_contact_info", {"name": "request_contact_info"}),
    "image by id with caption": of("image", {"id": "998", "caption": "c" * 1024}),
    "video by link": of("video", {"link": "https://example.org/a.mp4"}),
    "audio": of("audio", {"id": "1", "voice": True}),
    "document": of("document", {"id": "1", "filename": "a.pdf", "caption": "c"}),
    "sticker": of("sticker", {"id": "1"}),
    "location at the edge": of("location", {"latitude": -90, "longitude": "180"}),
    "contacts at the edge": contacts(257),
    "reaction removed": of("reaction", {"message_id": "wamid.A", "emoji": ""}),
    "template without parameters": template("hello_world", "en_US"),
    "template with one parameter": reopen("order 7"),
    "template with a payload": template(
        "reopen_conversation", "en", {"type": "text", "text": "x"}, buttons=quick_reply("p" * 256)
    ),
    "quote": of("text", {"body": "a"}) | {"context": {"message_id": "wamid.A"}},
}


@pytest.mark.parametrize("payload", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(payload: dict[str, Any]) -> None:
    assert check_send(payload, KNOWN_TEMPLATES).type == payload["type"]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no product": (of("text", {"body": "a"}) | {"messaging_product": None}, 100, "messaging_product: required"),
    "no recipient": (of("text", {"body": "a"}) | {"to": ""}, 100, "to: required"),
    "a word as number": (of("text", {"body": "a"}) | {"to": "Ana"}, 131009, "to: must be a phone number"),
    "a number as recipient": (
        of("text", {"body": "a"}) | {"to": None, "recipient": "5511999990000"},
        131009,
        "recipient: must be a business-scoped",
    ),
    "group": (of("text", {"body": "a"}) | {"recipient_type": "group"}, 131009, "recipient_type: "),
    "unknown type": (of("fax", {}), 100, "type: must be one of text"),
    "no content": (BASE | {"type": "text"}, 100, "text: required"),
    "long text": (of("text", {"body": "a" * 4097}), 100, "text.body: 4097 characters, at most 4096"),
    "blank text": (of("text", {"body": " \n"}), 100, "text.body: must not be empty"),
    "long callback data": (
        of("text", {"body": "a"}) | {"biz_opaque_callback_data": "c" * 513},
        100,
        "biz_opaque_callback_data: 513 characters, at most 512",
    ),
    "four buttons": (
        buttons(("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")),
        131009,
        "interactive.action.buttons: 4 entries, at most 3",
    ),
    "no button": (buttons(), 131009, "interactive.action.buttons: 0 entries, at least 1"),
    "long button title": (
        buttons(("a", "A"), ("b", "B" * 21)),
        131009,
        "interactive.action.buttons[1].reply.title: 21 characters, at most 20",
    ),
    "long button id": (buttons(("a" * 257, "A")), 131009, "interactive.action.buttons[0].reply.id: 257"),
    "button id twice": (buttons(("a", "A"), ("a", "B")), 131009, "interactive.action.buttons[1].reply.id: used twice"),
    "long button body": (buttons(("a", "A"), body={"text": "b" * 1025}), 131009, "interactive.body.text: 1025"),
    "no body": (buttons(("a", "A"), body=None), 131008, "interactive.body: required"),
    "long header": (
        buttons(("a", "A"), header={"type": "text", "text": "h" * 61}),
        131009,
        "interactive.header.text: 61 characters, at most 60",
    ),
    "long footer": (buttons(("a", "A"), footer={"text": "f" * 61}), 131009, "interactive.footer.text: 61"),
    "list with media header": (
        listing(*rows(1), header={"type": "image", "image": {"id": "1"}}),
        131009,
        "interactive.header.type: must be one of text",
    ),
    "eleven rows": (listing(*rows(5, 6)), 131009, "interactive.action.sections: 11 rows in total, at most 10"),
    "eleven sections": (listing(*rows(*[1] * 11)), 131009, "interactive.action.sections: 11 entries, at most 10"),
    "two sections, one without title": (
        listing(*rows(1), {"rows": [{"id": "x", "title": "X"}]}),
        131008,
        "interactive.action.sections[1].title: required",
    ),
    "long list label": (listing(*rows(1), button="b" * 21), 131009, "interactive.action.button: 21"),
    "long list body": (listing(*rows(1), body={"text": "b" * 4097}), 131009, "interactive.body.text: 4097"),
    "long section title": (
        listing({"title": "s" * 25, "rows": [{"id": "1", "title": "t"}]}),
        131009,
        "interactive.action.sections[0].title: 25 characters, at most 24",
    ),
    "long row id": (one_row(id="i" * 201), 131009, "interactive.action.sections[0].rows[0].id: 201"),
    "long row title": (one_row(title=EMOJI * 25), 131009, "interactive.action.sections[0].rows[0].title: 25"),
    "long row description": (one_row(description="d" * 73), 131009, "sections[0].rows[0].description: 73"),
    "row id twice": (
        listing({"title": "a", "rows": [{"id": "r", "title": "A"}, {"id": "r", "title": "B"}]}),
        131009,
        "interactive.action.sections[0].rows[1].id: used twice",
    ),
    "long link label": (link("l" * 21), 131009, "interactive.action.parameters.display_text: 21"),
    "no web link": (link("Go", "ftp://example.org"), 131009, "interactive.action.parameters.url: must start"),
    "long flow label": (flow("f" * 31), 131009, "interactive.action.parameters.flow_cta: 31"),
    "flow twice named": (flow(flow_id="1", flow_name="n"), 131008, "interactive.action.parameters: needs exactly one"),
    "flow mode": (flow(flow_id="1", mode="trial"), 131009, "parameters.mode: must be one of draft, published"),
    "flow start without screen": (
        flow(flow_id="1", flow_action_payload={"data": {}}),
        131008,
        "flow_action_payload.screen: required",
    ),
    "location request with footer": (
        interactive("location_request_message", {"name": "send_location"}, footer={"text": "f"}),
        131009,
        "interactive.footer: not allowed",
    ),
    "kind not played": (interactive("carousel", {"cards": []}), 131051, "interactive.type: carousel"),
    "media without source": (of("image", {}), 100, "image: needs id or link"),
    "long caption": (of("video", {"id": "1", "caption": "c" * 1025}), 100, "video.caption: 1025"),
    "caption on audio": (of("audio", {"id": "1", "caption": "c"}), 100, "audio.caption: not allowed"),
    "voice that is no flag": (of("audio", {"id": "1", "voice": "yes"}), 100, "audio.voice: must be true or false"),
    "latitude": (of("location", {"latitude": 90.1, "longitude": 0}), 131009, "location.latitude: must be a number"),
    "many contacts": (contacts(258), 131009, "contacts: 258 entries, at most 257"),
    "contact with half a name": (contacts(1, first_name=""), 131008, "contacts[0].name: needs one of"),
    "reaction without target": (of("reaction", {"emoji": EMOJI}), 131008, "reaction.message_id: required"),
    "unknown template": (template("goodbye", "en"), 132001, "template.name: (goodbye) does not exist in en"),
    "template in another language": (template("hello_world", "en"), 132001, "hello_world (en_US)"),
    "missing parameter": (template("reopen_conversation", "en"), 132000, "body has 0 parameters"),
    "parameter too many": (template("hello_world", "en_US", {"type": "text", "text": "x"}), 132000, "takes 0"),
    "parameter of another kind": (
        template("reopen_conversation", "en", {"type": "image"}),
        132012,
        "template.components[0].parameters[0].type",
    ),
    "new line in a parameter": (reopen("a\nb"), 132018, "template.components[0].parameters[0].text: no new line"),
    "filled text too long": (reopen("a" * 1024), 132005, "template: filled text has"),
    "button that is not there": (
        template("reopen_conversation", "en", {"type": "text", "text": "x"}, buttons=quick_reply("p", "1")),
        132018,
        "template.components[1].index: must be below 1",
    ),
}


@pytest.mark.parametrize(("payload", "code", "details"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(payload: dict[str, Any], code: int, details: str) -> None:
    with pytest.raises(GraphError) as refused:
        check_send(payload, KNOWN_TEMPLATES)
    assert refused.value.code == code
    assert details in refused.value.details
    envelope = refused.value.envelope()["error"]
    assert envelope["message"].startswith(f"(#{code}) ")
    assert envelope["error_data"]["details"] == refused.value.details


def test_to_wins_over_recipient() -> None:
    send = check_send(of("text", {"body": "a"}) | {"recipient": "BR.1"}, KNOWN_TEMPLATES)
    assert (send.digits, send.user_id) == ("5511999990000", None)


def test_template_text_and_default_payload() -> None:
    filled = check_send(reopen("order 7"), KNOWN_TEMPLATES).template
    assert filled is not None
    assert "order 7" in filled.text
    assert filled.buttons == (("Yes, go on", "Yes, go on"),)


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ({"messaging_product": "whatsapp", "status": "read"}, 100),
        ({"messaging_product": "whatsapp", "status": "seen", "message_id": "wamid.A"}, 100),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "w", "typing_indicator": {}}, 131008),
    ],
)
def test_read_marks_refused(mark: dict[str, Any], code: int) -> None:
    with pytest.raises(GraphError) as refused:
        check_read_mark(mark)
    assert refused.value.code == code
