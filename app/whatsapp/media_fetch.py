"""Fetches a user's file from Meta: first its address, then its bytes, both with the token.

In: the note of a file, and a place for its bytes. Out: what Meta says of the file, or why it has not come, never an
exception for what a network or Meta may do. Neither the address nor the token stands in any outcome or log.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import orjson

from app.core.media import DOWNLOAD_SECONDS, LARGEST_FETCHED, Note, NotFetched
from app.whatsapp.content_media import as_hex
from app.whatsapp.graph import CONNECT_SECONDS, Token

STALLED_SECONDS = 30.0
"""A download of which nothing comes for so long is given up: eight such would keep all others waiting."""
PART_BYTES = 256 * 1024
META_ID = re.compile(r"[A-Za-z0-9_-]+")
"""Nothing else may stand in the path of a request that brings our token."""
ANSWER_MAX = 64 * 1024
"""Bytes of the answer that tells the address; Meta's are below a kilobyte."""


class Place(Protocol):
    """Where the bytes go; raises OSError when there is no room."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    def write(self, part: bytes) -> None:
        """Add bytes."""


@dataclass(frozen=True, slots=True)
class Located:
    """What Meta says of a file."""

    url: str
    mime_type: str
    sha256: str
    """Hexadecimal; empty when Meta does not say it."""

    def __repr__(self) -> str:
        """Without the address."""
        return f"Located({self.mime_type!r})"


class MediaSource:
    """Meta's side of a file, over a connection pool of the caller's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        version: str,
        token: Token,
        largest: Mapping[str, int] = LARGEST_FETCHED,
    ) -> None:
        """`largest`: bytes a file of each kind may have."""
        self._session = session
        self._base = f"{base_url.rstrip('/')}/{version}"
        self._token = token
        self._largest = largest

    async def fetch(self, note: Note, place: Place) -> Located | NotFetched:
        """Write a file's bytes to a place, in at most `DOWNLOAD_SECONDS`; raises OSError of the place alone."""
        if not META_ID.fullmatch(note.meta_id):
            return NotFetched("the message has no id of a file Meta could know", final=True)
        try:
            located = await self._locate(note)
            if isinstance(located, NotFetched):
                return located
            failure = await self._download(located, note, place)
        except (TimeoutError, aiohttp.ClientError) as error:
            # The words of an error may hold the address, its name does not.
            return NotFetched(f"Meta did not answer ({type(error).__name__})")
        return failure or located

    async def _locate(self, note: Note) -> Located | NotFetched:
        async with self._session.get(
            f"{self._base}/{note.meta_id}",
            params={"phone_number_id": note.phone_number_id},
            headers=self._authorization(),
            timeout=aiohttp.ClientTimeout(total=CONNECT_SECONDS * 3, sock_connect=CONNECT_SECONDS),
            allow_redirects=False,
        ) as answer:
            raw = b""
            while len(raw) < ANSWER_MAX and (part := await answer.content.read(ANSWER_MAX - len(raw))):
                raw += part
            if answer.status != 200:
                # Also of an unknown id (100, subcode 33): so Meta answers too when the file is not there yet, or when
                # the token is another account's, which an operator can heal.
                return NotFetched(f"Meta does not tell where the file is (HTTP {answer.status}{_code(raw)})")
        try:
            told = orjson.loads(raw)
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("url"), str):
            return NotFetched("Meta's answer has no address of the file")
        mime_type, digest = told.get("mime_type"), told.get("sha256")
        return Located(
            told["url"],
            mime_type if isinstance(mime_type, str) else "",
            (as_hex(digest) or "") if isinstance(digest, str) else "",
        )

    async def _download(self, located: Located, note: Note, place: Place) -> NotFetched | None:
        largest = self._largest.get(note.kind, max(self._largest.values()))
        digest = hashlib.sha256()
        async with self._session.get(
            located.url,
            headers=self._authorization(),
            timeout=aiohttp.ClientTimeout(
                total=DOWNLOAD_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=STALLED_SECONDS
            ),
        ) as answer:
            if answer.status != 200:
                return NotFetched(f"Meta does not give the file (HTTP {answer.status})")
            async for part in answer.content.iter_chunked(PART_BYTES):
                if place.size + len(part) > largest:
                    return NotFetched(f"the file is larger than {largest} bytes, the most for {note.kind}", final=True)
                digest.update(part)
                await asyncio.to_thread(place.write, part)
        if len(located.sha256) == 64 and digest.hexdigest() != located.sha256:
            return NotFetched("the file's bytes do not have the SHA-256 Meta told")
        return None

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}


def _code(raw: bytes) -> str:
    try:
        error = orjson.loads(raw)["error"]
        return f", error {int(error['code'])}"
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
