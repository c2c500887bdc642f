"""Serves files by our ids: `GET /media/{id}`.

In: a request that has passed the door. Out: the bytes, also a range of them, or in JSON why there are none (yet). A
user's file never runs in a browser on our account: what is neither picture, sound nor film is a download.
"""

from aiohttp import web

from app.stores.media import MediaDirectory

RETRY_AFTER_SECONDS = 5
SHOWN = ("image/", "audio/", "video/")
"""What a browser may show in place; SVG has scripts."""


async def serve(store: MediaDirectory, media_id: str) -> web.StreamResponse:
    """The answer to a request for a file: 200 or 206; 404 unknown; 410 will never come; 503 not yet, or no disk."""
    try:
        note = store.note(media_id)
    except ValueError:
        note = None
    except OSError as error:
        return _refused(503, f"the directory of files cannot be read: {error.strerror}")
    if note is None:
        return _refused(404, "no file has this id, or its time is over")
    if note.state == "failed":
        return _refused(410, f"the file never came: {note.reason}")
    if note.state == "waiting":
        return _refused(503, f"the file is on its way{': ' if note.reason else ''}{note.reason}")
    shown = note.mime_type.startswith(SHOWN) and not note.mime_type.startswith("image/svg")
    headers = {
        "Content-Type": note.mime_type or "application/octet-stream",
        "Content-Disposition": "inline" if shown else "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private",
    }
    # An empty file has no range at all, and would be answered with 416.
    return web.FileResponse(store.path(media_id), headers=headers) if note.size else web.Response(headers=headers)


def _refused(status: int, reason: str) -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    return web.json_response({"error": reason}, status=status, headers=headers)
