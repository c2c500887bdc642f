"""The media API: upload, locate, download, delete; who may, for how long, how large; and media behind links."""

import hashlib
from typing import Any

import pytest
from aiohttp import web

from tests.web.simulator_support import BEARER, NUMBER_ID, PNG, Bench, running_bench, serving, text_to
from web.simulator.media import MediaStore
from web.simulator.media_rules import KIB, MIB, upload_refusal

DAY = 24 * 3600


async def send_media(bench: Bench, user: dict[str, Any], kind: str, **content: Any) -> tuple[int, Any]:
    payload = text_to(user["wa_id"]) | {"type": kind, kind: content}
    return await bench.send(payload)


async def fate(bench: Bench, user: dict[str, Any], kind: str, **content: Any) -> Any:
    """Send a medium and wait for its end: None, or the error it failed with."""
    status, body = await send_media(bench, user, kind, **content)
    assert status == 200, body
    wamid = body["messages"][0]["id"]
    await bench.webhook.until(lambda: {"read", "failed"} & set(bench.webhook.statuses(wamid)))
    [last] = [item for item in bench.webhook.items() if item["id"] == wamid][-1:]
    return last["errors"][0] if last["status"] == "failed" else None


async def test_from_upload_to_download() -> None:
    async with running_bench() as bench:
        media_id = (await bench.upload(PNG, "image/png"))["id"]
        status, found = await bench.graph("GET", f"{media_id}?phone_number_id={NUMBER_ID}")
        url = found.pop("url")
        assert (status, found) == (
            200,
            {
                "mime_type": "image/png",
                "sha256": hashlib.sha256(PNG).hexdigest(),
                "file_size": len(PNG),
                "id": media_id,
                "messaging_product": "whatsapp",
            },
        )
        assert await bench.graph("GET", url) == (200, PNG)
        assert (await bench.graph("GET", url, headers={}))[0] == 401
        assert (await bench.graph("GET", url, headers={"Authorization": "Bearer other"}))[0] == 401
        for broken in (url[:-1], url.replace("ext=", "ext=1"), url.partition("?")[0]):
            assert (await bench.graph("GET", broken))[0] == 404
        assert await bench.graph("DELETE", media_id) == (200, {"success": True})
        status, body = await bench.graph("GET", media_id)
        assert (status, body["error"]["code"], body["error"]["error_subcode"]) == (400, 100, 33)
        assert (await bench.graph("GET", url))[0] == 404
        calls = (await bench.call("GET", "/sim/media-log"))["calls"]
        assert [call["action"] for call in calls][:3] == ["upload", "locate", "download"]
        assert (calls[0]["media_id"], calls[0]["code"], calls[3]["code"]) == (media_id, None, 190)


async def test_addresses_live_five_minutes_and_media_days() -> None:
    now = [1_800_000_000.0]
    async with running_bench(clock=lambda: now[0]) as bench:
        mine, theirs = (await bench.upload(PNG, "image/png"))["id"], await bench.attach(PNG, "image/png")
        await bench.item(await bench.user(), type="image", media_id=theirs)
        urls = [(await bench.graph("GET", media_id))[1]["url"] for media_id in (mine, theirs)]
        now[0] += 299
        assert [(await bench.graph("GET", url))[0] for url in urls] == [200, 200]
        now[0] += 1
        assert [(await bench.graph("GET", url))[0] for url in urls] == [404, 404]
        now[0] += 7 * DAY
        assert [(await bench.graph("GET", media_id))[0] for media_id in (mine, theirs)] == [200, 400]
        now[0] += 23 * DAY
        assert (await bench.graph("GET", mine))[0] == 400


async def test_the_life_of_an_address_is_a_switch() -> None:
    async with running_bench() as bench:
        media_id = (await bench.upload(PNG, "image/png"))["id"]
        await bench.call("PATCH", "/sim/switches", {"media_url_seconds": 0})
        url = (await bench.graph("GET", media_id))[1]["url"]
        assert (await bench.graph("GET", url))[0] == 404


async def test_large_files_pass_in_both_directions() -> None:
    async with running_bench() as bench:
        large = bytes(20 * MIB)
        ours, theirs = (
            (await bench.upload(large, "application/pdf"))["id"],
            await bench.attach(large, "application/zip"),
        )
        for media_id in (ours, theirs):
            url = (await bench.graph("GET", media_id))[1]["url"]
            status, data = await bench.graph("GET", url)
            assert (status, len(data)) == (200, len(large))


async def test_uploads_refused() -> None:
    async with running_bench() as bench:
        refused = [
            (await bench.upload(PNG, "image/png", 400, messaging_product="sms"), 100, "messaging_product"),
            (await bench.upload(PNG, "image/png", 400, type="photo"), 100, "type: required"),
            (await bench.upload(b"x", "audio/opus", 400, type="audio/ogg"), 131053, "audio/opus"),
            (await bench.upload(b"<html>", "text/html", 400, type="image/png"), 131053, "text/html"),
            (await bench.upload(b"", "image/png", 400), 131053, "empty"),
            (await bench.upload(bytes(5 * MIB + 1), "image/jpeg", 400), 131053, f"at most {5 * MIB}"),
        ]
        for body, code, details in refused:
            assert body["error"]["code"] == code
            assert details in body["error"]["error_data"]["details"]
        url = f"{bench.url}/v25.0/{NUMBER_ID}/media"
        async with bench.http.post(url, json={}, headers=BEARER) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)
        multipart = BEARER | {"Content-Type": "multipart/form-data; boundary=b"}
        for raw in (
            b"",
            b"noise",
            b"--b\r\nbroken",
            b"--b\r\n\r\nx",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        ):
            async with bench.http.post(url, data=raw, headers=multipart) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)
        async with bench.http.post(url, data=b"x", headers=BEARER | {"Content-Type": "multipart/form-data"}) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)
        async with bench.http.post(url.replace(NUMBER_ID, "42"), json={}, headers=BEARER) as answer:
            assert (await answer.json())["error"]["error_subcode"] == 33
        assert (await bench.graph("GET", f"{(await bench.upload(PNG, 'image/png'))['id']}?phone_number_id=42"))[
            0
        ] == 400


@pytest.mark.parametrize(
    ("mime", "most"),
    [
        ("image/png", 5 * MIB),
        ("video/3gpp", 16 * MIB),
        ("audio/ogg; codecs=opus", 16 * MIB),
        ("application/pdf", 100 * MIB),
        ("image/webp", 100 * KIB),
    ],
)
def test_the_largest_file_of_each_kind(mime: str, most: int) -> None:
    assert upload_refusal(mime, bytes(most)) is None
    assert f"at most {most}" in str(upload_refusal(mime, bytes(most + 1)))


def test_an_animated_sticker_may_be_larger() -> None:
    moving = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02"
    assert upload_refusal("image/webp", moving.ljust(500 * KIB, b"\0")) is None
    assert upload_refusal("image/webp", moving.ljust(500 * KIB + 1, b"\0")) is not None


async def test_media_are_sent_by_id() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        media_id = (await bench.upload(PNG, "image/png"))["id"]
        assert await fate(bench, ana, "image", id=media_id, caption="hi") is None
        shown = (await bench.messages(ana))[-1]["shown"]["media"][media_id]
        assert (shown["mime_type"], shown["file_size"]) == ("image/png", len(PNG))
        error = await fate(bench, ana, "sticker", id=media_id)
        assert (error["code"], "image/png is not supported" in error["error_data"]["details"]) == (131053, True)
        status, body = await send_media(bench, ana, "image", id="998")
        assert (status, body["error"]["code"]) == (400, 131009)
        assert body["error"]["error_data"]["details"].startswith("image.id: no such medium")
        header = {"type": "image", "image": {"id": "998"}}
        buttons = {"buttons": [{"type": "reply", "reply": {"id": "a", "title": "A"}}]}
        content = {"type": "button", "header": header, "body": {"text": "x"}, "action": buttons}
        status, body = await bench.send(text_to(ana["wa_id"]) | {"type": "interactive", "interactive": content})
        assert body["error"]["error_data"]["details"].startswith("interactive.header.image.id: ")


async def test_media_behind_links_are_fetched_once() -> None:
    asked: list[str] = []

    async def give(request: web.Request) -> web.Response:
        asked.append(request.path)
        mime = "text/html" if request.path == "/page" else "image/png"
        return web.Response(body=PNG, content_type=mime, status=404 if request.path == "/gone" else 200)

    files = web.Application()
    files.router.add_get("/{name}", give)
    async with running_bench() as bench, serving(files) as url:
        ana = await bench.user()
        await bench.write(ana)
        assert await fate(bench, ana, "image", link=f"{url}/a.png") is None
        assert await fate(bench, ana, "image", link=f"{url}/a.png") is None
        assert asked == ["/a.png"]
        shown = (await bench.messages(ana))[-1]["shown"]["media"][f"{url}/a.png"]
        async with bench.http.get(f"{bench.url}/sim/media/{shown['id']}") as answer:
            assert (await answer.read(), shown["filename"]) == (PNG, "a.png")
        for path, reason in (("page", "text/html is not supported"), ("gone", "HTTP 404")):
            error = await fate(bench, ana, "image", link=f"{url}/{path}")
            assert (error["code"], reason in error["error_data"]["details"]) == (131053, True)
        error = await fate(bench, ana, "image", link="http://127.0.0.1:9/a.png")
        assert "could not be fetched" in error["error_data"]["details"]
        await bench.call("PATCH", "/sim/switches", {"fetch_links": False})
        assert await fate(bench, ana, "image", link="http://127.0.0.1:9/a.png") is None


async def test_tokens_and_injected_errors_strike_media_too() -> None:
    async with running_bench() as bench:
        media_id = (await bench.upload(PNG, "image/png"))["id"]
        url = (await bench.graph("GET", media_id))[1]["url"]
        await bench.call("PATCH", "/sim/switches", {"token_expired": True})
        for path in (media_id, url):
            status, body = await bench.graph("GET", path)
            assert (status, body["error"]["code"], body["error"]["error_subcode"]) == (401, 190, 463)
        errors = [{"code": 131000, "on": "media", "count": 1}, {"code": 2, "on": "media", "count": 1, "form": "html"}]
        await bench.call("PUT", "/sim/switches", {"errors": errors})
        ana = await bench.user()
        assert (await bench.send(text_to(ana["wa_id"])))[0] == 200
        assert (await bench.graph("GET", url))[0] == 500
        status, body = await bench.graph("GET", media_id)
        assert (status, b"<html>" in body) == (503, True)
        assert await bench.graph("GET", url) == (200, PNG)


async def test_the_page_shows_pictures_and_offers_the_rest_as_downloads() -> None:
    async with running_bench() as bench:
        script = await bench.attach(b"<script>alert(1)</script>", "text/html", "evil.html")
        async with bench.http.get(f"{bench.url}/sim/media/{script}") as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="evil.html"'
            assert "sandbox" in answer.headers["Content-Security-Policy"]
        drawing = await bench.attach(b"<svg/>", "image/svg+xml")
        async with bench.http.get(f"{bench.url}/sim/media/{drawing}") as answer:
            assert answer.content_type == "application/octet-stream"
        async with bench.http.get(f"{bench.url}/sim/media/1") as answer:
            assert answer.status == 404
        await bench.call("DELETE", "/sim/state")
        async with bench.http.get(f"{bench.url}/sim/media/{script}") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("wanted", "status", "shown", "part"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=8-", 206, "bytes 8-9/10", b"89"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=5-99", 206, "bytes 5-9/10", b"56789"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("lines=1", 416, "bytes */10", b""),
    ],
)
async def test_players_may_ask_for_parts(wanted: str, status: int, shown: str, part: bytes) -> None:
    async with running_bench() as bench:
        media_id = await bench.attach(b"0123456789", "audio/ogg")
        async with bench.http.get(f"{bench.url}/sim/media/{media_id}", headers={"Range": wanted}) as answer:
            assert (answer.status, answer.headers["Content-Range"], await answer.read()) == (status, shown, part)


def test_the_store_forgets_the_oldest_beyond_its_limit() -> None:
    store = MediaStore(100)
    ids = [store.add(bytes(40), "image/png", owner="user", now=0).id for _ in range(4)]
    assert [store.find(media_id, 1) is not None for media_id in ids] == [False, False, True, True]
    assert len(set(ids)) == 4
