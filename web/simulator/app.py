"""The simulator's composition: every route in one table, and what is opened and closed with it.

A configuration comes in, an aiohttp application goes out. Nothing is shared between two applications, so
tests run as many as they like.
"""

from collections.abc import AsyncIterator, Callable

from aiohttp import ClientSession, TCPConnector, web

from web.simulator import control, events, graph, media_api, media_control, page, told
from web.simulator.config import SimulatorConfig
from web.simulator.orders import explain_errors
from web.simulator.parts import PARTS, build_parts

MAX_BODY_BYTES = 8 * 1024 * 1024


def create_app(config: SimulatorConfig) -> web.Application:
    """Return the simulator as an application ready to serve."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[explain_errors])
    app[page.SOCKETS] = set()
    app.cleanup_ctx.append(_open_parts(config))
    app.on_shutdown.append(page.close_sockets)
    app.add_routes(
        [
            web.get("/live", get_live),
            web.get("/", page.get_page),
            web.static("/static", page.STATIC),
            web.get("/sim/ws", page.get_socket),
            web.get("/sim/numbers", control.get_numbers),
            web.get("/sim/users", control.get_users),
            web.post("/sim/users", control.post_user),
            web.get("/sim/users/{id}", control.get_user),
            web.patch("/sim/users/{id}", control.patch_user),
            web.get("/sim/users/{id}/messages", control.get_messages),
            web.post("/sim/users/{id}/messages", control.post_message),
            web.post("/sim/users/{id}/played", events.post_played),
            web.post("/sim/users/{id}/identity", events.post_identity),
            web.post("/sim/users/{id}/identity/announce", events.post_announcement),
            web.post("/sim/users/{id}/identity/phone", events.post_new_phone),
            web.post("/sim/users/{id}/marketing", events.post_marketing),
            web.post("/sim/events", events.post_event),
            web.post("/sim/statuses", told.post_status),
            web.get("/sim/templates", events.get_templates),
            web.post("/sim/templates", events.post_template),
            web.patch("/sim/templates/{name}", events.patch_template),
            web.post("/sim/media", media_control.post_file),
            web.get("/sim/media/{media_id}", media_control.get_file),
            web.get("/sim/media-log", control.get_media_log),
            web.get("/sim/graph-log", control.get_graph_log),
            web.get("/sim/webhook-log", control.get_webhook_log),
            web.post("/sim/webhooks", control.post_webhook),
            web.get("/sim/switches", control.get_switches),
            web.put("/sim/switches", control.put_switches),
            web.patch("/sim/switches", control.patch_switches),
            web.delete("/sim/state", control.delete_state),
            web.post(r"/{version:v\d+\.\d+}/{phone_number_id}/messages", graph.post_messages),
            web.post(r"/{version:v\d+\.\d+}/{phone_number_id}/media", media_api.post_media),
            web.get(r"/{version:v\d+\.\d+}/{media_id:\d+}", media_api.get_media),
            web.delete(r"/{version:v\d+\.\d+}/{media_id:\d+}", media_api.delete_media),
            web.get(r"/media/{media_id:\d+}", media_api.download),
            # last, since it matches everything that starts like a version
            web.route("*", r"/{path:v\d+\.\d+/.*}", graph.refuse_path),
        ]
    )
    return app


def _open_parts(config: SimulatorConfig) -> Callable[[web.Application], AsyncIterator[None]]:
    async def parts(app: web.Application) -> AsyncIterator[None]:
        connector = TCPConnector(limit=config.webhook_connections)
        async with ClientSession(connector=connector) as http:
            app[PARTS] = build_parts(config, http)
            yield
            await app[PARTS].stop()

    return parts


async def get_live(request: web.Request) -> web.Response:
    """Say that the process serves."""
    return web.json_response({"status": "ok"})
