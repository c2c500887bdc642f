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
from web.bearer import allowed, digests

PREFIX = "/api/v1"

log = logging.getLogger("broker.admin")


def check_admin_settings(settings: Settings) -> None:
    """Raise SettingsError when the admin API would have no token; the demo generates one and may do without."""
    if settings.profile != "demo" and not digests(settings.admin_tokens):
        raise SettingsError(
            "BROKER_ADMIN_TOKENS is empty, so nobody could use the admin API: set it to one or more long random words,"
            " separated by commas (for example from: openssl rand -hex 24)"
        )


def make_gate(tokens: Iterable[SecretStr]) -> Middleware:
    """A middleware that lets only holders of a token to the admin API; without tokens, nobody."""
    valid = digests(tokens)

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != PREFIX and not request.path.startswith(PREFIX + "/"):
            return await handler(request)
        if not allowed(request.headers.get("Authorization", ""), valid):
            log.warning("%s %s refused: no valid token", request.method, request.path)
            return _answer(
                error_json("auth-01", "a valid bearer token is needed: Authorization: Bearer <token>"),
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        try:
            return await handler(request)
        except web.HTTPException as error:
            methods = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _answer(error_json(f"http-{error.status}", error.reason), error.status, methods)

    return gate


def _answer(body: dict[str, Any], status: int, headers: dict[str, str]) -> web.Response:
    return web.json_response(body, status=status, headers=headers)
