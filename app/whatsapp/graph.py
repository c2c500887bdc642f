"""The Graph API: posts one message and says how it ended.

In: a request body and the business number it leaves from. Out: a `Verdict`, never an exception for what a network or
Meta may do. The token travels in a header only; no log and no verdict shows it.
"""

import asyncio
import logging
from errno import EIO
from typing import Protocol

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter

from app.core.verdicts import Verdict, from_answer, no_answer, unreachable
from app.whatsapp.outbound import is_note

log = logging.getLogger("broker.graph")

CONNECT_SECONDS = 5.0
UPLOAD_SECONDS = 280.0
"""For 100 MB, the largest file."""
PART_BYTES = 256 * 1024
ANSWER_MAX = 256 * 1024
"""Bytes of an answer that are read; Meta's are below a kilobyte."""


class Token(Protocol):
    """The access token; it may be another one from one request to the next."""

    def get_secret_value(self) -> str:
        """The token as it is now."""


class Readable(Protocol):
    """A file; reading blocks, and may raise OSError."""

    @property
    def size(self) -> int:
        """Bytes of the whole."""

    def read(self, most: int, /) -> bytes:
        """The next bytes; none at the end."""


class _Body(aiohttp.payload.Payload):
    """A file as a part of a form: read bit by bit, its length told beforehand."""

    def __init__(self, file: Readable, mime_type: str) -> None:
        super().__init__(file, content_type=mime_type)
        self._file = file
        self._size = file.size

        self.failed: OSError | None = None
        """Why the file could not be read; the HTTP client tells it like a fault of the connection."""

    async def write(self, writer: AbstractStreamWriter) -> None:
        left = self._file.size
        while left:
            try:
                part = await asyncio.to_thread(self._file.read, min(PART_BYTES, left))
                if not part:
                    raise OSError(EIO, "the file is shorter than it should be")
            except OSError as error:
                self.failed = error
                raise
            await writer.write(part)
            left -= len(part)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file is no text")


class GraphClient:
    """One connection pool to Meta."""

    def __init__(self, base_url: str, version: str, token: Token, answer_seconds: float, connections: int) -> None:
        self._base = f"{base_url.rstrip('/')}/{version}"
        self._token = token
        # Who still waits for a connection has not left: that must end before the time-out of the whole, a doubt.
        connect = min(CONNECT_SECONDS, answer_seconds / 2)
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds, connect=connect, sock_connect=connect)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connection pool."""
        if self._session is not None:
            await self._session.close()

    async def send(self, phone_number_id: str, body: dict[str, object]) -> Verdict:
        """Post a message from a business number; waits at most the answer time-out in seconds."""
        token = self._token.get_secret_value()
        try:
            async with self._opened().post(
                f"{self._base}/{phone_number_id}/messages",
                data=orjson.dumps(body),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                allow_redirects=False,
            ) as answer:
                # Meta quotes a malformed token in its answer, and agents read answers.
                raw = _without(token, await _read(answer.content))
                return from_answer(answer.status, _object(raw), raw, is_note=is_note(body), has_link=_has_link(body))
        except aiohttp.ConnectionTimeoutError as error:
            return unreachable(str(error))
        except aiohttp.ClientConnectorError as error:
            return unreachable(str(error.os_error))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return no_answer(type(error).__name__)
        except Exception as error:
            # The client itself may fail, on an answer it has given up while a frozen process woke, say. Nobody knows
            # how far the request came, so it is a doubt like any other.
            log.exception("the HTTP client failed on a request to Meta")
            return no_answer(type(error).__name__)

    async def upload(self, phone_number_id: str, file: Readable, mime_type: str) -> str | Verdict:
        """Bring a file to Meta for a business number; returns Meta's id of it, or why there is none.

        One that got no answer may be tried again: at worst Meta has the file twice, and nobody sees it. Raises OSError
        when the file cannot be read.
        """
        token = self._token.get_secret_value()
        form = aiohttp.FormData({"messaging_product": "whatsapp", "type": mime_type})
        sent = _Body(file, mime_type)
        form.add_field("file", sent, filename="file")
        try:
            async with self._opened().post(
                f"{self._base}/{phone_number_id}/media",
                data=form,
                headers={"Authorization": f"Bearer {token}"},
                timeout=aiohttp.ClientTimeout(total=UPLOAD_SECONDS, sock_connect=CONNECT_SECONDS),
                allow_redirects=False,
            ) as answer:
                raw = _without(token, await _read(answer.content))
        except (TimeoutError, aiohttp.ClientError) as error:
            if sent.failed is not None:
                raise sent.failed from None
            return unreachable(type(error).__name__)
        body = _object(raw)
        if answer.status == 200 and body is not None and isinstance(body.get("id"), str):
            return str(body["id"])
        verdict = from_answer(answer.status, body, raw)
        return verdict if verdict.outcome in ("retry", "hold", "refused") else unreachable("no id came")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=self._connections),
            )
        return self._session


async def _read(content: aiohttp.StreamReader) -> bytes:
    """The answer to its end: one read gives only what has arrived so far."""
    raw = b""
    while len(raw) < ANSWER_MAX and (part := await content.read(ANSWER_MAX - len(raw))):
        raw += part
    return raw


def _without(token: str, raw: bytes) -> bytes:
    return raw.replace(token.encode(), b"[token]") if token else raw


def _object(raw: bytes) -> dict[str, object] | None:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _has_link(part: object) -> bool:
    """Whether Meta has to fetch something for a request."""
    if isinstance(part, dict):
        return isinstance(part.get("link"), str) or any(_has_link(inner) for inner in part.values())
    return isinstance(part, list) and any(_has_link(inner) for inner in part)
