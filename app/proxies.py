"""Whose address a web request comes from, behind proxies of ours.

In: requests, and how many proxies stand before the process. Out: requests whose `remote` is the browser's address. It
believes exactly as many entries of X-Forwarded-For as there are proxies: the rest is what the browser itself wrote.
"""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


def behind(proxies: int) -> Middleware:
    """A middleware for a server behind so many proxies, each of which adds whom it heard to X-Forwarded-For."""

    @web.middleware
    async def believe(request: web.Request, handler: Handler) -> web.StreamResponse:
        heard = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        way = [address.strip() for address in heard if address.strip()]
        if len(way) < proxies:
            # Somebody who did not come by all of the proxies, such as a health check.
            return await handler(request)
        return await handler(request.clone(remote=way[-proxies]))

    return believe
