"""Serves files by our ids: `GET /media/{id}`, and takes theirs: `POST /media`; both from agents that bring a token.

In: a request. Out: the bytes, also a range of them, or in JSON why there are none (yet). A user's file never runs in a
browser on our account: what is neither picture, sound nor film is a download.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from urllib.parse import quote

from aiohttp import web
from pydantic import SecretStr

from app.core.media import LARGEST, Note, is_ours
from app.stores.media import MediaStore, why_away
from web.bearer import bearer, digests, matches
from web.media_range import answer
from web.media_upload import take

RETRY_AFTER_SECONDS = 5
WAIT_SECONDS = 10.0
"""A request waits so long for a file that is on its way; most have come by then."""
LOOK_SECONDS = 0.1
SHOWN = ("image/", "audio/", "video/")
"""What a browser may show in place; SVG has scripts."""

log = logging.getLogger("broker.media")


def install_media(
    app: web.Application,
    store: MediaStore,
    tokens: Iterable[SecretStr],
    largest: Mapping[str, int] = LARGEST,
) -> None:
    """Add the pages of files; without tokens, nobody gets or brings one."""
    valid = digests(tokens)

    def stranger(request: web.Request) -> web.Response | None:
        if any(matches(bearer(request.headers.get("Authorization", "")), valid)):
            return None
        log.warning("%s of a file refused: no valid token", request.method)
        answer = _refused(401, "a valid bearer token is needed: Authorization: Bearer <token>")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    async def get(request: web.Request) -> web.StreamResponse:
        return stranger(request) or await serve(store, request)

    async def post(request: web.Request) -> web.Response:
        return stranger(request) or await take(store, request, largest)

    app.router.add_get("/media/{id}", get)
    app.router.add_post("/media", post)


async def serve(store: MediaStore, request: web.Request, wait: float = WAIT_SECONDS) -> web.StreamResponse:
    """The answer to a request for a file, waiting `wait` seconds for one that is on its way.

    200 or 206 (304, 416); 404 unknown; 410 will never come, or is gone; 503 not yet, or no store.
    """
    media_id = request.match_info["id"]
    if not is_ours(media_id):
        return _refused(404, "no file can have this id")
    try:
        note = await _awaited(store, media_id, wait)
        file = await _file(store, request, note) if note is not None and note.state == "stored" else None
    except ValueError:
        log.error("the note of file %s cannot be read: repair or delete it", media_id)
        return _refused(410, "what was noted of the file cannot be read")
    except OSError as error:
        return _refused(503, why_away(error))
    if note is None:
        return _refused(404, "no file has this id, or its time is over")
    if note.state == "failed":
        return _refused(410, f"the file never came: {note.reason}")
    if note.state == "waiting":
        return _refused(503, f"the file is on its way{': ' if note.reason else ''}{note.reason}")
    return file or _refused(410, "the file was here and is gone")


async def _awaited(store: MediaStore, media_id: str, wait: float) -> Note | None:
    """What is known of a file; an agent may ask before its message has been read here, or while the file comes."""
    end = asyncio.get_running_loop().time() + wait
    while True:
        note = await asyncio.to_thread(store.note, media_id)
        on_its_way = note is None or (note.state == "waiting" and not note.reason)
        if not on_its_way or asyncio.get_running_loop().time() >= end:
            return note
        await asyncio.sleep(LOOK_SECONDS)


async def _file(store: MediaStore, request: web.Request, note: Note) -> web.StreamResponse | None:
    mime_type = note.mime_type.lower()
    shown = mime_type.startswith(SHOWN) and not mime_type.startswith("image/svg")
    named = f"; filename*=UTF-8''{quote(note.filename, safe='', errors='replace')}" if note.filename else ""
    headers = {
        "Content-Type": note.mime_type
        if note.mime_type.isprintable() and note.mime_type
        else "application/octet-stream",
        "Content-Disposition": ("inline" if shown else "attachment") + named,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private",
    }
    # Bytes never change under an id, so it is their tag.
    return await answer(request, note.size, f'"{note.id}"', headers, partial(store.get, note.id))


def _refused(status: int, reason: str) -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    return web.json_response({"error": reason}, status=status, headers=headers)
