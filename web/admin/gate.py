"""The door of the admin API: nobody without a valid token gets past it, not even to a path that is not there.

In: requests below `/api/v1`. Out: the request, let through, or 401; and the API's envelope around errors of aiohttp
itself (404, 405, 413). Must never say which token was wrong in what way, nor log one.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from app.settings import Settings, SettingsError
from web.admin.envelopes import error_json

PREFIX = "/api/v1"

log = logging.getLogger("broker.admin")


def check_admin_settings(settings: Settings) -> None:
    """Raise SettingsError when the admin API would have no token; the demo generates one and may do without."""
    if settings.profile != "demo" and not _digests(settings.admin_tokens):
        raise SettingsError(
            "BROKER_ADMIN_TOKENS is empty, so nobody could use the admin API: set it to one or more long random words,"
            " separated by commas (for example from: openssl rand -hex 24)"
        )


def make_gate(tokens: Iterable[SecretStr]) -> Middleware:
    """A middleware that lets only holders of a token to the admin API; without tokens, nobody."""
    valid = _digests(tokens)

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != PREFIX and not request.path.startswith(PREFIX + "/"):
            return await handler(request)
        if not _allowed(request.headers.get("Authorization", ""), valid):
            log.warning("%s %s refused: no valid token", request.method, request.path)
            return _answer(
                error_json("auth-01", "a valid bearer token is needed: Authorization: Bearer <token>"),
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        try:
            return await handler(request)
        except web.HTTPException as error:
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _answer(error_json(f"http-{error.status}", error.reason), error.status, allowed)

    return gate


def holds_token(written: str, tokens: Iterable[SecretStr]) -> bool:
    """Whether what somebody wrote is one of the tokens."""
    return _matches(written, _digests(tokens))


def _answer(body: dict[str, Any], status: int, headers: dict[str, str]) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def _digests(tokens: Iterable[SecretStr]) -> tuple[bytes, ...]:
    secrets = (token.get_secret_value().strip() for token in tokens)
    return tuple(_digest(secret.encode()) for secret in secrets if secret)


def _digest(word: bytes) -> bytes:
    # Digests have one length, so comparing them does not tell how long a token is.
    return hashlib.sha256(word).digest()


def _allowed(header: str, valid: tuple[bytes, ...]) -> bool:
    scheme, _, token = header.partition(" ")
    return _matches(token, valid) and scheme.lower() == "bearer"


def _matches(token: str, valid: tuple[bytes, ...]) -> bool:
    given = _digest(token.strip().encode("utf-8", "surrogateescape"))
    # Every token is compared, so that the time does not tell which one matched.
    matches = [hmac.compare_digest(given, digest) for digest in valid]
    return any(matches)
