"""Answers with the bytes of a stored file, whole or a range of them, a part at a time.

In: a request, and a file open for reading. Out: 200, 206, 304 or 416. A file that breaks off breaks the connection off:
nobody takes a part for the whole. Must never hold a whole file in memory.
"""

import asyncio
import logging
import re
from collections.abc import Callable

from aiohttp import web

from app.stores.media import Outgoing

PART_BYTES = 256 * 1024
ONE_RANGE = re.compile(r"bytes=[0-9]*-[0-9]*\Z", re.IGNORECASE)
"""Whoever asks for several ranges, or in another unit, gets the whole file, as HTTP has it (RFC 9110, 14.2)."""

log = logging.getLogger("broker.media")


def _range(request: web.Request, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last that are asked for; None when a file of `size` bytes has none of them."""
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:
        return None
    return (start, stop) if start < stop else None


async def answer(
    request: web.Request, size: int, tag: str, headers: dict[str, str], get: Callable[[int], Outgoing | None]
) -> web.StreamResponse | None:
    """The answer for a file of `size` bytes; `get` opens it at an offset. None when it is not there, or another.

    `tag` names these very bytes, as ETag. Raises OSError when the store is away.
    """
    headers = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
    if tag in (one.strip() for one in request.headers.get("If-None-Match", "").split(",")):
        return web.Response(status=304, headers=headers)
    # An empty file has no range at all.
    ranged = ONE_RANGE.match(request.headers.get("Range", "")) and request.headers.get("If-Range", tag) == tag
    whole = not size or not ranged
    part = (0, size) if whole else _range(request, size)
    if part is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = part
    file = await asyncio.to_thread(get, start)
    if file is None:
        return None
    try:
        if file.size != size:
            return None
        if not whole:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        response = web.StreamResponse(status=200 if whole else 206, headers=headers)
        response.content_length = stop - start
        await response.prepare(request)
        if request.method != "HEAD":
            await _write(request, response, file, stop - start)
        return response
    finally:
        file.close()


async def _write(request: web.Request, response: web.StreamResponse, file: Outgoing, left: int) -> None:
    while left:
        try:
            part = await asyncio.to_thread(file.read, min(PART_BYTES, left))
        except OSError as error:
            log.error("a file broke off while it was served: %s", error)
            part = b""
        if not part:
            if request.transport is not None:
                request.transport.abort()
            return
        try:
            await response.write(part)
        except ConnectionError:
            return  # whoever asked has left
        left -= len(part)
