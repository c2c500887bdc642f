"""The open sockets of this worker, and who gets which push.

In: pushes, from this worker or another. Out: each socket's own queue. A socket too slow to follow is closed; its page
connects again and catches up. Must never wait for a browser.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSCloseCode, web

from app.stores.pushes import Push
from web.chat.codes import Login

QUEUE_MAX = 1000
LOGIN_ENDED = 4401

log = logging.getLogger("broker.chat")


class Connection:
    """One browser's socket: everything it is told goes through one queue, in order."""

    def __init__(self, socket: web.WebSocketResponse, login: Login, agents: Callable[[], frozenset[int]]) -> None:
        self.socket = socket
        self.login = login
        self._agents = agents
        self._queue: asyncio.Queue[Any] = asyncio.Queue(QUEUE_MAX)
        self.pushed = False
        """Whether the page has said hello; one of the first generation never does, and asks instead."""
        self.closing: tuple[int, bytes] | None = None

    def sees(self, agent: int) -> bool:
        """Whether this browser may see an agent, now."""
        return agent in self._agents()

    def offer(self, data: Any) -> None:
        """Put something into the queue; a full queue closes the socket."""
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            self.close(WSCloseCode.TRY_AGAIN_LATER, b"too slow: connect again")

    def close(self, code: int, reason: bytes) -> None:
        """Close the socket after what is being written; what waits is dropped, the page catches up."""
        if self.closing is None:
            self.closing = (code, reason)
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def write(self) -> None:
        """Write the queue to the socket until it closes."""
        while self.closing is None:
            data = await self._queue.get()
            if self.closing is None:
                await self.socket.send_str(orjson.dumps(data).decode())
        code, reason = self.closing
        await self.socket.close(code=code, message=reason)


class Hub:
    """All connections of this worker."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: Connection) -> None:
        """A browser came."""
        self._connections.add(connection)

    def remove(self, connection: Connection) -> None:
        """A browser went."""
        self._connections.discard(connection)

    def receive(self, push: Push) -> None:
        """Hand a push to every browser that may see its agent; one without an agent is for all, a logout for us."""
        if push.get("push") == "logout":
            self.end(push["login"])
            return
        agent = push.get("agent")
        for connection in self._connections:
            if connection.pushed and (agent is None or connection.sees(agent)):
                connection.offer(push)

    def each(self, make: Callable[[Connection], Push]) -> None:
        """Hand every browser a push of its own."""
        for connection in self._connections:
            if connection.pushed:
                connection.offer(make(connection))

    def end(self, login: str) -> None:
        """A browser logged out: its sockets close, whatever page holds them."""
        for connection in self._connections:
            if connection.login.id == login:
                connection.close(LOGIN_ENDED, b"the login has ended")

    def close_all(self) -> None:
        """The worker stops: pages connect to another one."""
        for connection in self._connections:
            connection.close(WSCloseCode.GOING_AWAY, b"the chat restarts")
