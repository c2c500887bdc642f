"""Fetches what the business sends by link, as Meta does: once per address and ten minutes, size and type checked.

A link and its kind come in; out goes a stored medium, or `BrokenLink` with the reason that becomes the details of
131053. It follows redirects and never reads more than the kind's limit.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiohttp

from web.simulator.media import MediaStore, Medium
from web.simulator.media_rules import LIMITS, refusal

CACHE_SECONDS = 600.0
"""An exact address is fetched anew after ten minutes (reference, chapter 5.1)."""
CHUNK_BYTES = 64 * 1024


class BrokenLink(Exception):
    """A medium that could not be fetched, or that is nothing WhatsApp takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedMedium:
    """What to fetch, and as which kind it was sent."""

    link: str
    kind: str


class Links:
    """The fetching side of the fake WhatsApp."""

    def __init__(
        self, store: MediaStore, http: aiohttp.ClientSession, clock: Callable[[], float], seconds: float
    ) -> None:
        self._store = store
        self._http = http
        self._clock = clock
        self._limit = aiohttp.ClientTimeout(total=seconds)
        self._seen: dict[str, tuple[float, str]] = {}

    async def fetch(self, linked: LinkedMedium) -> Medium:
        """Return the medium behind a link; raises BrokenLink."""
        now = self._clock()
        at, media_id = self._seen.get(linked.link, (now - CACHE_SECONDS, ""))
        known = self._store.find(media_id, now) if now - at < CACHE_SECONDS else None
        if known is None:
            data, mime_type = await self._get(linked)
        else:
            data, mime_type = known.data, known.mime_type
        reason = refusal(linked.kind, mime_type, data)
        if reason is not None:
            raise BrokenLink(f"{linked.kind}.link: {reason}")
        if known is not None:
            return known
        filename = unquote(urlsplit(linked.link).path.rpartition("/")[2]) or None
        medium = self._store.add(data, mime_type, owner="business", now=now, filename=filename)
        self._seen[linked.link] = (now, medium.id)
        return medium

    async def _get(self, linked: LinkedMedium) -> tuple[bytes, str]:
        try:
            async with self._http.get(linked.link, timeout=self._limit) as answer:
                if answer.status != 200:
                    raise BrokenLink(f"{linked.kind}.link: answered HTTP {answer.status}")
                data = bytearray()
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    data += chunk
                    if len(data) > LIMITS[linked.kind]:
                        raise BrokenLink(f"{linked.kind}.link: more than {LIMITS[linked.kind]} bytes")
                return bytes(data), answer.headers.get("Content-Type", "")
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            raise BrokenLink(f"{linked.kind}.link: could not be fetched: {type(error).__name__}") from None
