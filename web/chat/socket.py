"""The chat's socket, `GET /websocket`: JSON objects both ways, pushed and not polled.

A page asks `{"do": …, "n": 7, …}` and is answered `{"re": 7, …}`, or `{"re": 7, "error": {"code", "text"}}`. Answers
may come in another order than the questions; sends of one user keep theirs. `agent` is an agent's id, `user` a user
key.

do             with                                   answer
-------------  -------------------------------------  --------------------------------------------------------
hello                                                 the push `welcome`; from then on the page is pushed to
conversations  agent, search, before [last_at, user]  conversations (newest first), more, unread
history        agent, user, before (a seq), limit     conversation, messages (oldest first), more
catch_up       agent, user, after (a change number)   conversation, messages; `reset`: the newest page instead
read           agent, user, upto (a seq)              conversation
attach         agent, name, type, size of a file      kind: what it would be sent as; then it is brought by a POST
send           agent, user, ref, text or              message, conversation; the same ref again sends nothing
               list {text, title, body, items} or
               file {media, caption}
retry          agent, user, ref                       message, conversation
ping                                                  pong

push          with                          when
------------  ----------------------------  -----------------------------------------------------------------------
welcome       agents, now, margin           after hello; `now` is the server's clock, `margin` seconds of a window
agents        agents                        agents came, went or got another name
message       agent, message, conversation  a message came, or its tick or error changed
conversation  agent, conversation           it was read elsewhere
joined        agent, former, user           two users turned out to be one: ask for everything shown again
resync                                      pushes may have been missed: ask for everything shown again

A conversation that was asked for by a key its user had before comes with the `user` it has now.
A message has `seq`, its place in the conversation, and `changed`, which rises with every change: a page that comes
back asks `catch_up` after the highest it has seen. The socket closes with 4401 when the login ends: by its time, with
its last agent, or by a logout, of which other workers hear through Redis. An object with `ws_action` is of the first
generation's protocol (`first_generation.py`), and such a page, which never says hello, is pushed nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from app.stores.chat_documents import Document
from app.stores.conversations import StoreAway, StoreRefused
from app.stores.pushes import Push
from web.chat.access import Access, foreign
from web.chat.actions import Actions
from web.chat.codes import Login
from web.chat.first_generation import FirstGeneration
from web.chat.hub import LOGIN_ENDED, Connection, Hub
from web.chat.refused import Refused

FRAME_MAX = 64 * 1024
BEAT_SECONDS = 20.0
AT_ONCE = 8
"""Questions of one socket that are worked on at the same time."""

log = logging.getLogger("broker.chat")


class Socket:
    """Handles the sockets of this worker."""

    def __init__(
        self,
        access: Access,
        hub: Hub,
        actions: Actions,
        first: FirstGeneration,
        *,
        margin: float,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._hub = hub
        self._actions = actions
        self._first = first
        self._margin = margin
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it closes; 403 to other sites, 401 without a login, 503 without a register."""
        if foreign(request):
            raise web.HTTPForbidden(text="the socket opens for pages of this host only")
        self._access.need_register()
        login = self._access.login(request)
        if not self._access.agents_of(login):
            raise web.HTTPUnauthorized(text="log in first")
        socket = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=FRAME_MAX)
        await socket.prepare(request)
        connection = Connection(socket, login, lambda: self._seen(login))
        self._hub.add(connection)
        loop = asyncio.get_running_loop()
        end = loop.call_later(
            max(0.0, login.expires - self._clock()), connection.close, LOGIN_ENDED, b"the login has ended"
        )
        writing = asyncio.create_task(connection.write())
        try:
            await self._read(connection)
        finally:
            end.cancel()
            self._hub.remove(connection)
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writing
        return socket

    def agents_push(self, connection: Connection) -> Push:
        """The push that tells a browser its agents; one that has none left is sent to the login page."""
        agents = self.agents_seen(connection.login)
        if not agents:
            connection.close(LOGIN_ENDED, b"the agents of this login are gone")
        return {"push": "agents", "agents": agents}

    def agents_seen(self, login: Login) -> list[Document]:
        """The agents a login opens, as pages see them."""
        return [{"id": agent.id, "name": agent.name} for agent in self._access.agents_of(login)]

    def _seen(self, login: Login) -> frozenset[int]:
        return frozenset(agent.id for agent in self._access.agents_of(login))

    def _welcome(self, connection: Connection) -> None:
        connection.pushed = True
        agents = self.agents_seen(connection.login)
        connection.offer({"push": "welcome", "agents": agents, "now": self._clock(), "margin": self._margin})

    async def _read(self, connection: Connection) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as answers:
            async for frame in connection.socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                data = _object(frame.data)
                if data is None:
                    connection.offer({"error": {"code": "invalid", "text": "a frame is one JSON object"}})
                elif data.get("do") == "hello":
                    self._welcome(connection)
                elif "ws_action" in data or data.get("do") in ("send", "retry", "transfer", "close"):
                    # One after another: what a person wrote first leaves first.
                    await self._answer(connection, data)
                else:
                    await places.acquire()
                    task = answers.create_task(self._answer(connection, data))
                    task.add_done_callback(lambda _: places.release())

    async def _answer(self, connection: Connection, data: Document) -> None:
        first = "ws_action" in data
        answer: Any
        try:
            if first:
                answer = await self._first.do(connection.login, data)
            else:
                answer = {"re": data.get("n"), **await self._actions.do(connection.login, data)}
        except (Refused, StoreAway, StoreRefused) as error:
            code = error.code if isinstance(error, Refused) else "store_away"
            if not isinstance(error, Refused):
                log.warning("a page's request could not be done: %s", error)
            text = str(error) if isinstance(error, Refused) else "the chat's memory does not answer; try again"
            answer = {"re": data.get("n"), "error": {"code": code, "text": text}}
        except Exception:
            log.exception("a page's request %r failed", data.get("do") or data.get("ws_action"))
            answer = {"re": data.get("n"), "error": {"code": "internal", "text": "that did not work; try again"}}
        if answer is not None:
            connection.offer(answer)


def _object(text: str) -> Document | None:
    try:
        data = orjson.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
