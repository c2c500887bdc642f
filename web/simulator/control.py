"""The control API `/sim/…`: the test bench's only door into the fake WhatsApp.

JSON orders come in: make users, let them write, turn switches, post crafted webhooks. Transcripts and
logs go out, with long-polling. Errors answer {"error": text}: 404 unknown, 409 taken, 422 not possible.
"""

import asyncio
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from web.simulator.actions import UserAction
from web.simulator.exchange import user_acts
from web.simulator.orders import find_user, read_journal, read_json
from web.simulator.parts import PARTS
from web.simulator.switches import merge_switches, parse_switches, switches_json
from web.simulator.users import NewUser, UserChanges
from web.simulator.webhooks import encode, sign


class CraftedWebhook(BaseModel):
    """Body of POST /sim/webhooks: a body to encode or a raw string, and how to sign it."""

    model_config = ConfigDict(extra="forbid")

    body: Any = None
    raw: str | None = None
    sign: bool | str = True
    """true, false (no header) or "wrong" (signed with another secret)."""
    signature: str | None = None
    """The header's value as it is, whatever `sign` says."""


async def post_user(request: web.Request) -> web.Response:
    """Make a phone."""
    new = NewUser.model_validate(await read_json(request))
    try:
        user = request.app[PARTS].world.add_user(new)
    except ValueError as error:
        status = 409 if "belongs to" in str(error) else 422
        return web.json_response({"error": str(error)}, status=status)
    return web.json_response(user.public(), status=201)


async def get_users(request: web.Request) -> web.Response:
    """List the phones."""
    return web.json_response({"users": [user.public() for user in request.app[PARTS].world.users.values()]})


async def get_user(request: web.Request) -> web.Response:
    """Show one phone."""
    return web.json_response(find_user(request).public())


async def patch_user(request: web.Request) -> web.Response:
    """Change a phone; opening it reads what waits there."""
    user = find_user(request)
    parts = request.app[PARTS]
    changes = UserChanges.model_validate(await read_json(request)).model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(user, name, value)
    parts.world.tell({"type": "user", "user": user.public()})
    if changes.get("open"):
        parts.statuses.opened(user)
    return web.json_response(user.public())


async def post_message(request: web.Request) -> web.Response:
    """Let a user write or tap; with ?wait=1 answer only when the webhook took it."""
    user = find_user(request)
    action = UserAction.model_validate(await read_json(request))
    outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settled(accepted: bool) -> None:
        if not outcome.done():
            outcome.set_result(accepted)

    message = user_acts(request.app[PARTS], user, action, settled, str(request.url.origin()))
    answer = {"wamid": message.wamid, "seq": message.seq}
    if request.query.get("wait") == "1" and not await outcome:
        return web.json_response(answer | {"error": "the webhook never answered 200"}, status=504)
    return web.json_response(answer, status=202)


async def get_messages(request: web.Request) -> web.Response:
    """Show a transcript with one business number, waiting for news if asked."""
    user, parts = find_user(request), request.app[PARTS]
    number = parts.config.number(request.query.get("phone_number_id"))
    return await read_journal(request, parts.world.transcript(user, number.id), "messages")


async def get_numbers(request: web.Request) -> web.Response:
    """List the business numbers, the default first."""
    return web.json_response({"numbers": [one.public() for one in request.app[PARTS].config.numbers]})


async def get_graph_log(request: web.Request) -> web.Response:
    """Show the Graph calls seen, waiting for news if asked."""
    return await read_journal(request, request.app[PARTS].world.graph_log, "calls")


async def get_webhook_log(request: web.Request) -> web.Response:
    """Show the webhook POSTs tried, waiting for news if asked."""
    return await read_journal(request, request.app[PARTS].world.webhook_log, "posts")


async def get_media_log(request: web.Request) -> web.Response:
    """Show the calls of the media API seen, waiting for news if asked."""
    return await read_journal(request, request.app[PARTS].world.media_log, "calls")


async def post_webhook(request: web.Request) -> web.Response:
    """Post a crafted webhook once and tell the answer."""
    crafted = CraftedWebhook.model_validate(await read_json(request))
    parts = request.app[PARTS]
    raw = crafted.raw.encode() if crafted.raw is not None else encode(crafted.body)
    signature = crafted.signature
    if signature is None and crafted.sign:
        secret = parts.config.app_secrets[0]
        signature = sign(raw, secret + "x" if crafted.sign == "wrong" else secret)
    try:
        status, body = await parts.delivery.post_raw(raw, signature)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return web.json_response({"error": f"no answer: {type(error).__name__}: {error}"}, status=502)
    return web.json_response({"status": status, "body": body})


async def get_switches(request: web.Request) -> web.Response:
    """Show the switches."""
    return web.json_response(switches_json(request.app[PARTS].faults.switches))


async def put_switches(request: web.Request) -> web.Response:
    """Set all switches; what is not named goes to rest."""
    return _switch(request, parse_switches(await read_json(request)))


async def patch_switches(request: web.Request) -> web.Response:
    """Change the named switches only."""
    return _switch(request, merge_switches(request.app[PARTS].faults.switches, await read_json(request)))


async def delete_state(request: web.Request) -> web.Response:
    """Return to the state of birth."""
    await request.app[PARTS].reset()
    return web.json_response({"reset": True})


def _switch(request: web.Request, switches: Any) -> web.Response:
    request.app[PARTS].faults.replace(switches)
    return web.json_response(switches_json(switches))
