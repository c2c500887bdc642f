"""The door of the admin page: a browser logs in with an admin token and holds a signed cookie from then on.

In: requests below `/admin`. Out: the request, let through, or the way to the login. The cookie never holds the token,
and a token that is taken from the settings takes its logins with it. Must never let a change in from another site.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from web.admin.gate import ACTOR
from web.admin.tokens import Holder, bare_token, holder_of, read_holders
from web.bearer import digest
from web.chat.access import foreign, is_https

PAGE = "/admin/"
LOGIN, NUMBERS = PAGE + "login", PAGE + "numbers"
PUBLIC = (PAGE + "static/", PAGE + "shared/")
COOKIE = "broker_admin"
LOGIN_SECONDS = 12 * 3600
BEARER = web.RequestKey("bearer", dict[str, str])
"""Under this key stands the header with which another worker is asked for who is logged in: by their own token, so that
it knows who acts."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)


class Door:
    """Knows who is logged in."""

    def __init__(self, tokens: Sequence[SecretStr], clock: Callable[[], float]) -> None:
        """`tokens` are the entries of the setting; raises SettingsError when one is wrong."""
        self._holders = read_holders(tokens)
        bare = (bare_token(one.get_secret_value()) for one in tokens)
        self._bearers = {digest(token): {"Authorization": f"Bearer {token}"} for token in bare}
        self._clock = clock

    def inside(self, request: web.Request) -> Holder | None:
        """With whose token a request's browser is logged in."""
        expires, _, signature = request.cookies.get(COOKIE, "").partition(".")
        given = signature.encode("utf-8", "replace")
        # Every token is compared, so that the time does not tell which one matched.
        matches = [holder for holder in self._holders if hmac.compare_digest(given, _sign(holder, expires))]
        return matches[0] if matches and self._clock() < int(expires) else None

    def let_in(self, request: web.Request, response: web.StreamResponse, written: str) -> bool:
        """Log a browser in, if what was written is a token."""
        holder = holder_of(written.strip(), self._holders)
        if holder is None:
            return False
        expires = str(int(self._clock()) + LOGIN_SECONDS)
        response.set_cookie(
            COOKIE,
            f"{expires}.{_sign(holder, expires).decode()}",
            max_age=LOGIN_SECONDS,
            path=PAGE,
            httponly=True,
            samesite="Strict",
            secure=is_https(request),
        )
        return True

    def let_out(self, request: web.Request, response: web.StreamResponse) -> None:
        """Forget the browser's login."""
        response.del_cookie(COOKIE, path=PAGE, httponly=True, samesite="Strict", secure=is_https(request))

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let to the page only who is logged in, and changes only from the page itself."""
        if not request.path.startswith(PAGE) or request.path.startswith(PUBLIC):
            return await handler(request)
        if request.method not in ("GET", "HEAD") and foreign(request):
            raise web.HTTPForbidden(text="the admin page takes forms of this host only")
        if request.path != LOGIN:
            holder = self.inside(request)
            if holder is None and request.path == NUMBERS:
                raise web.HTTPUnauthorized(text="log in again")
            if holder is None:
                raise web.HTTPSeeOther(LOGIN)
            request[ACTOR] = holder.name
            request[BEARER] = self._bearers[holder.digest]
        return await handler(request)

    async def protect(self, request: web.Request, response: web.StreamResponse) -> None:
        """Headers that keep a browser from doing anything but showing our own page."""
        if not request.path.startswith(PAGE):
            return
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-cache" if request.path.startswith(PUBLIC) else "no-store"


def _sign(holder: Holder, expires: str) -> bytes:
    words = b"admin page\0" + expires.encode("utf-8", "replace")
    return hmac.new(holder.digest, words, hashlib.sha256).hexdigest().encode()
