"""Puts the chat into a Faust app: routes, sockets, headers, and an orderly end.

In: the app, settings, register, producer, store, pushes. Out: routes on the app's web server. Raises SettingsError
when the chat would be open to everybody. Nothing is read from the environment here.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import web

from app.core.register import Register
from app.settings import Settings
from app.stores.conversations import Conversations
from app.stores.media import MediaStore
from app.stores.pushes import Pushes
from web.chat.access import Access
from web.chat.actions import Actions
from web.chat.attached import Attachments
from web.chat.codes import chat_secret
from web.chat.files import Files
from web.chat.first_generation import FirstGeneration
from web.chat.hub import Hub
from web.chat.pages import Pages
from web.chat.sending import Produces, Sending
from web.chat.socket import Socket
from web.chat.throttle import Throttle

SHUTDOWN_SECONDS = 5.0


def install_chat(
    faust_app: Any,
    settings: Settings,
    feed: Any,
    producer: Produces,
    conversations: Conversations,
    pushes: Pushes,
    files: MediaStore,
    *,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> Hub:
    """Add the chat to a Faust app; the hub tells how many browsers are there. Raises SettingsError."""
    margin = float(settings.window_margin_seconds)
    access = Access(settings, chat_secret(settings), lambda: feed.register, lambda: feed.is_loaded, clock, new_id)
    hub = Hub()
    sending = Sending(conversations, producer, pushes.publish, window_margin=margin, clock=clock, new_id=new_id)
    actions = Actions(access, conversations, sending, pushes.publish, Attachments(files))
    first = FirstGeneration(access, conversations, sending, pushes.publish, new_id)
    socket = Socket(access, hub, actions, first, margin=margin, clock=clock)
    pushes.subscribe(hub.receive)

    def on_register(_: Register) -> None:
        hub.each(socket.agents_push)

    feed.subscribe(on_register)

    async def on_shutdown(_: web.Application) -> None:
        hub.close_all()
        with contextlib.suppress(TimeoutError):  # Kafka is away: the store knows what was not confirmed
            await asyncio.wait_for(sending.finished(), SHUTDOWN_SECONDS)

    server: web.Application = faust_app.web.web_app
    Pages(access, Throttle(clock), pushes.publish).add_to(server.router)
    Files(access, files).add_to(server.router)
    server.router.add_get("/websocket", socket.handle)
    server.middlewares.append(front_door)
    server.on_response_prepare.append(_protect)
    server.on_shutdown.append(on_shutdown)
    return hub


@web.middleware
async def front_door(request: web.Request, handler: Any) -> web.StreamResponse:
    """Send people who open the bare address to the chat; programs that ask for `/` still get the health answer."""
    if request.path == "/" and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        raise web.HTTPSeeOther("/chat")
    answer: web.StreamResponse = await handler(request)
    return answer


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    """Headers that keep a browser from doing anything but showing our own page."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self';"
        f" connect-src 'self' ws://{request.host} wss://{request.host};"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    static = request.path.startswith("/chat/static/")
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
