"""The admin page: its login, its numbers, and the user who is looked up, moved and led to the menu."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.core.events import EndOrdered, MoveOrdered
from app.wire import read_event
from tests.unit.histories import DESK
from tests.unit.histories import SALES as SALES_AGENT
from tests.web.admin_page_support import FORM, Browser, admin_page
from tests.web.admin_support import OLD_TOKEN, SALES, TOKEN
from tests.web.lookups_support import ANA, NOW
from web.chat.throttle import WRONG_MAX


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with admin_page(tmp_path) as browser:
        yield browser


@pytest.mark.parametrize("path", ["", "?user=1", "agent/new", "agent/1", "login/"])
async def test_without_a_login_there_is_only_the_login(browser: Browser, path: str) -> None:
    response = await browser.get(path)
    assert (response.status, response.headers["Location"]) == (303, "/admin/login")
    assert (await browser.get("numbers")).status == 401
    assert "Admin token" in await browser.text("login")


@pytest.mark.parametrize("path", ["agent/new", "agent/1", "agent/1/deactivate", "user/move", "user/end"])
async def test_without_a_login_nothing_is_changed(browser: Browser, path: str) -> None:
    response = await browser.post(path, FORM)
    assert (response.status, response.headers["Location"]) == (303, "/admin/login")
    assert browser.store.agents == {} and browser.worker.written == []


@pytest.mark.parametrize("path", ["login", "agent/new", "user/end"])
async def test_another_site_changes_nothing(browser: Browser, path: str) -> None:
    await browser.log_in()
    response = await browser.post(path, {**FORM, "user": ANA.key, "token": TOKEN}, origin="https://evil.example")
    assert response.status == 403
    assert browser.store.agents == {} and browser.worker.written == []


@pytest.mark.parametrize("token", [TOKEN, OLD_TOKEN])
async def test_each_token_opens_and_its_login_ends_by_itself(browser: Browser, token: str) -> None:
    response = await browser.post("login", {"token": token})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and token not in cookie
    assert "Find a user" in await browser.text()
    browser.now += 12 * 3600
    assert (await browser.get()).status == 303


async def test_a_forged_cookie_opens_nothing(browser: Browser) -> None:
    for value in ("", "9999999999.", "9999999999." + "0" * 64, "x.y"):
        response = await browser.admin.client.get(
            "/admin/", headers={"Cookie": f"broker_admin={value}"}, allow_redirects=False
        )
        assert response.status == 303


async def test_guessing_is_slowed_down(browser: Browser) -> None:
    for _ in range(WRONG_MAX):
        assert (await browser.post("login", {"token": "guessed"})).status == 401
    response = await browser.post("login", {"token": TOKEN})
    assert response.status == 429 and "Retry-After" in response.headers


async def test_logging_out_forgets_the_login(browser: Browser) -> None:
    await browser.log_in()
    assert (await browser.post("logout", {})).status == 303
    assert (await browser.get()).status == 303


async def test_the_page_lets_a_browser_do_nothing_but_show_it(browser: Browser) -> None:
    await browser.log_in()
    response = await browser.get()
    policy, page = response.headers["Content-Security-Policy"], await response.text()
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert " style=" not in page and "<style" not in page and " onclick=" not in page and "http" not in page
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("static/admin.css", "static/numbers.js", "shared/colors.css"):
        assert (await browser.get(path)).status == 200


async def test_users_now_are_shown_and_refreshed(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    assert 'data-cell="menu:users" data-tone=""><span>1</span>' in await browser.text()
    numbers: dict[str, Any] = await (await browser.get("numbers")).json()
    assert numbers["cells"]["menu:users"]["words"] == "1"
    assert numbers["live"]["words"] == "Refreshed every 5 seconds."


async def test_what_flows_is_shown_and_refreshed(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    found = await browser.cells()
    assert {key: found["1:" + key]["words"] for key in ("in", "out", "unread", "errors")} == {
        "in": "12",
        "out": "0.4",
        "unread": "17",
        "errors": "3",
    }
    page = await browser.text()
    for words in ("<span>12</span>", "<span>0.4</span>", "<small>for 2 min</small>", "1 in the last minute"):
        assert words in page


@pytest.mark.parametrize(
    ("measured", "column", "words", "note", "tone"),
    [
        ({"readers": "none", "unread": None}, "unread", "–", "no reader", "dim"),
        ({"readers": None, "unread": None}, "unread", "–", "", "dim"),
        ({"readers": "away", "unread": 4}, "unread", "4", "nobody reads for 2 min", "bad"),
        ({"unread": 0, "waiting_seconds": None}, "unread", "0", "", "dim"),
        ({"unread": 3, "waiting_seconds": 12.0}, "unread", "3", "for 12 s", ""),
        ({"unread": 3, "waiting_seconds": 0.0}, "unread", "3", "", ""),
        ({"not_carried": 6}, "out", "0.4", "6 wait for the broker", ""),
        ({"in_per_minute": None}, "in", "–", "", "dim"),
        ({"in_per_minute": 0.0}, "in", "0", "", "dim"),
        ({"errors_last_hour": 0}, "errors", "0", "", "dim"),
        ({"errors_last_hour": 5, "errors_last_minute": 0}, "errors", "5", "", ""),
        ({"errors_last_hour": None}, "errors", "–", "", "dim"),
    ],
)
async def test_each_number_says_what_it_is(
    browser: Browser, measured: dict[str, Any], column: str, words: str, note: str, tone: str
) -> None:
    await browser.log_in()
    browser.measured["agents"][0] |= measured
    assert (await browser.cells())[f"1:{column}"] == {"words": words, "note": note, "tone": tone}


async def test_a_kafka_that_is_away_leaves_the_page_and_says_how_old_the_numbers_are(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    browser.measured |= {"at": NOW - 130, "problem": "Kafka did not answer within 8 s"}
    page = await browser.text()
    assert "Kafka did not answer within 8 s; messages, unread and errors are of 2 min ago." in page
    assert "<span>12</span>" in page
    browser.measured = {"at": None, "problem": "nothing has been measured yet", "agents": []}
    page = await browser.text()
    assert "Nothing has been measured yet." in page and "<span>–</span>" in page


async def test_stores_that_are_away_are_said_in_words(browser: Browser) -> None:
    await browser.log_in()
    browser.store.away = browser.mirror.away = True
    page = await browser.text()
    assert "PostgreSQL is away" in page and "Redis is away" in page
    assert DESK.name in page  # as last known
    assert (await browser.cells())["menu:users"]["words"] == "–"
    response = await browser.post("agent/new", FORM)
    assert response.status == 503 and "PostgreSQL did not answer" in await response.text()


async def test_a_user_is_looked_up_without_their_words(browser: Browser) -> None:
    await browser.log_in()
    page = await browser.text("?user=%2B55+11+99999-0000")
    assert "<h3>Ana</h3>" in page and "<dd>Sales</dd>" in page and "open until" in page
    assert "secret words" not in page
    assert "nothing is known of a user" in await browser.text("?user=5500000000")
    browser.worker.settled = False
    assert "being handed out" in await browser.text(f"?user={ANA.key}")


async def test_a_user_is_moved_and_led_to_the_menu(browser: Browser) -> None:
    await browser.log_in()
    browser.route(agent=DESK.id)
    response = await browser.post("user/move", {"user": ANA.key, "agent": str(DESK.id), "note": "urgent"})
    assert response.headers["Location"].endswith("said=moved")
    page = await browser.text(response.headers["Location"].removeprefix("/admin/"))
    assert "The user is moved." in page and f"<dd>{DESK.name}</dd>" in page, "not where they were before"
    browser.route(agent=None)
    response = await browser.post("user/end", {"user": ANA.key})
    page = await browser.text(response.headers["Location"].removeprefix("/admin/"))
    assert "The conversation is ended." in page and "<dd>the menu</dd>" in page
    moved, ended = (read_event(value) for _, value, _ in browser.worker.written)
    assert isinstance(moved, MoveOrdered) and (moved.agent, moved.note, moved.user) == (DESK.id, "urgent", ANA)
    assert isinstance(ended, EndOrdered) and ended.user == ANA
    assert (moved.actor, moved.before, ended.actor, ended.before) == ("ana", SALES_AGENT.id, "ana", DESK.id)


async def test_a_router_that_is_slow_is_said_to_be(browser: Browser) -> None:
    await browser.log_in()
    for path, more, said in (("move", {"agent": str(DESK.id)}, "moving"), ("end", {}, "ending")):
        response = await browser.post(f"user/{path}", {"user": ANA.key, **more})
        assert response.headers["Location"].endswith(f"said={said}")
        page = await browser.text(response.headers["Location"].removeprefix("/admin/"))
        assert "on its way. Search again to see it." in page


async def test_a_login_acts_under_the_name_of_its_own_token(browser: Browser) -> None:
    await browser.log_in(OLD_TOKEN)
    browser.route(agent=None)
    await browser.post("user/end", {"user": ANA.key})
    ((_, value, _),) = browser.worker.written
    ended = read_event(value)
    assert isinstance(ended, EndOrdered) and ended.actor == "unnamed token"


async def test_the_last_changes_say_who_did_what(browser: Browser) -> None:
    await browser.log_in()
    assert "Nothing was changed yet." in await browser.text()
    await browser.post("agent/new", FORM)
    await browser.save("agent/1", {**FORM, "name": "Sales <2>", "description": "new"})
    await browser.post("agent/1/deactivate", {})
    order = {"id": 1, "at": NOW + 60, "actor": "ben", "action": "move", "user": ANA.key, "order": "x"}
    browser.store.ordered = [
        {**order, "from": None, "to": DESK.id},
        {**order, "at": NOW + 61, "actor": "", "action": "end", "from": 99, "to": None},
    ]
    page = await browser.text()
    page = page[page.index('class="changes"') :]
    said = re.findall(r"<strong>(.*?)</strong> (.*?)(?: <a href=\"(.*?)\">.*)?</span>", page)
    link = "/admin/?user=" + quote(ANA.key)
    assert said == [
        ("unknown", "ended a user&#39;s conversation with agent 99", link),
        ("ben", f"moved a user from no agent to {DESK.name}", link),
        ("ana", "deactivated Sales &lt;2&gt;", ""),
        ("ana", "changed Sales &lt;2&gt;, before Sales: name, description", ""),
        ("ana", "registered Sales", ""),
    ]
    browser.store.away = True
    assert "PostgreSQL is away, which has them." in await browser.text()


async def test_an_order_that_could_not_be_given_is_said(browser: Browser) -> None:
    await browser.log_in()
    browser.worker.kafka = "hangs"
    response = await browser.post("user/end", {"user": ANA.key})
    page = await response.text()
    assert response.status == 503 and "Kafka did not acknowledge" in page and "<h3>Ana</h3>" in page
    response = await browser.post("user/move", {"user": ANA.key, "agent": "99"})
    assert response.status == 422 and "active agent" in await response.text()
