"""Takes files of agents and operators: a POST with the file as its body, or as the field `file` of a form.

In: a request that has passed the door. Out: our id of the file, which a message names as `media`; or in JSON why Meta
would not take it. Nothing is kept of a file that is not whole.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from app.core.media import PREFIX, Note, after_success, kind_of
from app.core.uploads import clean_filename, type_of, why_no_type, why_too_large
from app.stores.media import MediaStore, why_away

PART_BYTES = 256 * 1024
FORM_BYTES = 64 * 1024
"""What a form may have beside the file, before its length alone says that the file is too large."""
AS_THEY_ARE = ("", "binary", "8bit", "7bit", "identity")
"""Encodings of a field that leave its bytes alone."""
BROKEN = (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError, ConnectionError)
"""What reading a form or a body raises that is none, or that breaks off."""


@dataclass(frozen=True, slots=True)
class _Brought:
    content: AsyncIterator[bytes]
    mime_type: str
    filename: str


async def take(store: MediaStore, request: web.Request, largest: Mapping[str, int]) -> web.Response:
    """The answer to an upload.

    201; 400 no such form, or broken off; 413 too large; 415 no type Meta takes; 422 no file, or empty; 503 no store.
    """
    try:
        brought = await _brought(request)
        if brought is None:
            return _refused(422, "the form has no file: send it as the field `file`, with its name")
        told = await _take(store, request, brought, largest)
    except BROKEN as error:
        return _refused(400, f"the body broke off, or is no whole multipart/form-data: {error}")
    except OSError as error:
        return _refused(503, why_away(error))
    return told


async def _brought(request: web.Request) -> _Brought | None:
    if request.content_type != "multipart/form-data":
        return _Brought(request.content.iter_chunked(PART_BYTES), request.headers.get("Content-Type", ""), "")
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            for header in ("Content-Transfer-Encoding", "Content-Encoding"):
                if (encoding := part.headers.get(header, "").strip().lower()) not in AS_THEY_ARE:
                    raise ValueError(f"the field `file` is encoded ({encoding[:20]!r}): send its bytes as they are")
            filename = clean_filename(part.filename) or ""
            return _Brought(_parts(part), type_of(part.headers.get("Content-Type", ""), filename), filename)
    return None


async def _parts(part: BodyPartReader) -> AsyncIterator[bytes]:
    while not part.at_eof():
        yield await part.read_chunk(PART_BYTES)


async def _take(store: MediaStore, request: web.Request, brought: _Brought, largest: Mapping[str, int]) -> web.Response:
    wrong = why_no_type(brought.mime_type, brought.filename)
    kind = kind_of(brought.mime_type)
    if kind is None or wrong is not None:
        return _refused(415, wrong or "")
    # Who brings far too much is told before it has come.
    too_large = why_too_large(kind, (request.content_length or 0) - FORM_BYTES, largest)
    if too_large is not None:
        return _refused(413, too_large)
    note = Note(PREFIX + secrets.token_hex(20), kind, "", time.time(), filename=brought.filename)
    place = await asyncio.to_thread(store.put, note.id)
    try:
        digest = hashlib.sha256()
        async for part in brought.content:
            too_large = why_too_large(kind, place.size + len(part), largest)
            if too_large is not None:
                return _refused(413, too_large)
            digest.update(part)
            await asyncio.to_thread(place.write, part)
        if not place.size:
            return _refused(422, "the file is empty")
        await asyncio.to_thread(place.commit)
        done = after_success(note, brought.mime_type, digest.hexdigest(), place.size)
    finally:
        await asyncio.to_thread(place.close)
    await asyncio.to_thread(store.keep, done)
    named = {"filename": done.filename} if done.filename else {}
    return web.json_response({"id": done.id, "mime_type": done.mime_type, "size": done.size, **named}, status=201)


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
