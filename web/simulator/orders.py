"""What every view of the control API does alike: read an order, find the user, answer from a log, explain a refusal.

A request comes in; out go data or an answer. Errors answer {"error": text}: 403 foreign page, 404 unknown, 422 not
possible.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from web.simulator.journal import Journal
from web.simulator.parts import PARTS
from web.simulator.users import User

WAIT_LIMIT_SECONDS = 60.0


def find_user(request: web.Request) -> User:
    """Return the user of the path; raises 404."""
    identifier = request.match_info["id"]
    user = request.app[PARTS].world.users.get(identifier)
    if user is None:
        raise web.HTTPNotFound(
            text=json.dumps({"error": f"no user {identifier}; GET /sim/users lists them"}),
            content_type="application/json",
        )
    return user


async def read_json(request: web.Request) -> Any:
    """Return the body's JSON; raises ValueError, which the error middleware answers."""
    try:
        return json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise ValueError(f"body: not valid JSON: {error}") from None


async def read_journal(request: web.Request, journal: Journal[Any], name: str) -> web.Response:
    """Answer ?after=SEQ&wait=SECONDS, or ?changed_after=REVISION, from a journal."""
    query = request.query
    after = int(query.get("after", "0"))
    changed_after = int(query["changed_after"]) if "changed_after" in query else None
    seconds = min(float(query.get("wait", "0")), WAIT_LIMIT_SECONDS)
    entries: Sequence[Any] = await journal.wait_newer(after, seconds, changed_after)
    last = max((entry.seq for entry in entries), default=after)
    revision = max((entry.changed for entry in entries), default=changed_after or after)
    return web.json_response({name: [asdict(entry) for entry in entries], "seq": last, "revision": revision})


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refused order with 422 and the reason, and refuse orders of foreign web pages."""
    if not request.path.startswith("/sim/"):
        return await handler(request)
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return web.json_response({"error": "orders come from this simulator's own page only"}, status=403)
    try:
        return await handler(request)
    except ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in error.errors()]
        return web.json_response({"error": "; ".join(problems)}, status=422)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=422)
