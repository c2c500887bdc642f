"""The page whose connection breaks: it comes back by itself, or goes to the login when that has ended meanwhile."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from app.core.register import Register
from tests.browser.desk import connected, desk
from tests.browser.pages import looked_at
from tests.system.system import until

pytestmark = [pytest.mark.browser]
WAIT_SECONDS = 20.0


class Wire:
    """What stands between the page and the chat; once cut, nothing passes and nobody says so."""

    def __init__(self) -> None:
        self.cut = False

    async def lay(self, page: Page) -> None:
        """Lead the page's sockets through here."""
        await page.route_web_socket("**/websocket", self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.cut:
            return
        server = route.connect_to_server()
        route.on_message(lambda said: None if self.cut else server.send(said))
        server.on_message(lambda said: None if self.cut else route.send(said))
        # Whoever listens for the end has to pass it on: here nobody does.
        route.on_close(lambda code, reason: None)


async def test_a_page_whose_peer_is_dead_says_so_and_connects_anew(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (_, page):
        wire = Wire()
        await wire.lay(page)
        await page.clock.install()
        await page.reload()
        await connected(page)
        wire.cut = True
        await page.clock.run_for(45_000)  # a ping leaves and is not answered
        await expect(page.locator("#banner")).to_contain_text("The connection is gone.")
        await expect(page.locator("#link")).not_to_have_text("Connected")
        wire.cut = False

        async def came_back() -> bool:
            await page.clock.run_for(1_000)
            return await page.locator("#link").text_content() == "Connected"

        await until(came_back, WAIT_SECONDS, "a page that is connected")
        await expect(page.locator("#banner")).to_be_hidden()


async def test_a_login_that_ended_while_the_network_was_down_leads_to_the_login(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        lost: list[str] = []

        async def lose(route: Route) -> None:
            lost.append(route.request.url)
            await (route.abort() if len(lost) == 1 else route.continue_())

        await page.route("**/chat", lose)
        chat.clock.now += chat.settings.chat_session_seconds
        chat.hub.close_all()
        await page.wait_for_url("**/login")
        assert len(lost) == 2


async def test_a_page_waits_for_a_chat_that_does_not_know_its_agents_yet(browser: Browser, tmp_path: Path) -> None:
    async with desk(browser, tmp_path) as (chat, page):
        known = chat.feed.register
        chat.feed.register, chat.feed.is_loaded = Register(), False
        chat.hub.close_all()
        async with page.expect_response("**/chat") as answered:
            pass
        assert (await answered.value).status == 503
        stranger = await page.context.new_page()
        await stranger.goto(f"{chat.origin}/chat")
        await expect(stranger.get_by_text("The chat knows no agents yet")).to_be_visible()
        await looked_at(stranger, "chat-not-yet")
        chat.feed.register, chat.feed.is_loaded = known, True
        await connected(page)
        await stranger.wait_for_selector("#list")
        assert page.url.endswith("/chat")
