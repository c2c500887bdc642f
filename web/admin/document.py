"""The admin API as an OpenAPI 3.1 document.

In: the limits of the register's rules. Out: JSON that is served at `/api/v1/openapi.json` and stands in
docs/openapi.json (`make schema`). What JSON Schema cannot say (a name nobody has, a zone there is) stands in
docs/register.md and is answered with 409 or 422.
"""

from collections.abc import Iterable
from typing import Any

from app.core.acts import NOTE_MAX
from app.core.agent_rules import MESSAGE_MAX, POSITION_MAX, TOPIC_FIELDS, TOPIC_MAX
from app.core.agent_texts import LENGTHS
from app.core.messages import ROW_DESCRIPTION_MAX, ROW_TITLE_MAX
from web.admin.gate import PREFIX
from web.admin.office import LIMIT_MAX
from web.admin.orders import REQUEST_MAX
from web.admin.passing import IDEMPOTENCY
from web.admin.people import LISTED_MOST, NAME_MAX

JSON = "application/json"
ID = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
WORDS = {"type": "string"}
SUCCESS = {"const": "success"}


def openapi() -> dict[str, Any]:
    """The whole document."""
    agent = {"$ref": "#/components/schemas/Agent"}
    agents = _data({"type": "array", "items": agent}, total=_count(), limit=_count(), offset=_count())
    pages = [_query("limit", 1, LIMIT_MAX), _query("offset", 0, 10**9)]
    done = _object({"status": SUCCESS}, "status")
    session, listed = {"$ref": "#/components/schemas/Session"}, {"type": "array", "items": {"type": "object"}}
    rows = _data(listed, more={"type": "boolean"})
    changes = _data({"type": "array", "items": {"$ref": "#/components/schemas/Change"}})
    orders = _data({"type": "array", "items": {"$ref": "#/components/schemas/Order"}})
    users = _data({"type": "array", "items": session}, more={"type": "boolean"}, missing=_count())
    named = {"type": "string", "minLength": 1, "maxLength": NAME_MAX}
    search = [_parameter("name", "query", named) | {"required": True}, _query("limit", 1, LISTED_MOST)]
    ordered = _object({"user": WORDS, "order": WORDS}, "user", "order")
    order = _object({"status": {"const": "accepted"}, "data": ordered}, "status", "data")
    named_by_caller = [_parameter(IDEMPOTENCY, "header", {"type": "string", "minLength": 1, "maxLength": REQUEST_MAX})]
    ours: dict[str, list[str]] = {"Authorization": []}
    paths = {
        "/agent/create": {
            "post": _call("Create an agent", _object({"id": ID}, "id"), 400, 409, 413, 422, body="NewAgent")
        },
        "/agent/update": {"post": _call("Replace an agent", done, 400, 404, 409, 413, 422, body="AgentWithId")},
        "/agent/delete/{agent_id}": {"delete": _call("Take an agent out of the menu", done, 404, 422, path="agent_id")},
        "/agent": {"get": _call("Active agents in menu order", agents, 422, more=pages)},
        "/agent/": {"get": _call("The same", agents, 422, more=pages)},
        "/agent/by-name/{name}": {
            "get": _call("Active agents by a part of their name", agents, 404, 422, more=pages, path="name")
        },
        "/agent/{agent_id}": {
            "get": _call("An active agent", _data(agent), 404, 422, path="agent_id"),
            "put": _call("Replace an agent", _data(agent), 400, 404, 409, 413, 422, body="NewAgent", path="agent_id"),
        },
        "/audit": {"get": _call("The newest changes of agents", changes, 422, more=pages[:1])},
        "/audit/orders": {"get": _call("The newest orders about users", orders, 422, more=pages[:1])},
        "/session/{user}": {
            "get": _call("With whom a user is", _data(session), 404, path="user"),
            "delete": _call("End a user's conversation", order, 404, 422, path="user", done=202, more=named_by_caller),
        },
        "/session/{user}/move": {
            "post": _call(
                "Connect a user with an agent",
                order,
                400,
                404,
                413,
                422,
                body="Move",
                path="user",
                done=202,
                more=named_by_caller,
            ),
        },
        "/session": {
            "get": _call("Who is with an agent", rows, 422, more=[pages[0], _parameter("agent", "query", WORDS)])
        },
        "/users": {"get": _call("Users by a part of their name", users, 422, more=search)},
        "/stats": {"get": _call("Users per agent", _data(_stats()))},
        "/agents/numbers": {"get": _call("What flows to and from every agent", _data(_numbers()))},
        "/openapi.json": {"get": _call("This document", {"type": "object"})},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "WhatsApp broker: admin API", "version": "1"},
        "servers": [{"url": PREFIX}],
        "security": [ours],
        "paths": paths,
        "components": {
            "securitySchemes": {"Authorization": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "NewAgent": _object(_fields(), "name", *TOPIC_FIELDS),
                "AgentWithId": _object({"id": ID, **_fields()}, "id", "name", *TOPIC_FIELDS),
                "Move": _object({"agent": {"type": ["integer", "string"]}, "note": _note()}, "agent"),
                "Agent": _shown(),
                "Change": _change(),
                "Order": _order(),
                "Session": _session(),
                "Error": _error(),
            },
        },
    }


def _note() -> dict[str, Any]:
    return {"type": ["string", "null"], "minLength": 1, "maxLength": NOTE_MAX}


def _fields() -> dict[str, Any]:
    topic = {"type": "string", "pattern": "^[A-Za-z0-9._-]+$", "maxLength": TOPIC_MAX}
    message = {"type": "string", "maxLength": MESSAGE_MAX}
    return {
        "name": {"type": "string", "minLength": 1, "maxLength": ROW_TITLE_MAX},
        **dict.fromkeys(TOPIC_FIELDS, topic),
        "description": {"type": "string", "maxLength": ROW_DESCRIPTION_MAX},
        "position": {"type": "integer", "minimum": 0, "maximum": POSITION_MAX},
        "hours": {
            "type": ["object", "null"],
            "properties": {"zone": WORDS, "days": {"type": "object"}, "holidays": {"type": "object"}},
        },
        "closed_message": message,
        "welcome_message": message,
        "texts": {"type": "object", "properties": _sentences(), "additionalProperties": False},
        "active": {"enum": [0, 1, False, True, None]},
    }


def _sentences() -> dict[str, Any]:
    return {name: {"type": "string", "minLength": least, "maxLength": most} for name, (least, most) in LENGTHS.items()}


def _shown() -> dict[str, Any]:
    # Rows made by hand may break the rules, so what is shown promises types only.
    texts = ("name", *TOPIC_FIELDS, "description", "closed_message", "welcome_message")
    fields = {
        "id": {"type": "integer"},
        **dict.fromkeys(texts, WORDS),
        "position": {"type": "integer"},
        "hours": {"type": ["object", "null"]},
        "texts": {"type": "object", "additionalProperties": WORDS},
        "active": {"enum": [0, 1]},
        "draining": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    return _object(fields, *fields)


def _change() -> dict[str, Any]:
    row = {"type": ["object", "null"]}
    fields = {"id": ID, "at": {"type": "number"}, "actor": WORDS, "agent_id": ID, "before": row, "after": row}
    return _object(fields, *fields)


def _order() -> dict[str, Any]:
    agent = {"type": ["integer", "null"]}
    fields = {"id": ID, "at": {"type": "number"}, "actor": WORDS, "action": {"enum": ["move", "end"]}}
    fields |= {"user": WORDS, "from": agent, "to": agent, "order": WORDS}
    return _object(fields, *fields)


def _session() -> dict[str, Any]:
    """What app/core/lookup.py shows of a user."""
    moment = _object({"seconds": {"type": "number"}, "utc": WORDS}, "seconds", "utc")
    agent = _object({"id": {"type": "integer"}, "name": {"type": ["string", "null"]}}, "id", "name")
    names = dict.fromkeys(("key", "phone_number_id", "wa_id", "user_id", "name"), WORDS)
    fields = {
        "user": _object(names, "key"),
        "state": {"enum": ["agent", "menu", "none"]},
        "agent": _or_null(agent),
        "since": _or_null(moment),
        "window": _object({"open": {"type": "boolean"}, "ends": _or_null(moment)}, "open", "ends"),
        "kept_messages": _count(),
    }
    return _object(fields, *fields)


def _stats() -> dict[str, Any]:
    agent = {"id": {"type": "integer"}, "name": WORDS, "active": {"enum": [0, 1]}, "users": _count()}
    agents = {"type": "array", "items": _object(agent, *agent)}
    return _object({"sessions": _count(), "menu": _count(), "agents": agents}, "sessions", "menu", "agents")


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _numbers() -> dict[str, Any]:
    rate, whole = {"type": ["number", "null"], "minimum": 0}, {"type": ["integer", "null"], "minimum": 0}
    group = _object({"group": WORDS, "members": whole, "unread": _count()}, "group", "members", "unread")
    agent = {
        "id": {"type": "integer"},
        "name": WORDS,
        "in_per_minute": rate | _means("records its program gets, per minute, mean of the last 5 minutes"),
        "out_per_minute": rate | _means("records its program writes, per minute, mean of the last 5 minutes"),
        "errors_last_minute": whole | _means("records of its error topic"),
        "errors_last_hour": whole | _means("records of its error topic"),
        "readers": {"enum": ["reading", "away", "none", None]},
        "unread": whole | _means("records of its in topic its program has not read"),
        "waiting_seconds": rate | _means("how long at least the oldest of them has been there"),
        "groups": {"type": "array", "items": group},
        "not_carried": whole | _means("records of its out topic the broker has not read"),
    }
    agents = {"type": "array", "items": _object(agent, *agent)}
    at = {"type": ["number", "null"]} | _means("when it was measured, in seconds UTC")
    problem = {"type": ["string", "null"]} | _means("why it is not newer")
    return _object({"at": at, "problem": problem, "agents": agents}, "at", "problem", "agents")


def _means(words: str) -> dict[str, str]:
    return {"description": words}


def _error() -> dict[str, Any]:
    problem = _object({"field": WORDS, "reason": WORDS}, "field", "reason")
    errors = {"type": "array", "items": problem, "minItems": 1}
    return _object({"internal_code": WORDS, "message": WORDS, "errors": errors}, "internal_code", "message")


def _call(
    summary: str,
    success: dict[str, Any],
    *errors: int,
    body: str = "",
    path: str = "",
    done: int = 200,
    more: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    parameters = [*([_parameter(path, "path", {"type": "string", "minLength": 1})] if path else []), *more]
    error = _answer("An error", {"$ref": "#/components/schemas/Error"})
    call: dict[str, Any] = {
        "summary": summary,
        "responses": {str(done): _answer("Done", success), **{str(code): error for code in (401, *errors, 500, 503)}},
    }
    if parameters:
        call["parameters"] = parameters
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        call["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return call


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _data(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _object({"status": SUCCESS, "data": schema, **more}, "status", "data")


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _count() -> dict[str, Any]:
    return {"type": "integer", "minimum": 0}


def _query(name: str, least: int, most: int) -> dict[str, Any]:
    return _parameter(name, "query", {"type": "integer", "minimum": least, "maximum": most})


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}
