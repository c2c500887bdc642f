"""The chat's door: codes, cookies, other sites, and the headers of every answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.media import Note, after_success, media_id
from app.core.register import Register
from app.settings import SettingsError
from app.stores.media_directory import MediaDirectory
from tests.unit.media_stores import put
from tests.web.chat_support import HELP, SALES, Chat, agent, chat_settings, running_chat
from web.chat import login_code
from web.chat.access import COOKIE
from web.chat.throttle import WRONG_MAX


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with running_chat(tmp_path) as chat:
        yield chat


def form(chat: Chat, code: str | None = None) -> dict[str, str]:
    return {"agent": "1", "code": login_code(chat.settings.chat_secret, SALES) if code is None else code}


async def test_the_page_wants_a_login(chat: Chat) -> None:
    answer = await chat.client.get("/chat", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    page = await (await chat.client.get("/login")).text()
    assert "Sales" in page
    assert login_code(chat.settings.chat_secret, SALES) not in page


async def test_a_right_code_opens_the_page_of_its_agent_only(chat: Chat) -> None:
    await chat.log_in(SALES)
    page = await (await chat.client.get("/chat")).text()
    assert '<h1 id="agent-name">Sales</h1>' in page
    await chat.log_in(HELP)
    async with chat.page() as page_socket:
        assert "conversations" in await page_socket.ask("conversations", agent=HELP.id)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(chat: Chat) -> None:
    answer = await chat.client.post("/login", data=form(chat), allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    https = await chat.client.post(
        "/login", data=form(chat), allow_redirects=False, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in https.headers["Set-Cookie"].split("; ")


async def test_a_wrong_code_is_refused_and_too_many_have_to_wait(chat: Chat) -> None:
    for _ in range(WRONG_MAX):
        answer = await chat.client.post("/login", data=form(chat, "wrong"), allow_redirects=False)
        assert (answer.status, "Set-Cookie" in answer.headers) == (401, False)
    answer = await chat.client.post("/login", data=form(chat), allow_redirects=False)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "300")
    chat.clock.now += 301
    assert (await chat.client.post("/login", data=form(chat), allow_redirects=False)).status == 303


@pytest.mark.parametrize("chosen", ["", "2", "99", "x", "²", "-1"])
async def test_a_code_opens_no_other_agent(chat: Chat, chosen: str) -> None:
    answer = await chat.client.post("/login", data={**form(chat), "agent": chosen}, allow_redirects=False)
    assert answer.status == 401


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_other_sites_can_neither_log_in_nor_out(chat: Chat, path: str, headers: dict[str, str]) -> None:
    answer = await chat.client.post(path, data=form(chat), headers=headers, allow_redirects=False)
    assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)


async def test_logging_out_forgets_the_login(chat: Chat) -> None:
    await chat.log_in()
    await chat.client.post("/logout", headers={"Origin": chat.origin}, allow_redirects=False)
    assert (await chat.client.get("/chat", allow_redirects=False)).status == 303


async def test_a_login_ends_with_its_time_and_with_its_agent(chat: Chat) -> None:
    await chat.log_in()
    chat.feed.change(HELP)
    assert (await chat.client.get("/chat", allow_redirects=False)).status == 303
    chat.feed.change(SALES)
    assert (await chat.client.get("/chat", allow_redirects=False)).status == 200
    chat.clock.now += chat.settings.chat_session_seconds
    assert (await chat.client.get("/chat", allow_redirects=False)).status == 303


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/chat"), ("GET", "/login"), ("POST", "/login"), ("GET", "/websocket"), ("GET", "/chat/media/x")],
)
async def test_while_no_register_has_been_read_nobody_is_told_that_they_are_logged_out(
    chat: Chat, method: str, path: str
) -> None:
    await chat.log_in()
    chat.feed.register, chat.feed.is_loaded = Register(), False
    answer = await chat.client.request(method, path, headers={"Origin": chat.origin}, allow_redirects=False)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "The chat knows no agents yet" in await answer.text()
    chat.feed.register, chat.feed.is_loaded = Register.of([SALES]), True
    assert (await chat.client.get("/chat", allow_redirects=False)).status == 200
    async with chat.page() as page:
        assert (await page.ask("ping"))["pong"] is True


async def test_a_forged_cookie_opens_nothing(chat: Chat) -> None:
    cookie = {COOKIE: "eyJhZ2VudHMiOlsxXSwiZXhwaXJlcyI6OWU5OX0." + "0" * 64}
    assert (await chat.client.get("/chat", cookies=cookie, allow_redirects=False)).status == 303


@pytest.mark.parametrize("path", ["/login", "/chat", "/chat/static/main.js", "/nothing"])
async def test_every_answer_forbids_what_the_page_does_not_need(chat: Chat, path: str) -> None:
    headers = (await chat.client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")


def test_the_pages_have_no_script_or_style_inside_and_nothing_from_elsewhere() -> None:
    root = Path(__file__).parents[2] / "web" / "chat"
    pages = list((root / "templates").glob("*.html"))
    scripts = [*(root / "static").glob("*.js"), *(root / "static").glob("*.css")]
    assert len(pages) == 2
    assert len(scripts) > 8
    for page in pages:
        text = page.read_text()
        assert "://" not in text, page.name
        assert " style=" not in text, page.name
        assert "<script>" not in text, page.name
        assert "|safe" not in text, page.name
    for script in scripts:
        text = script.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "@import", "url("):
            assert word not in text, f"{word} in {script.name}"


async def test_an_agents_name_is_text_in_the_page(chat: Chat) -> None:
    chat.feed.change(agent(1, "<script>alert(1)</script>"))
    page = await (await chat.client.get("/login")).text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


async def test_the_chat_serves_only_the_agents_it_is_told_to(tmp_path: Path) -> None:
    async with running_chat(tmp_path, chat_agents=["help"]) as chat:
        page = await (await chat.client.get("/login")).text()
        assert "Help" in page
        assert "Sales" not in page
        assert (await chat.client.post("/login", data=form(chat), allow_redirects=False)).status == 401


async def test_without_a_secret_the_chat_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BROKER_CHAT_SECRET"):
        async with running_chat(tmp_path, chat_secret=""):
            pass
    assert chat_settings().chat_secret.get_secret_value() not in repr(chat_settings())


async def test_people_who_open_the_bare_address_come_to_the_chat(chat: Chat) -> None:
    answer = await chat.client.get("/", headers={"Accept": "text/html,*/*"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/chat")
    assert (await chat.client.get("/", allow_redirects=False)).status == 404, "health answers it, not the chat"


async def test_a_file_is_shown_to_who_is_logged_in(chat: Chat) -> None:
    note = Note(id=media_id("N", "wamid", "7"), kind="image", phone_number_id="N", created=0.0, mime_type="image/png")
    store = MediaDirectory(chat.settings.media_dir)
    put(store, note.id, b"bytes")
    store.keep(after_success(note, "", "", 5))
    assert (await chat.client.get(f"/chat/media/{note.id}")).status == 403
    await chat.log_in(SALES)
    answer = await chat.client.get(f"/chat/media/{note.id}")
    assert (answer.status, await answer.read(), answer.headers["Content-Type"]) == (200, b"bytes", "image/png")
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await chat.client.get(f"/chat/media/{note.id}", headers=elsewhere)).status == 403
