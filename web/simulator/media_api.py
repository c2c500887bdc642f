"""The media half of the Graph API: upload, locate, download and delete, as in chapter 5.6 of the reference.

Files and ids come in; out go ids, addresses that live five minutes, and bytes for those who bring the token. Every
call is noted in the media log. A file never leaves here without the token.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from web.simulator.door import check_number, check_token, no_object, refused
from web.simulator.errors import GraphError, injected_error
from web.simulator.media import Medium
from web.simulator.media_rules import ALL_TYPES, LARGEST, bare, upload_refusal
from web.simulator.parts import PARTS, Parts

FIELD_LIMIT = 1000
CHUNK_BYTES = 64 * 1024
Act = Callable[[web.Request, Parts], Awaitable[tuple[web.Response, str | None]]]


async def post_media(request: web.Request) -> web.Response:
    """Take an upload."""
    return await _noted("upload", _upload, request)


async def get_media(request: web.Request) -> web.Response:
    """Tell where a medium can be downloaded for the next minutes."""
    return await _noted("locate", _locate, request)


async def delete_media(request: web.Request) -> web.Response:
    """Delete a medium."""
    return await _noted("delete", _delete, request)


async def download(request: web.Request) -> web.Response:
    """Give the bytes of a medium: with the token, at an address given out less than five minutes ago."""
    return await _noted("download", _download, request)


async def _noted(action: str, act: Act, request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    await asyncio.sleep(parts.faults.graph_latency())
    media_id = request.match_info.get("media_id")
    code: int | None = None
    try:
        check_token(request, parts)
        parts.world.graph_origin = str(request.url.origin())
        number = request.match_info.get("phone_number_id") or request.query.get("phone_number_id")
        injected = parts.faults.pick_error(number, (), on="media")
        if injected is not None:
            raise injected_error(injected.code, injected.http_status, injected.form)
        answer, media_id = await act(request, parts)
        if answer.status >= 400:
            code = answer.status
    except GraphError as error:
        code, answer = error.code, refused(error)
    parts.world.log_media(action=action, media_id=media_id, code=code, http_status=answer.status)
    return answer


async def _upload(request: web.Request, parts: Parts) -> tuple[web.Response, str | None]:
    uploader = check_number(request.match_info["phone_number_id"], parts)
    if request.content_type != "multipart/form-data":
        raise GraphError(100, "the body must be multipart/form-data with messaging_product, type and file")
    try:
        fields, file = await _read_form(request)
    except (ValueError, AssertionError, HttpProcessingError):
        raise GraphError(100, "the body is not valid multipart/form-data") from None
    if fields.get("messaging_product") != "whatsapp":
        raise GraphError(100, "messaging_product: required, must be whatsapp")
    if bare(fields.get("type", "")) not in ALL_TYPES:
        raise GraphError(100, f"type: required, must be one of {', '.join(ALL_TYPES)}")
    if file is None:
        raise GraphError(100, "file: required")
    content, mime, filename = file
    reason = upload_refusal(mime, content)
    if reason is not None:
        raise GraphError(131053, f"file: {reason}")
    now = parts.config.clock()
    medium = parts.world.media.add(content, mime, owner="business", now=now, filename=filename)
    medium.numbers.add(uploader.id)
    return web.json_response({"id": medium.id}), medium.id


async def _read_form(request: web.Request) -> tuple[dict[str, str], tuple[bytes, str, str | None] | None]:
    fields: dict[str, str] = {}
    file: tuple[bytes, str, str | None] | None = None
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise GraphError(100, "the body holds a multipart inside a multipart")
        if part.name == "file":
            mime = part.headers.get("Content-Type", "")
            file = (await _read(part, LARGEST, "file"), mime, part.filename)
        else:
            data = await _read(part, FIELD_LIMIT, str(part.name))
            fields[str(part.name)] = data.decode("utf-8", "replace")
    return fields, file


async def _read(part: BodyPartReader, limit: int, name: str) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK_BYTES):
        data += chunk
        if len(data) > limit:
            raise GraphError(131053, f"{name}: more than {limit} bytes")
    return bytes(data)


async def _locate(request: web.Request, parts: Parts) -> tuple[web.Response, str | None]:
    medium = _find(request, parts)
    until = int(parts.config.clock() + parts.faults.switches.media_url_seconds)
    answer = {
        "url": parts.world.media.address(medium, str(request.url.origin()), until),
        "mime_type": medium.mime_type,
        "sha256": medium.sha256.hex(),
        "file_size": len(medium.data),
        "id": medium.id,
        "messaging_product": "whatsapp",
    }
    return web.json_response(answer), medium.id


async def _delete(request: web.Request, parts: Parts) -> tuple[web.Response, str | None]:
    medium = _find(request, parts)
    parts.world.media.remove(medium.id, parts.config.clock())
    return web.json_response({"success": True}), medium.id


async def _download(request: web.Request, parts: Parts) -> tuple[web.Response, str | None]:
    media_id = request.match_info["media_id"]
    now = parts.config.clock()
    medium = parts.world.media.find(media_id, now)
    ext, seal = request.query.get("ext", ""), request.query.get("hash", "")
    if medium is None or not parts.world.media.is_valid_address(media_id, ext, seal, now):
        return web.Response(text="Not Found", status=404), media_id
    headers = {"Content-Type": medium.mime_type, "X-Content-Type-Options": "nosniff"}
    return web.Response(body=medium.data, headers=headers), media_id


def _find(request: web.Request, parts: Parts) -> Medium:
    number = request.query.get("phone_number_id")
    if number is not None:
        check_number(number, parts)
    media_id = request.match_info["media_id"]
    medium = parts.world.media.find(media_id, parts.config.clock())
    if medium is None or (number is not None and not medium.belongs_to(number)):
        raise no_object(media_id, "no such medium, or its time is over; this number has no other object to read")
    return medium
