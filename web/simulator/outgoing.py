"""What a user sees of a send: its text, what can be tapped, and what of a template the phone draws.

A checked payload comes in; out go the line for the transcript and the choices of the phone. It never
judges the payload; that is `validation`.
"""

from typing import Any

from web.simulator.validation import Send

MEDIA = ("image", "video", "audio", "document", "sticker")


def describe(payload: dict[str, Any], send: Send) -> tuple[str, list[dict[str, str]]]:
    """Return the text of a send and its choices."""
    if send.template is not None:
        choices = [
            {"kind": "template_button", "id": payload_, "title": label} for payload_, label in send.template.buttons
        ]
        return send.template.text, choices
    content = payload[send.type]
    if send.type == "interactive":
        return str(content["body"]["text"]), _choices(content)
    return plain_text(send.type, content), []


def drawn(send: Send) -> dict[str, Any]:
    """Return header, footer and links of a template, which its payload alone does not tell."""
    template = send.template
    if template is None:
        return {}
    return {
        "template": {"header": template.header, "footer": template.footer, "links": list(template.links)},
    }


def plain_text(kind: str, content: Any) -> str:
    """Return one line of text for a message that is not interactive, from either side."""
    if kind == "text":
        return str(content["body"])
    if kind in MEDIA:
        return str(content.get("caption") or content.get("filename") or content.get("link") or kind)
    if kind == "location":
        return str(content.get("name") or f"{content.get('latitude')}, {content.get('longitude')}")
    if kind == "contacts":
        return ", ".join(str((contact.get("name") or {}).get("formatted_name", "contact")) for contact in content)
    if kind == "reaction":
        return str(content.get("emoji") or "")
    return kind


def _choices(content: dict[str, Any]) -> list[dict[str, str]]:
    action = content["action"]
    if content["type"] == "button":
        return [
            {"kind": "button", "id": button["reply"]["id"], "title": button["reply"]["title"]}
            for button in action["buttons"]
        ]
    if content["type"] != "list":
        return []
    choices = []
    for section in action["sections"]:
        for row in section["rows"]:
            choice = {"kind": "row", "id": row["id"], "title": row["title"]}
            if row.get("description"):
                choice["description"] = row["description"]
            if section.get("title"):
                choice["section"] = section["title"]
            choices.append(choice)
    return choices
