"""What Meta just takes, and what it does not take any more (whatsapp-cloud-api, chapter 5).

`AT_THE_LIMIT` holds an agent's records as large as they may be, `WRONG` records that break one rule each, with what the
error must say. Lengths are characters: an emoji of one code point counts one.
"""

from typing import Any

from tests.unit.kinds import EMOJI, EVERY_KIND, FAMILY, LINK, PERSON, WAMID, Fields, button, buttons, rows, template


def like(name: str, **changes: Any) -> Fields:
    """An agent's record of a kind, with some fields changed."""
    return {**EVERY_KIND[name][0], **changes}


def captioned(kind: str, size: int) -> Fields:
    """A file with a caption of this many characters."""
    return {"message_type": kind, kind: {"link": LINK, "caption": "😀" * size}}


def sections(*sizes: int) -> list[Fields]:
    """Sections with this many rows each, no id twice."""
    return [{"title": f"Part {number}", "rows": rows(size, sum(sizes[:number]))} for number, size in enumerate(sizes)]


def in_sections(*sizes: int) -> Fields:
    """A list with sections of these sizes."""
    return like("list in sections", list_sections=sections(*sizes))


def with_body(*texts: str) -> Fields:
    """A template with these parameters in its body."""
    return template({"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]})


def header(kind: str, content: Any, **more: Any) -> Fields:
    """Buttons under a header."""
    return like("buttons", header={"type": kind, kind: content, **more})


REPLY = {"type": "payload", "payload": "x"}

SIZES: dict[str, tuple[int, Any]] = {
    "text": (4096, lambda n: {"message_type": "text", "text": "😀" * n}),
    "image.caption": (1024, lambda n: captioned("image", n)),
    "video.caption": (1024, lambda n: captioned("video", n)),
    "document.caption": (1024, lambda n: captioned("document", n)),
    "contacts": (257, lambda n: {"message_type": "contacts", "contacts": [PERSON] * n}),
    "buttons": (3, lambda n: like("buttons", buttons=buttons(n))),
    "buttons.0.title": (20, lambda n: like("buttons", buttons=[{"id": "b", "title": "é" * n}])),
    "buttons.0.id": (256, lambda n: like("buttons", buttons=[{"id": "é" * n, "title": "b"}])),
    "header.text": (60, lambda n: header("text", "é" * n)),
    "footer": (60, lambda n: like("buttons", footer="é" * n)),
    "list_title": (20, lambda n: like("list", list_title="é" * n)),
    "list_body": (24, lambda n: like("list", list_body="é" * n)),
    "list_items": (10, lambda n: like("list", list_items=rows(n))),
    "list_items.0.id": (200, lambda n: like("list", list_items=[{"id": "é" * n, "title": "x"}])),
    "list_items.0.title": (24, lambda n: like("list", list_items=[{"id": "p", "title": "é" * n}])),
    "list_items.0.description": (
        72,
        lambda n: like("list", list_items=[{"id": "p", "title": "x", "description": "é" * n}]),
    ),
    "list_sections.0.title": (
        24,
        lambda n: like("list in sections", list_sections=[{"title": "é" * n, "rows": rows(1)}]),
    ),
    "cta_url.display_text": (20, lambda n: like("cta_url", cta_url={"display_text": "é" * n, "url": LINK})),
    "flow.flow_cta": (30, lambda n: like("flow by name", flow={"flow_name": "a", "flow_cta": "é" * n})),
}
"""Field → its limit and a record with a value of this size in it."""

BODIES = {
    "buttons": 1024,
    "cta_url": 1024,
    "flow": 1024,
    "location_request": 1024,
    "contact_request": 1024,
    "list": 4096,
}
SIZES |= {f"text of {kind}": (limit, lambda n, kind=kind: like(kind, text="é" * n)) for kind, limit in BODIES.items()}

AT_THE_LIMIT: dict[str, Fields] = {
    **{field: record(limit) for field, (limit, record) in SIZES.items()},
    "ten rows in ten sections": in_sections(*[1] * 10),
    "ten rows in two sections": in_sections(3, 7),
    "one section without a title": like("list in sections", list_sections=[{"rows": rows(10)}]),
    "the poles": {"message_type": "location", "location": {"latitude": -90, "longitude": 180}},
    "a reaction of one sign": {"message_type": "reaction", "reaction": {"message_id": WAMID, "emoji": FAMILY}},
    "ten template buttons": template(*(button("quick_reply", REPLY, index=str(n)) for n in range(10))),
    "a template button with a number": template({**button("quick_reply", REPLY), "index": 9}),
    "four spaces in a template": with_body("a    b"),
    "nothing but the first words of our menu's ids": like("buttons", buttons=[{"id": "menu", "title": "Menu"}]),
    "empty fields of other kinds": like("buttons", list_items=None, list_title="", caption="", reply_to=None),
}

WRONG: dict[str, tuple[Fields, str]] = {
    **{
        f"too long: {field}": (record(limit + 1), f"may have at most {limit} ")
        for field, (limit, record) in SIZES.items()
    },
    "a preview of nothing": (
        {"message_type": "text", "text": "hi", "preview_url": True},
        "preview_url needs a text with",
    ),
    "an image of nothing": ({"message_type": "image", "image": {}}, "image: needs exactly one of link, id and media"),
    "no image": ({"message_type": "image"}, "image is missing or blank"),
    "an image from two places": (
        {"message_type": "image", "image": {"link": LINK, "id": "1"}},
        "image: needs exactly one of link, id and media, and has link and id",
    ),
    "a link that is none": ({"message_type": "image", "image": {"link": "ftp://x"}}, "image.link: must be an address"),
    "a link with a space": (
        {"message_type": "image", "image": {"link": "http://x y"}},
        "image.link: must be an address",
    ),
    "a blank id": ({"message_type": "image", "image": {"id": " "}}, "image.id is missing or blank"),
    "a caption under a sound": (
        {"message_type": "audio", "audio": {"id": "1", "caption": "listen"}},
        "audio: takes no caption",
    ),
    "a caption under a sticker": (
        {"message_type": "sticker", "sticker": {"id": "1", "caption": "look"}},
        "sticker: takes no caption",
    ),
    "a caption in a header": (header("image", {"id": "1", "caption": "x"}), "header.image: takes no caption"),
    "beyond the pole": (
        {"message_type": "location", "location": {"latitude": 90.1, "longitude": 0}},
        "location.latitude: Input should be less than or equal to 90, got 90.1",
    ),
    "beyond the date line": (
        {"message_type": "location", "location": {"latitude": 0, "longitude": -181}},
        "location.longitude: Input should be greater than or equal to -180, got -181",
    ),
    "no contact": ({"message_type": "contacts", "contacts": []}, "contacts: "),
    "a contact with one name": (
        {"message_type": "contacts", "contacts": [{"name": {"formatted_name": "Ana"}}]},
        "contacts.0.name: needs one of first_name",
    ),
    "a birthday without form": (
        {"message_type": "contacts", "contacts": [{**PERSON, "birthday": "31.12.1985"}]},
        "contacts.0.birthday: ",
    ),
    "a reaction of two signs": (
        {"message_type": "reaction", "reaction": {"message_id": WAMID, "emoji": EMOJI * 2}},
        "reaction.emoji: must be one emoji",
    ),
    "a reaction to nothing": (
        {"message_type": "reaction", "reaction": {"emoji": EMOJI}},
        "reaction.message_id is missing or blank",
    ),
    "a reaction that quotes": (like("reaction", reply_to=WAMID), "takes no reply_to"),
    "a mark on nothing": ({"message_type": "mark_read"}, "message_id is missing or blank"),
    "typing after nothing": ({"message_type": "typing", "message_id": " "}, "message_id is missing or blank"),
    "no button": (like("buttons", buttons=[]), "buttons: "),
    "one id on two buttons": (
        like("buttons", buttons=[{"id": "a", "title": "A"}, {"id": "a", "title": "B"}]),
        "buttons: the id 'a' stands on two buttons",
    ),
    "one title on two buttons": (
        like("buttons", buttons=[{"id": "a", "title": "A"}, {"id": "b", "title": "A"}]),
        "buttons: the title 'A' stands on two buttons",
    ),
    "a button of our menu": (
        like("buttons", buttons=[{"id": "menu|1|agent|2", "title": "Menu"}]),
        "the button id 'menu|1|agent|2' begins like the broker's own",
    ),
    "a row of our menu in a section": (
        like("list in sections", list_sections=[{"title": "x", "rows": [{"id": "menu|1|agent|2", "title": "x"}]}]),
        "the row id 'menu|1|agent|2' begins like the broker's own",
    ),
    "a header of another type": (
        like("buttons", header={"type": "image", "text": "June"}),
        "header: of type image has image and nothing else",
    ),
    "a header of two": (header("image", {"id": "1"}, text="June"), "header: of type image has image and nothing else"),
    "a header of a strange type": (like("buttons", header={"type": "audio"}), "header.type: "),
    "a picture above a list": (
        like("list", header={"type": "image", "image": {"id": "1"}}),
        "header.type: Input should be 'text'",
    ),
    "a header above a request": (
        like("location_request", header={"type": "text", "text": "x"}),
        "takes no header",
    ),
    "a footer under a request": (like("contact_request", footer="x"), "takes no footer"),
    "eleven rows in sections": (
        in_sections(5, 6),
        "list_sections: may have at most 10 rows in all sections together, not 11",
    ),
    "eleven sections": (in_sections(*[1] * 11), "list_sections may have at most 10 items, not 11"),
    "a section without rows": (
        like("list in sections", list_sections=[{"title": "x", "rows": []}]),
        "list_sections.0.rows",
    ),
    "a section without title": (
        like("list in sections", list_sections=[{"title": "x", "rows": rows(1)}, {"rows": rows(1, 1)}]),
        "list_sections: each of several sections needs a title",
    ),
    "one id in two sections": (
        like("list in sections", list_sections=[{"title": t, "rows": rows(1)} for t in "ab"]),
        "list_sections: the id 'p0' stands in two rows",
    ),
    "sections and items": (like("list in sections", list_items=rows(1)), "takes no list_items"),
    "a button to nowhere": (
        like("cta_url", cta_url={"display_text": "Open", "url": "example.org"}),
        "cta_url.url: must be an address",
    ),
    "a flow without a name": (
        like("flow", flow={"flow_cta": "Book"}),
        "flow: needs exactly one of flow_id and flow_name",
    ),
    "a flow of two names": (
        like("flow", flow={"flow_id": "1", "flow_name": "a", "flow_cta": "Book"}),
        "flow: needs exactly one of flow_id and flow_name",
    ),
    "a flow in a strange mode": (
        like("flow", flow={"flow_id": "1", "flow_cta": "Book", "mode": "test"}),
        "flow.mode: Input should be 'draft' or 'published', got 'test'",
    ),
    "a line break in a template": (
        with_body("a", "b\nc"),
        "template.components.0: parameters.1.text may hold no line break",
    ),
    "a tab in a template": (with_body("b\tc"), "parameters.0.text may hold no line break, no tab"),
    "five spaces in a template": (with_body("a     b"), "no more than 4 spaces in a row"),
    "a blank parameter": (with_body(""), "template.components.0.parameters.0.text is missing or blank"),
    "a parameter without its field": (
        template({"type": "body", "parameters": [{"type": "text"}]}),
        "template.components.0.parameters.0: of type text needs the field text",
    ),
    "a picture in a template's body": (
        template({"type": "body", "parameters": [{"type": "image", "image": {"id": "1"}}]}),
        "parameters.0.type: a body takes currency or date_time or text, not image",
    ),
    "two parameters in a template's header": (
        template({"type": "header", "parameters": [{"type": "text", "text": "a"}] * 2}),
        "a header takes one parameter, not 2",
    ),
    "named and numbered parameters": (
        template(
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "parameter_name": "b"}],
            }
        ),
        "either all parameters have a parameter_name or none, not 1 of 2",
    ),
    "an eleventh template button": (
        template(button("quick_reply", REPLY, index="10")),
        "a button needs an index from 0 to 9, not '10'",
    ),
    "two buttons of one index": (
        template(button("quick_reply", REPLY), button("quick_reply", REPLY)),
        "template.components: there are two of button 0",
    ),
    "two bodies": (template({"type": "body"}, {"type": "BODY"}), "template.components: there are two of body"),
    "a template button without a sub type": (
        template({"type": "button", "index": "0"}),
        "a button needs a sub_type",
    ),
    "a payload for an address": (
        template(button("url", REPLY)),
        "parameters.0.type: a button of sub_type url takes text, not payload",
    ),
    "a component without a type": (template({"parameters": []}), "template.components.0.type is missing or blank"),
}
