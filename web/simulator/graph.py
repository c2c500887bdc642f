"""The Graph API's door: POST /{version}/{phone_number_id}/messages, answered or refused as Meta does.

A send or a read mark comes in; out go Meta's answer, a line in the user's transcript and the statuses to
come. Every POST is noted in the graph log, never with its token.
"""

import asyncio
import json
from typing import Any

from aiohttp import web

from web.simulator.config import Number
from web.simulator.door import check_number, check_token, no_object, refused
from web.simulator.errors import GraphError
from web.simulator.exchange import accept_send, mark_read
from web.simulator.parts import PARTS, Parts
from web.simulator.validation import check_read_mark, check_send


async def post_messages(request: web.Request) -> web.StreamResponse:
    """Answer a send or a read mark."""
    parts = request.app[PARTS]
    await asyncio.sleep(parts.faults.graph_latency())
    payload: Any = None
    try:
        check_token(request, parts)
        number = check_number(request.match_info["phone_number_id"], parts)
        parts.world.graph_origin = str(request.url.origin())
        payload = await _read_payload(request)
        body, wamid = _act(payload, parts, number)
    except GraphError as error:
        _note(request, payload, code=error.code, http_status=error.http_status, wamid=None)
        return refused(error)
    return await _answer(request, parts, payload, body, wamid)


async def refuse_path(request: web.Request) -> web.Response:
    """Answer every other Graph path: management calls are not played."""
    path = request.match_info["path"]
    return refused(no_object(path, "the simulator plays messages and media of its numbers only"))


async def _read_payload(request: web.Request) -> dict[str, Any]:
    try:
        payload = json.loads(await request.read())
    except ValueError:
        raise GraphError(100, "the body is not valid JSON") from None
    if not isinstance(payload, dict):
        raise GraphError(100, "the body must be a JSON object")
    return payload


def _act(payload: dict[str, Any], parts: Parts, number: Number) -> tuple[dict[str, Any], str | None]:
    """Do what the payload asks; return the answer's body and the wamid of a send."""
    if "status" in payload:
        message_id, typing = check_read_mark(payload)
        mark_read(parts, number, message_id, typing=typing)
        return {"success": True}, None
    send = check_send(payload, tuple(parts.world.templates))
    return accept_send(parts, number, payload, send)


async def _answer(
    request: web.Request, parts: Parts, payload: Any, body: dict[str, Any], wamid: str | None
) -> web.StreamResponse:
    switches = parts.faults.switches
    lost = parts.faults.strikes(switches.lose_answers)
    stalled = parts.faults.strikes(switches.stall_rate)
    call = _note(request, payload, code=None, http_status=200, wamid=wamid)
    if stalled:
        await asyncio.sleep(switches.stall_seconds)
    if lost:
        if request.transport is not None:
            request.transport.abort()
    elif request.transport is not None and not request.transport.is_closing():
        call.answered = True
        parts.world.graph_log.touch(call)
    return web.json_response(body)


def _note(request: web.Request, payload: Any, *, code: int | None, http_status: int, wamid: str | None) -> Any:
    to = (payload.get("to") or payload.get("recipient")) if isinstance(payload, dict) else None
    return request.app[PARTS].world.log_graph(
        phone_number_id=request.match_info["phone_number_id"],
        accepted=code is None,
        code=code,
        http_status=http_status,
        wamid=wamid,
        to=to,
        payload=payload,
        answered=code is not None,
    )
