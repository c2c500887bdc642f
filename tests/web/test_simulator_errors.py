"""Every code of the reference's table 7.3 is answered in Meta's shape; some as a status, some in odd dress."""

import json
from typing import Any

import pytest

from tests.web.simulator_support import running_bench, text_to
from web.simulator.codes import ERRORS, status_of, title_of
from web.simulator.errors import status_error

TABLE = (
    *(0, 1, 2, 3, 4, 10, 17, 33, 100, 104, 190, *range(200, 300), 368, 613, 80007, 130403, 130429, 130472, 130497),
    *(130501, 131000, 131005, 131008, 131009, 131016, 131020, 131021, 131026, 131030, 131031, 131037, 131041, 131042),
    *(131044, 131045, 131047, 131048, 131049, 131050, 131051, 131052, 131053, 131055, 131056, 131057, 131059, 131060),
    *(131062, 131063, 131064, *range(131201, 131216), 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016),
    *(132018, 132068, 132069, *range(133000, 133017), 134011, 134100, 134101, 134102, 135000, 137000),
    *(*range(138000, 138019), *range(139000, 139005), *range(139100, 139104), *range(147001, 147006)),
)


def test_every_code_of_the_table_has_a_title() -> None:
    assert [code for code in TABLE if title_of(code) == "Unknown error"] == []
    assert set(ERRORS) <= set(TABLE)


async def test_every_code_is_answered_in_metas_shape() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        errors = [{"code": code, "count": 1} for code in TABLE]
        await bench.call("PUT", "/sim/switches", {"errors": errors})
        for code in TABLE:
            status, body = await bench.send(text_to(ana["wa_id"]))
            error = body["error"]
            assert (status, error["code"]) == (status_of(code), code)
            assert error["message"].startswith(f"(#{code}) ")
            assert error["fbtrace_id"]
            assert isinstance(error["is_transient"], bool)
            # the Graph API's own codes come without WhatsApp's part
            assert ("error_data" in error) is (code == 100 or code >= 130_000)
        log = (await bench.call("GET", "/sim/graph-log"))["calls"]
        assert [(call["code"], call["accepted"]) for call in log] == [(code, False) for code in TABLE]
        assert (await bench.send(text_to(ana["wa_id"])))[0] == 200


async def test_codes_come_as_a_status_too() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        codes = [code for code in TABLE if code >= 130_000][::3]
        await bench.call(
            "PATCH", "/sim/switches", {"errors": [{"code": code, "count": 1, "as_status": True} for code in codes]}
        )
        wamids = [await bench.send_text(ana) for _ in codes]
        await bench.webhook.until(lambda: all(bench.webhook.statuses(wamid) for wamid in wamids))
        failed = {item["id"]: item for item in bench.webhook.items() if item.get("status") == "failed"}
        for code, wamid in zip(codes, wamids, strict=True):
            [error] = failed[wamid]["errors"]
            assert error == status_error(code, error["error_data"]["details"])
            assert (error["code"], error["title"]) == (code, error["message"])


@pytest.mark.parametrize(
    ("form", "content_type", "expected"),
    [
        ("string", "application/json", None),
        ("bare", "application/json", {"error": {"message": "(#131016) Service unavailable"}}),
        ("html", "text/html", None),
        ("empty", "text/plain", None),
    ],
)
async def test_answers_in_odd_dress(form: str, content_type: str, expected: Any) -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.call("PATCH", "/sim/switches", {"errors": [{"code": 131016, "form": form, "http_status": 502}]})
        url = f"{bench.url}/v25.0/1029384756/messages"
        headers = {"Authorization": "Bearer test-token"}
        async with bench.http.post(url, json=text_to(ana["wa_id"]), headers=headers) as answer:
            text = await answer.text()
            assert (answer.status, answer.content_type) == (502, content_type)
        if expected is not None:
            assert json.loads(text) == expected
        if form == "string":
            assert "injected" in json.loads(text)["error"]["error_data"]
        assert (text == "") is (form == "empty")
        assert text.startswith("<!DOCTYPE html>") is (form == "html")


async def test_an_unknown_code_is_answered_all_the_same() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.call("PATCH", "/sim/switches", {"errors": [{"code": 999999}]})
        status, body = await bench.send(text_to(ana["wa_id"]))
        assert (status, body["error"]["code"], body["error"]["message"]) == (400, 999999, "(#999999) Unknown error")
