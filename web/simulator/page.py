"""The phones page: its files, and the socket that pushes every change to it.

Browsers come in; out go the page, a snapshot of all phones, then each event. Orders of the page go to
the control API, never through the socket.
"""

import asyncio
import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from web.simulator.parts import PARTS, Parts

STATIC = Path(__file__).parent / "static"
SNAPSHOT_MESSAGES = 200
QUEUE_LIMIT = 2000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)


async def get_page(request: web.Request) -> web.FileResponse:
    """Serve the phones page."""
    return web.FileResponse(STATIC / "phones.html", headers=HEADERS)


async def get_socket(request: web.Request) -> web.WebSocketResponse:
    """Push a snapshot and then every event to one page."""
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    parts = request.app[PARTS]
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(QUEUE_LIMIT)
    queue.put_nowait(snapshot(parts))

    def listen(event: dict[str, Any]) -> None:
        if queue.full():
            # too slow to follow: end here, the page comes back and takes a fresh snapshot
            parts.world.listeners.discard(listen)
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)
            return
        queue.put_nowait(snapshot(parts) if event["type"] == "reset" else event)

    parts.world.listeners.add(listen)
    request.app[SOCKETS].add(socket)
    push = asyncio.create_task(_push(queue, socket))
    try:
        async for _ in socket:
            pass  # orders come by the control API; what a page sends here means nothing
    finally:
        parts.world.listeners.discard(listen)
        request.app[SOCKETS].discard(socket)
        push.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await push
    return socket


async def _push(queue: asyncio.Queue[dict[str, Any] | None], socket: web.WebSocketResponse) -> None:
    while (event := await queue.get()) is not None:
        try:
            await socket.send_str(json.dumps(event))
        except ConnectionResetError:
            return  # the page went away; the reading side ends the socket
    await socket.close(code=1013)


async def close_sockets(app: web.Application) -> None:
    """Close all pages' sockets so that shutting down does not wait for them."""
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=1001)


def snapshot(parts: Parts) -> dict[str, Any]:
    """Return everything a page needs to draw itself."""
    world = parts.world
    return {
        "type": "snapshot",
        "business": {
            "name": parts.config.business_name,
            "numbers": [one.public() for one in parts.config.numbers],
        },
        "users": [user.public() for user in world.users.values()],
        "messages": {
            user.id: [
                asdict(message)
                for number in parts.config.numbers
                for message in world.transcript(user, number.id).entries[-SNAPSHOT_MESSAGES:]
            ]
            for user in world.users.values()
        },
    }
