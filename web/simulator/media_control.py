"""Media for the test bench and the phones page, under /sim/media: attach a file, look at it.

A person's file comes in as the body of a POST; out goes an id that a message can carry. The page looks at files here,
without the token; what is no picture, sound or film is only ever offered as a download.
"""

import asyncio

from aiohttp import web

from web.simulator.media import Medium
from web.simulator.media_rules import LARGEST, bare
from web.simulator.parts import PARTS
from web.simulator.voice import VOICE_TYPE, voice_note

CHUNK_BYTES = 64 * 1024
SHOWN_INLINE = ("image/jpeg", "image/png", "image/webp", "image/gif")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
}


async def post_file(request: web.Request) -> web.Response:
    """Keep a file of a user: the body as it is, its Content-Type, and ?filename=; ?voice=1 for a recording."""
    parts = request.app[PARTS]
    data = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        data += chunk
        if len(data) > LARGEST:
            raise ValueError(f"body: more than {LARGEST} bytes; WhatsApp takes no larger file from a user")
    if not data:
        raise ValueError("body: empty; send the file's bytes as the body, its type as Content-Type")
    mime = request.headers.get("Content-Type", "application/octet-stream")
    filename = request.query.get("filename") or None
    content = bytes(data)
    if request.query.get("voice") == "1" and bare(mime) == "audio/webm":
        # what browsers record is no format of WhatsApp's, but holds the same sound
        content, mime = await asyncio.to_thread(voice_note, content), VOICE_TYPE
    medium = parts.world.media.add(content, mime, owner="user", now=parts.config.clock(), filename=filename)
    return web.json_response(medium.public(), status=201)


async def get_file(request: web.Request) -> web.Response:
    """Show a file to the page."""
    parts = request.app[PARTS]
    medium = parts.world.media.find(request.match_info["media_id"], parts.config.clock())
    if medium is None:
        return web.json_response({"error": "no such medium, or its time is over"}, status=404)
    return _shown(medium, request)


def _shown(medium: Medium, request: web.Request) -> web.Response:
    kind = bare(medium.mime_type)
    headers = HEADERS | {"Content-Type": medium.mime_type}
    if kind not in SHOWN_INLINE and not kind.startswith(("audio/", "video/")):
        headers |= {"Content-Type": "application/octet-stream", "Content-Disposition": _as_download(medium)}
    total = len(medium.data)
    try:
        wanted = request.http_range
    except ValueError:
        return web.Response(status=416, headers=HEADERS | {"Content-Range": f"bytes */{total}"})
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=medium.data, headers=headers)
    # players look at the end of a file to learn how long it lasts
    start, stop, _ = wanted.indices(total)
    if start >= stop:
        return web.Response(status=416, headers=HEADERS | {"Content-Range": f"bytes */{total}"})
    headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{total}"}
    return web.Response(status=206, body=medium.data[start:stop], headers=headers)


def _as_download(medium: Medium) -> str:
    name = "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in medium.filename or "file")
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    return f'attachment; filename="{ascii_name}"'
