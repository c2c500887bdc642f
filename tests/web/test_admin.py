"""The admin API's routes answer in the first generation's shapes."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from app.processes.broker import build
from app.settings import Settings, SettingsError
from app.topics import TopicsError
from tests.web.admin_support import HELP, OLD_TOKEN, SALES, TOKEN, Admin, admin_api


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Admin]:
    async with admin_api(tmp_path) as admin:
        yield admin


NO_HOURS: dict[str, Any] = {"hours": None, "closed_message": "", "welcome_message": "", "texts": {}, "draining": {}}
SHOWN = {"id": 1, **SALES, "description": "", "position": 0, "active": 1, **NO_HOURS}


async def test_create_answers_the_id_and_nothing_else(admin: Admin) -> None:
    assert await admin.call("POST", "/agent/create", SALES) == (200, {"id": 1})
    assert [agent.topics for agent in admin.topics] == [("sales-in", "sales-out", "sales-error")]
    assert admin.notified == 1


@pytest.mark.parametrize("path", ["/agent", "/agent/"])
async def test_list_with_and_without_trailing_slash(admin: Admin, path: str) -> None:
    await admin.create(SALES)
    assert await admin.call("GET", path) == (200, {"status": "success", "data": [SHOWN]})


async def test_find_by_id_and_by_part_of_a_name(admin: Admin) -> None:
    await admin.create(SALES)
    await admin.create(HELP)
    assert await admin.call("GET", "/agent/1") == (200, {"status": "success", "data": SHOWN})
    status, answer = await admin.call("GET", "/agent/by-name/DESK")
    assert (status, [agent["name"] for agent in answer["data"]]) == (200, ["Help desk"])
    assert await admin.call("GET", "/agent/by-name/nobody") == (200, {"status": "success", "data": []})


async def test_update_replaces_and_keeps_what_the_first_generation_did_not_know(admin: Admin) -> None:
    await admin.create({**SALES, "description": "Buy here", "position": 4})
    body = {**SALES, "id": 1, "name": "Shop"}
    assert await admin.call("POST", "/agent/update", body) == (200, {"status": "success"})
    _, answer = await admin.call("GET", "/agent/1")
    assert answer["data"] == {**SHOWN, "name": "Shop", "description": "Buy here", "position": 4}
    assert admin.notified == 2


async def test_delete_is_soft_and_may_be_repeated(admin: Admin) -> None:
    await admin.create(SALES)
    for _ in range(2):
        assert await admin.call("DELETE", "/agent/delete/1") == (200, {"status": "success"})
    assert admin.notified == 2
    assert await admin.call("GET", "/agent") == (200, {"status": "success", "data": []})
    assert admin.store.agents[1].active is False
    assert await admin.create(SALES) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/agent/99", None, "find-02"),
        ("GET", "/agent/999999999999999999", None, "find-02"),
        ("DELETE", "/agent/delete/99", None, "delete-02"),
        ("POST", "/agent/update", {**SALES, "id": 99}, "update-02"),
    ],
)
async def test_an_unknown_agent_is_404(admin: Admin, method: str, path: str, body: Any, code: str) -> None:
    status, answer = await admin.call(method, path, body)
    assert (status, answer["internal_code"]) == (404, code)
    assert "there is no agent 99" in answer["message"]


async def test_a_taken_name_and_topic_are_409_and_say_by_whom(admin: Admin) -> None:
    await admin.create(SALES)
    status, answer = await admin.call(
        "POST", "/agent/create", {**HELP, "name": " sÁles".strip(), "error_topic": "sales-in"}
    )
    assert (status, answer["internal_code"]) == (409, "create-04")
    assert answer["errors"] == [
        {"field": "name", "reason": "is taken by agent 1 (Sales)"},
        {"field": "error_topic", "reason": "is taken by agent 1 (Sales): its read_topic"},
    ]
    assert len(admin.topics) == 1


async def test_what_breaks_the_rules_is_422_with_every_field(admin: Admin) -> None:
    body = {"name": "x" * 25, "read_topic": "a b", "write_topic": "webhook"}
    status, answer = await admin.call("POST", "/agent/create", body)
    assert (status, answer["internal_code"]) == (422, "create-03")
    assert [error["field"] for error in answer["errors"]] == ["name", "read_topic", "write_topic", "error_topic"]
    assert admin.topics == []


@pytest.mark.parametrize("number", ["abc", "-1", "1.5", "٣"])
async def test_an_id_that_is_no_number_is_422(admin: Admin, number: str) -> None:
    status, answer = await admin.call("GET", f"/agent/{number}")
    assert (status, answer["errors"]) == (422, [{"field": "id", "reason": "must be the number of an agent"}])


@pytest.mark.parametrize("body", [b"{", b"", b'"text"', b"[]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_400(admin: Admin, body: bytes) -> None:
    status, answer = await admin.call("POST", "/agent/create", body)
    assert (status, answer["internal_code"]) == (400, "create-01")


async def test_postgres_away_is_503(admin: Admin) -> None:
    admin.store.away = True
    for method, path, body in [
        ("GET", "/agent", None),
        ("POST", "/agent/create", SALES),
        ("DELETE", "/agent/delete/1", None),
    ]:
        status, answer = await admin.call(method, path, body)
        assert (status, answer["internal_code"][-3:]) == (503, "-05")
    assert admin.topics == []


@pytest.mark.parametrize(
    "error", [TopicsError("Kafka is not there"), TimeoutError(), ConnectionRefusedError("refused")]
)
async def test_kafka_away_is_503_and_a_repeat_heals(admin: Admin, error: Exception) -> None:
    admin.topics_error = error
    status, answer = await admin.call("POST", "/agent/create", SALES)
    assert (status, answer["internal_code"]) == (503, "create-06")
    assert admin.store.agents == {}
    admin.topics_error = None
    assert await admin.create(SALES) == 1


async def test_a_fault_of_ours_is_500_without_its_details(admin: Admin, caplog: pytest.LogCaptureFixture) -> None:
    admin.store.broken = True
    status, answer = await admin.call("GET", "/agent")
    assert (status, answer) == (500, {"internal_code": "find-07", "message": "the broker failed; its log says why"})
    assert "a fault with secret details" in caplog.text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "á"])
@pytest.mark.parametrize("path", ["/agent", "/agent/create", "/nowhere", ""])
async def test_without_a_valid_token_everything_is_401(admin: Admin, token: str, path: str) -> None:
    response = await admin.respond("GET", path, token=token)
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await response.json())["internal_code"] == "auth-01"


async def test_both_tokens_are_valid_while_one_replaces_the_other(admin: Admin) -> None:
    assert (await admin.call("GET", "/agent", token=OLD_TOKEN))[0] == 200
    assert (await admin.call("GET", "/agent", token=TOKEN))[0] == 200


@pytest.mark.parametrize("header", [TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer "])
async def test_other_ways_of_showing_a_token_are_401(admin: Admin, header: str) -> None:
    response = await admin.client.get("/api/v1/agent", headers={"Authorization": header})
    assert response.status == 401


async def test_paths_and_methods_that_are_not_there_have_the_envelope(admin: Admin) -> None:
    assert await admin.call("GET", "/nowhere") == (404, {"internal_code": "http-404", "message": "Not Found"})
    response = await admin.respond("PATCH", "/agent/create", SALES)
    assert (response.status, (await response.json())["internal_code"]) == (405, "http-405")
    assert "POST" in response.headers["Allow"]


async def test_a_huge_body_is_413_with_the_envelope(admin: Admin) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    content = BytesIO(b"x" * (4 * 1024 * 1024))
    response = await admin.client.post("/api/v1/agent/create", data=content, headers=headers)
    assert (response.status, (await response.json())["internal_code"]) == (413, "http-413")


async def test_a_token_is_neither_logged_nor_answered(admin: Admin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    response = await admin.respond("GET", "/agent", token="an-attempt")
    assert "an-attempt" not in await response.text() + caplog.text
    await admin.create(SALES)
    assert TOKEN not in caplog.text


def test_without_any_token_the_process_does_not_start(tmp_path: Path) -> None:
    settings = Settings(profile="production", data_dir=tmp_path, admin_tokens=[])
    with pytest.raises(SettingsError, match="BROKER_ADMIN_TOKENS"):
        build(settings)
