"""The door of the admin API: nobody without a valid token gets past it, not even to a path that is not there.

In: requests below `/api/v1`. Out: the request, let through, or 401; and the API's envelope around errors of aiohttp
itself (404, 405, 413). Must never say which token was wrong in what way, nor log one.
"""

import logging
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from app.settings import Settings, SettingsError
from web.admin.envelopes import error_json
from web.admin.tokens import holder_of, read_holders
from web.bearer import bearer

PREFIX = "/api/v1"
ACTOR = web.RequestKey("actor", str)
"""Under this key a request that was let through says whose token it showed."""

log = logging.getLogger("broker.admin")


def check_admin_settings(settings: Settings) -> None:
    """Raise SettingsError when there is no token or a wrong one; the demo generates one and may do without."""
    if not read_holders(settings.admin_tokens) and settings.profile != "demo":
        raise SettingsError(
            "BROKER_ADMIN_TOKENS is empty, so nobody could use the admin API: set it to one or more long random words,"
            " separated by commas (for example from: openssl rand -hex 24), each bare or as name:word"
        )


def make_gate(tokens: Iterable[SecretStr]) -> Middleware:
    """A middleware that lets only holders of a token to the admin API; without tokens, nobody."""
    holders = read_holders(tokens)

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != PREFIX and not request.path.startswith(PREFIX + "/"):
            return await handler(request)
        holder = holder_of(bearer(request.headers.get("Authorization", "")), holders)
        if holder is None:
            log.warning("%s %s refused: no valid token", request.method, request.rel_url.raw_path[:200])
            return _answer(
                error_json("auth-01", "a valid bearer token is needed: Authorization: Bearer <token>"),
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        request[ACTOR] = holder.name
        try:
            return await handler(request)
        except web.HTTPException as error:
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _answer(error_json(f"http-{error.status}", error.reason), error.status, allowed)

    return gate


def _answer(body: dict[str, Any], status: int, headers: dict[str, str]) -> web.Response:
    return web.json_response(body, status=status, headers=headers)
