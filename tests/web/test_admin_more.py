"""What the admin API has beyond the first generation: named tokens, the audit, pages, PUT and `active`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.admin_support import HELP, NAMED_TOKEN, SALES, TOKEN, Admin, admin_api


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Admin]:
    async with admin_api(tmp_path) as admin:
        yield admin


async def test_the_audit_says_whose_token_it_was(admin: Admin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert (await admin.call("POST", "/agent/create", SALES, token=NAMED_TOKEN))[0] == 200
    await admin.call("POST", "/agent/update", {**SALES, "id": 1})
    await admin.call("DELETE", "/agent/delete/1", token=NAMED_TOKEN)
    status, answer = await admin.call("GET", "/audit")
    assert (status, answer["status"]) == (200, "success")
    assert [change["actor"] for change in answer["data"]] == ["ana", "unnamed token", "ana"]
    assert "was created by ana" in caplog.text and NAMED_TOKEN not in caplog.text
    assert [change["id"] for change in (await admin.call("GET", "/audit?limit=1"))[1]["data"]] == [3]


@pytest.mark.parametrize("token", ["ana", f"ana:{NAMED_TOKEN}", f"ana:{TOKEN}", "unnamed token", ":"])
async def test_a_name_opens_no_door(admin: Admin, token: str) -> None:
    assert (await admin.call("GET", "/audit", token=token))[0] == 401


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "9" * 5000, "٣"])
async def test_a_wrong_limit_is_422(admin: Admin, limit: str) -> None:
    for path in ("/audit", "/agent", "/agent/by-name/a"):
        status, answer = await admin.call("GET", f"{path}?limit={limit}")
        assert (status, answer["errors"]) == (
            422,
            [{"field": "limit", "reason": "must be a whole number from 1 to 1000"}],
        )


async def test_who_asks_for_a_page_gets_one_with_the_total(admin: Admin) -> None:
    for number in range(5):
        names = {field: f"{field}-{number}" for field in SALES}
        await admin.create(names | {"name": f"Line {'abcde'[number]}"})

    async def page(query: str) -> tuple[Any, ...]:
        _, answer = await admin.call("GET", f"/agent{query}")
        return [agent["id"] for agent in answer.pop("data")], answer

    assert await page("") == ([1, 2, 3, 4, 5], {"status": "success"})
    assert await page("?limit=2") == ([1, 2], {"status": "success", "total": 5, "limit": 2, "offset": 0})
    assert await page("?limit=2&offset=4") == ([5], {"status": "success", "total": 5, "limit": 2, "offset": 4})
    assert await page("?offset=9") == ([], {"status": "success", "total": 5, "limit": 100, "offset": 9})
    assert await page("/by-name/LINE?limit=1&offset=1") == (
        [2],
        {"status": "success", "total": 5, "limit": 1, "offset": 1},
    )


async def test_put_replaces_and_answers_the_agent(admin: Admin) -> None:
    await admin.create(SALES)
    status, answer = await admin.call("PUT", "/agent/1", {**HELP, "position": 3})
    assert (status, answer["data"]["name"], answer["data"]["position"]) == (200, "Help desk", 3)
    assert (await admin.call("PUT", "/agent/1", {**HELP, "id": 1}))[0] == 200
    status, answer = await admin.call("PUT", "/agent/1", {**HELP, "id": 2})
    assert (status, answer["errors"][0]["field"]) == (422, "id")
    assert (await admin.call("PUT", "/agent/9", HELP))[0] == 404
    assert (await admin.call("PUT", "/agent/x", HELP))[0] == 422


async def test_texts_are_shown_kept_replaced_and_refused_by_their_name(admin: Admin) -> None:
    await admin.create({**SALES, "texts": {"farewell": "Até logo, {user}!"}})
    await admin.call("POST", "/agent/update", {**SALES, "id": 1, "position": 2})
    assert (await admin.call("GET", "/agent/1"))[1]["data"]["texts"] == {"farewell": "Até logo, {user}!"}
    status, answer = await admin.call("PUT", "/agent/1", {**SALES, "texts": {"gone": ""}})
    assert (status, answer["data"]["texts"]) == (200, {"gone": ""})
    wrong = {"farewell": "Bye, {nobody}", "hello": "Hi", "opens": "x" * 61}
    for method, path in (("POST", "/agent/create"), ("POST", "/agent/update"), ("PUT", "/agent/1")):
        body = {**SALES, "texts": wrong, **({"id": 1} if path == "/agent/update" else {})}
        status, answer = await admin.call(method, path, body)
        assert status == 422
        assert [one["field"] for one in answer["errors"]] == ["texts.farewell", "texts.hello", "texts.opens"]
    assert (await admin.call("GET", "/agent/1"))[1]["data"]["texts"] == {"gone": ""}


async def test_active_takes_an_agent_out_of_the_menu_and_back(admin: Admin) -> None:
    await admin.create(SALES)
    status, answer = await admin.call("PUT", "/agent/1", {**SALES, "active": 0})
    assert (status, answer["data"]["active"]) == (200, 0)
    assert (await admin.call("GET", "/agent/1"))[0] == 404
    assert (await admin.call("PUT", "/agent/1", SALES))[0] == 404
    assert await admin.create({**HELP, "name": "Sales"}) == 2
    status, answer = await admin.call("PUT", "/agent/1", {**SALES, "active": True})
    assert (status, answer["errors"]) == (409, [{"field": "name", "reason": "is taken by agent 2 (Sales)"}])
    assert (await admin.call("POST", "/agent/update", {**SALES, "id": 1, "name": "Shop", "active": 1}))[0] == 200
    assert (await admin.call("GET", "/agent/1"))[1]["data"]["name"] == "Shop"


@pytest.mark.parametrize("active", ["1", 2, [], {}, 0.5])
async def test_an_active_that_is_neither_1_nor_0_is_422(admin: Admin, active: Any) -> None:
    status, answer = await admin.call("POST", "/agent/create", {**SALES, "active": active})
    assert (status, answer["errors"]) == (422, [{"field": "active", "reason": "must be 1 or 0"}])
