"""The webhook through the real Faust web server, with a producer made by hand."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.faust_app import make_app
from app.producing import ProduceError, Producer, Record
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.signature import signature
from tests.unit.whatsapp.shapes import ANA_KEY, NAMES, NUMBER, body
from web import webhook as module
from web.webhook import SIGNATURE, Intake, install_webhook

NEW, OLD, TOKEN = "the-new-secret", "the-old-secret", "the-verify-token"
MEGABYTE = 1024 * 1024


class Kafka:
    """A producer that takes records, refuses them, or hangs."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.calls = 0
        self.away = False
        self.hangs = False
        self.given_up = 0
        self.open = asyncio.Event()

    async def produce_all(self, records: Iterable[Record]) -> None:
        """Take records."""
        self.calls += 1
        if self.away:
            raise ProduceError("Kafka did not acknowledge")
        if self.hangs:
            try:
                await self.open.wait()
            except asyncio.CancelledError:
                self.given_up += 1
                raise
        self.records += records


class Door:
    """A client of the webhook, and what is behind it."""

    def __init__(self, client: TestClient[Any, Any], kafka: Kafka, intake: Intake, topics: Topics) -> None:
        self.client = client
        self.kafka = kafka
        self.intake = intake
        self.topics = topics

    async def post(self, raw: bytes, secret: str | None = NEW, **headers: str) -> tuple[int, str]:
        """Post a body, signed with a secret."""
        signed = {SIGNATURE: signature(secret, raw)} if secret else {}
        async with self.client.post("/webhook", data=BytesIO(raw), headers={**signed, **headers}) as answer:
            return answer.status, await answer.text()

    async def shake(self, **query: str) -> ClientResponse:
        """Ask for the handshake."""
        return await self.client.get("/webhook", params={f"hub.{name}": value for name, value in query.items()})

    def routed(self) -> list[Record]:
        """What the router will read."""
        return [record for record in self.kafka.records if record.topic == self.topics.webhook]

    def account(self) -> list[Record]:
        """What operations will read."""
        return [record for record in self.kafka.records if record.topic == self.topics.account]

    def set_aside(self) -> list[dict[str, Any]]:
        """What went to the quarantine."""
        return [orjson.loads(r.value) for r in self.kafka.records if r.topic == self.topics.quarantine]


Opens = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def opened(tmp_path: Path) -> Opens:
    """Opens a door; fields change its settings."""

    @asynccontextmanager
    async def open_door(**fields: Any) -> AsyncIterator[Door]:
        defaults: dict[str, Any] = {
            "data_dir": tmp_path,
            "app_secrets": [SecretStr(NEW), SecretStr(OLD)],
            "verify_token": SecretStr(TOKEN),
            "produce_seconds": 0.2,
        }
        settings = Settings(_env_file=None, **(defaults | fields))
        faust_app = make_app(settings, "webhook", 5000, producer_only=True)
        topics, kafka = Topics(settings), Kafka()
        intake = install_webhook(faust_app, settings, topics, cast(Producer, kafka))
        faust_app.web.init_server()
        async with TestClient(TestServer(faust_app.web.web_app)) as client:
            yield Door(client, kafka, intake, topics)

    return open_door


@pytest.fixture
async def door(opened: Opens) -> AsyncIterator[Door]:
    """A door with two secrets and a token."""
    async with opened() as door:
        yield door


async def test_the_handshake_echoes_the_challenge_and_nothing_else(door: Door) -> None:
    answer = await door.shake(mode="subscribe", verify_token=TOKEN, challenge="1158201444")
    assert (answer.status, await answer.text(), answer.content_type) == (200, "1158201444", "text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "wrong", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": TOKEN, "challenge": "1"},
        {"verify_token": TOKEN, "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "", "challenge": "1"},
        {},
    ],
)
async def test_any_other_handshake_is_refused(door: Door, query: dict[str, str]) -> None:
    answer = await door.shake(**query)
    assert answer.status == 403
    assert "1" not in await answer.text()


@pytest.mark.parametrize("given", ["", "anything"])
async def test_without_a_token_no_handshake_succeeds(opened: Opens, given: str) -> None:
    async with opened(verify_token=SecretStr("")) as door:
        assert (await door.shake(mode="subscribe", verify_token=given, challenge="1")).status == 403


async def test_a_signed_message_is_in_kafka_before_the_answer(door: Door) -> None:
    raw = body("text")
    assert b"\\u00e1" in raw, "the signature covers the escaped bytes"
    assert await door.post(raw) == (200, "ok")
    (record,) = door.routed()
    assert record.key == ANA_KEY.encode()
    assert record.headers is not None
    assert set(record.headers) == {"trace"}
    assert json.loads(record.value)["entry"][0]["changes"][0]["value"]["messages"][0]["id"] == "wamid.text"


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_two_secrets_are_valid_while_rotating(door: Door, secret: str) -> None:
    assert (await door.post(body("text"), secret))[0] == 200


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha256=" + "0" * 64, signature("another", body("text")), signature(NEW, body("image"))],
)
async def test_an_unsigned_message_is_refused_and_written_nowhere(door: Door, header: str) -> None:
    status, _ = await door.post(body("text"), None, **({SIGNATURE: header} if header else {}))
    assert status == 403
    assert door.kafka.calls == 0
    assert door.intake.counts == {"unsigned": 1}


async def test_the_same_words_in_other_bytes_are_refused(door: Door) -> None:
    raw = body("text")
    again = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    assert (await door.post(again, None, **{SIGNATURE: signature(NEW, raw)}))[0] == 403


async def test_without_a_secret_everything_is_believed_and_said_loudly(
    opened: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(app_secrets=[]) as door:
        assert (await door.post(body("text"), None))[0] == 200
    assert "BROKER_APP_SECRETS IS NOT SET" in caplog.text


async def test_a_batch_is_twelve_records_keyed_by_user_in_order(door: Door) -> None:
    assert (await door.post(body("batch")))[0] == 200
    assert door.kafka.calls == 1, "one wait for all of them"
    records = door.routed()
    assert [record.key for record in records] == [f"{NUMBER}:55119000000{n % 4:02}".encode() for n in range(12)]
    values = [json.loads(record.value)["entry"][0]["changes"][0]["value"] for record in records]
    assert [value["messages"][0]["id"] for value in values] == [f"wamid.B{n}" for n in range(12)]
    assert len({(record.headers or {})["trace"] for record in records}) == 1


@pytest.mark.parametrize("raw", [b"", b"{", b"not json", b"\xff\xfe", b"[]", b'{"object":"page"}'])
async def test_what_cannot_be_understood_is_set_aside_with_200(door: Door, raw: bytes) -> None:
    assert await door.post(raw) == (200, "ok")
    assert door.routed() == []
    (data,) = door.set_aside()
    assert b64decode(data["value"]) == raw
    assert data["source"] == "webhook"
    assert data["reason"]


@pytest.mark.parametrize("name", NAMES)
async def test_every_shape_is_answered_200_and_kept(door: Door, name: str) -> None:
    assert (await door.post(body(name)))[0] == 200
    assert door.routed() or door.account() or door.set_aside()


async def test_a_good_message_beside_a_strange_field_is_routed(door: Door) -> None:
    assert (await door.post(body("batch_mixed")))[0] == 200
    assert len(door.routed()) == 4
    assert [orjson.loads(record.value)["field"] for record in door.account()] == ["dreams"]
    assert door.intake.counts == {"message": 2, "status": 2, "account_unknown_field": 1}


async def test_what_concerns_the_account_goes_to_its_topic_and_is_counted_by_field(door: Door) -> None:
    for name in ("field_account_update", "field_template_status", "errors_only", "field_account_update"):
        assert (await door.post(body(name)))[0] == 200
    assert [record.key for record in door.account()] == [b"100200300400500"] * 2 + [NUMBER.encode(), b"100200300400500"]
    assert door.routed() == []
    assert door.set_aside() == []
    assert door.intake.counts == {
        "account_account_update": 2,
        "account_message_template_status_update": 1,
        "account_messages": 1,
    }


async def test_no_address_of_media_reaches_kafka(door: Door) -> None:
    for name in NAMES:
        await door.post(body(name))
    assert not [record for record in door.kafka.records if b"media.example.test" in record.value]


async def test_when_kafka_refuses_meta_is_asked_to_come_again(door: Door) -> None:
    door.kafka.away = True
    assert await door.post(body("text")) == (503, "unavailable")
    door.kafka.away = False
    assert await door.post(body("text")) == (200, "ok")


async def test_when_kafka_hangs_the_answer_comes_in_time(door: Door) -> None:
    door.kafka.hangs = True
    began = asyncio.get_running_loop().time()
    assert (await door.post(body("text")))[0] == 503
    assert asyncio.get_running_loop().time() - began < 2
    assert door.kafka.given_up == 1
    assert door.intake.waiting == 0
    assert door.kafka.records == []


async def test_when_too_many_wait_the_next_is_sent_away_at_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT_MAX", 2)
    door.kafka.hangs = True
    waiting = [asyncio.create_task(door.post(body("text"))) for _ in range(2)]
    async with asyncio.timeout(5):
        while door.kafka.calls < 2:
            await asyncio.sleep(0)
    assert (await door.post(body("text")))[0] == 503
    assert door.intake.counts["shed"] == 1
    assert door.kafka.calls == 2
    door.kafka.open.set()
    assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200]


def padded(size: int) -> bytes:
    """A good webhook of so many bytes."""
    raw = body("text")
    return raw + b" " * (size - len(raw))


async def test_three_megabytes_are_taken(door: Door) -> None:
    assert (await door.post(padded(3 * MEGABYTE)))[0] == 200
    assert len(door.routed()) == 1


async def test_more_is_refused_and_the_door_stays_open(door: Door) -> None:
    status, text = await door.post(padded(3 * MEGABYTE + 65 * 1024))
    assert (status, text) == (413, "too large")
    assert door.kafka.calls == 0
    assert (await door.post(body("text")))[0] == 200


async def test_one_message_of_three_megabytes_fits_into_its_record(door: Door) -> None:
    data = json.loads(body("text"))
    data["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "x" * (3 * MEGABYTE - 2000)
    assert (await door.post(json.dumps(data).encode()))[0] == 200
    (record,) = door.routed()
    assert len(record.value) < 3 * MEGABYTE


async def test_no_other_page_is_there(door: Door) -> None:
    for path in ("/table", "/router", "/graph", "/stats"):
        assert (await door.client.get(path)).status == 404
    assert (await door.client.put("/webhook")).status == 405


async def test_no_secret_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    await door.post(body("text"), "another-secret")
    await door.shake(mode="subscribe", verify_token="a-wrong-token", challenge="1")
    for secret in (NEW, OLD, TOKEN, "another-secret", "a-wrong-token", "sha256="):
        assert secret not in caplog.text
