"""Takes files of agents: `POST /media`, with the file as the body and its type as Content-Type.

In: a request that has passed the door. Out: our id of the file, which an agent names as `media` in a message; or in
JSON why Meta would not take it. Nothing is kept of a file that is not whole.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping

from aiohttp import web

from app.core.media import PREFIX, TYPES, Note, after_success, kind_of
from app.stores.media import Incoming, MediaDirectory

PART_BYTES = 256 * 1024


async def take(store: MediaDirectory, request: web.Request, largest: Mapping[str, int]) -> web.Response:
    """The answer to an upload: 201; 413 too large; 415 no type Meta takes; 422 empty; 503 no disk."""
    mime_type = request.headers.get("Content-Type", "")
    kind = kind_of(mime_type)
    if kind is None:
        types = ", ".join(one for types in TYPES.values() for one in types)
        return _refused(415, f"Meta takes no file of type {mime_type[:100]!r}; as Content-Type give one of {types}")
    media_id = PREFIX + secrets.token_hex(20)
    try:
        place = await asyncio.to_thread(store.put, media_id)
        try:
            return await _kept(store, request, place, Note(media_id, kind, "", time.time()), largest[kind])
        finally:
            await asyncio.to_thread(place.close)
    except OSError as error:
        return _refused(503, f"the directory of files cannot be used: {error.strerror}")


async def _kept(store: MediaDirectory, request: web.Request, place: Incoming, note: Note, largest: int) -> web.Response:
    digest = hashlib.sha256()
    async for part in request.content.iter_chunked(PART_BYTES):
        if place.size + len(part) > largest:
            return _refused(413, f"the file is larger than {largest} bytes, the most for {note.kind}")
        digest.update(part)
        await asyncio.to_thread(place.write, part)
    if not place.size:
        return _refused(422, "the body is empty: send the file as it is, its type as Content-Type")
    await asyncio.to_thread(place.commit)
    done = after_success(note, request.headers["Content-Type"], digest.hexdigest(), place.size)
    await asyncio.to_thread(store.keep, done)
    return web.json_response({"id": done.id, "mime_type": done.mime_type, "size": done.size}, status=201)


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
