"""The media a send carries, wherever they stand: the message itself, an interactive header, a template's header.

A checked payload comes in; out go (path, kind, object) of each medium. It judges nothing.
"""

from collections.abc import Iterator
from typing import Any

from web.simulator.media_rules import KINDS

Place = tuple[str, str, dict[str, Any]]


def attached_media(payload: dict[str, Any]) -> Iterator[Place]:
    """Yield every medium of a payload that passed validation."""
    kind = payload.get("type", "text")
    content = payload.get(kind)
    if not isinstance(content, dict):
        return
    if kind in KINDS:
        yield kind, kind, content
    elif kind == "interactive":
        header = content.get("header") or {}
        if header.get("type") in KINDS:
            yield f"interactive.header.{header['type']}", header["type"], header[header["type"]]
    elif kind == "template":
        for index, component in enumerate(content.get("components") or []):
            if component.get("type") != "header":
                continue
            for number, parameter in enumerate(component.get("parameters") or []):
                if parameter.get("type") in KINDS:
                    path = f"template.components[{index}].parameters[{number}].{parameter['type']}"
                    yield path, parameter["type"], parameter[parameter["type"]]
