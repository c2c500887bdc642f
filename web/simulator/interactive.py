"""Limits of interactive messages: lists, buttons, links, requests and flows.

The `interactive` object of a send comes in; nothing goes out but a GraphError (131008 missing, 131009
value, 131051 a kind not played here) with the offending path.
"""

from collections.abc import Callable
from typing import Any

from web.simulator.errors import GraphError
from web.simulator.rules import INVALID, need_list, need_object, need_text, one_of, optional_text, web_link

PATH = "interactive"
ACTION = "interactive.action"
HEADER_LIMIT = 60
FOOTER_LIMIT = 60
BODY_LIMIT = 1024
LIST_BODY_LIMIT = 4096
LABEL_LIMIT = 20
FLOW_LABEL_LIMIT = 30
FLOW_TOKEN_LIMIT = 1000
BUTTONS_LIMIT = 3
BUTTON_ID_LIMIT = 256
SECTIONS_LIMIT = 10
ROWS_LIMIT = 10
ROW_ID_LIMIT = 200
ROW_TITLE_LIMIT = 24
ROW_DESCRIPTION_LIMIT = 72
MEDIA_HEADERS = ("text", "image", "video", "document")


def check_interactive(content: dict[str, Any]) -> None:
    """Refuse an interactive object outside the documented limits."""
    kind = need_text(content, "type", PATH, limit=40)
    check_action = CHECKS.get(kind)
    if check_action is None:
        raise GraphError(131051, f"{PATH}.type: {kind} is not played here; played: {', '.join(CHECKS)}")
    body_limit = LIST_BODY_LIMIT if kind == "list" else BODY_LIMIT
    need_text(need_object(content, "body", PATH), "text", f"{PATH}.body", limit=body_limit)
    _check_header(kind, content)
    if content.get("footer") is not None:
        _refuse_extra(kind, content, "footer")
        need_text(need_object(content, "footer", PATH), "text", f"{PATH}.footer", limit=FOOTER_LIMIT)
    check_action(need_object(content, "action", PATH))


def _refuse_extra(kind: str, content: dict[str, Any], member: str) -> None:
    if kind in ("location_request_message", "request_contact_info") and content.get(member) is not None:
        raise GraphError(INVALID, f"{PATH}.{member}: not allowed in {kind}")


def _check_header(kind: str, content: dict[str, Any]) -> None:
    if content.get("header") is None:
        return
    _refuse_extra(kind, content, "header")
    header = need_object(content, "header", PATH)
    path = f"{PATH}.header"
    allowed = ("text",) if kind == "list" else MEDIA_HEADERS
    what = one_of(header, "type", path, allowed)
    if what == "text":
        need_text(header, "text", path, limit=HEADER_LIMIT)
        return
    media = need_object(header, what, path)
    if not media.get("id"):
        web_link(media, "link", f"{path}.{what}")
    if media.get("caption") is not None:
        raise GraphError(INVALID, f"{path}.{what}.caption: not allowed in a header")


def _check_buttons(action: dict[str, Any]) -> None:
    ids: set[str] = set()
    titles: set[str] = set()
    for index, button in enumerate(need_list(action, "buttons", ACTION, least=1, most=BUTTONS_LIMIT)):
        path = f"{ACTION}.buttons[{index}]"
        _need_entry(button, path)
        one_of(button, "type", path, ("reply",))
        reply = need_object(button, "reply", path)
        identifier = need_text(reply, "id", f"{path}.reply", limit=BUTTON_ID_LIMIT)
        title = need_text(reply, "title", f"{path}.reply", limit=LABEL_LIMIT)
        _refuse_twice(identifier, ids, f"{path}.reply.id")
        _refuse_twice(title, titles, f"{path}.reply.title")


def _check_list(action: dict[str, Any]) -> None:
    need_text(action, "button", ACTION, limit=LABEL_LIMIT)
    sections = need_list(action, "sections", ACTION, least=1, most=SECTIONS_LIMIT)
    ids: set[str] = set()
    total = 0
    for index, section in enumerate(sections):
        path = f"{ACTION}.sections[{index}]"
        _need_entry(section, path)
        if len(sections) > 1:
            need_text(section, "title", path, limit=ROW_TITLE_LIMIT)
        else:
            optional_text(section, "title", path, limit=ROW_TITLE_LIMIT)
        rows = need_list(section, "rows", path, least=1)
        total += len(rows)
        if total > ROWS_LIMIT:
            raise GraphError(INVALID, f"{ACTION}.sections: {total} rows in total, at most {ROWS_LIMIT}")
        for number, row in enumerate(rows):
            _check_row(row, f"{path}.rows[{number}]", ids)


def _check_row(row: Any, path: str, ids: set[str]) -> None:
    _need_entry(row, path)
    identifier = need_text(row, "id", path, limit=ROW_ID_LIMIT)
    need_text(row, "title", path, limit=ROW_TITLE_LIMIT)
    optional_text(row, "description", path, limit=ROW_DESCRIPTION_LIMIT)
    _refuse_twice(identifier, ids, f"{path}.id")


def _check_link(action: dict[str, Any]) -> None:
    one_of(action, "name", ACTION, ("cta_url",))
    parameters = need_object(action, "parameters", ACTION)
    need_text(parameters, "display_text", f"{ACTION}.parameters", limit=LABEL_LIMIT)
    web_link(parameters, "url", f"{ACTION}.parameters")


def _check_flow(action: dict[str, Any]) -> None:
    one_of(action, "name", ACTION, ("flow",))
    parameters = need_object(action, "parameters", ACTION)
    path = f"{ACTION}.parameters"
    one_of(parameters, "flow_message_version", path, ("3",))
    need_text(parameters, "flow_cta", path, limit=FLOW_LABEL_LIMIT)
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise GraphError(131008, f"{path}: needs exactly one of flow_id and flow_name")
    optional_text(parameters, "flow_token", path, limit=FLOW_TOKEN_LIMIT)
    if parameters.get("mode") is not None:
        one_of(parameters, "mode", path, ("draft", "published"))
    if parameters.get("flow_action") is not None:
        one_of(parameters, "flow_action", path, ("navigate", "data_exchange"))
    if parameters.get("flow_action_payload") is not None:
        start = need_object(parameters, "flow_action_payload", path)
        need_text(start, "screen", f"{path}.flow_action_payload", limit=200)


def _check_send_location(action: dict[str, Any]) -> None:
    one_of(action, "name", ACTION, ("send_location",))


def _check_request_contact(action: dict[str, Any]) -> None:
    one_of(action, "name", ACTION, ("request_contact_info",))


def _need_entry(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise GraphError(INVALID, f"{path}: must be an object")


def _refuse_twice(value: str, seen: set[str], path: str) -> None:
    if value in seen:
        raise GraphError(INVALID, f"{path}: used twice")
    seen.add(value)


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "location_request_message": _check_send_location,
    "request_contact_info": _check_request_contact,
    "flow": _check_flow,
}
