"""The webhook: Meta's door into the house.

In: Meta's handshake and its signed POSTs. Out: one record per message, status and change of identity on the topic
`webhook`, keyed by user; one per other field on `account`; 200 only after Kafka acknowledged all of them. It decides
nothing and waits for nothing else.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from typing import Any

from aiohttp.web import HTTPRequestEntityTooLarge
from faust.web import View

from app.incoming import record_of
from app.producing import ProduceError, Producer, Record
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.account import ALARMING, FIELDS
from app.whatsapp.envelope import Item, split
from app.whatsapp.signature import is_signed, is_token

SIGNATURE = "X-Hub-Signature-256"
IN_FLIGHT_MAX = 500
"""Requests that may wait for Kafka at once; past it Meta is asked to come again, before memory runs out."""

log = logging.getLogger("broker.webhook")


class Intake:
    """Turns trusted bodies into records."""

    def __init__(self, settings: Settings, topics: Topics, producer: Producer) -> None:
        self._settings = settings
        self._topics = topics
        self._producer = producer
        self.counts: Counter[str] = Counter()
        self.waiting = 0

    def is_trusted(self, body: bytes, header: str) -> bool:
        """Whether a body comes from Meta; without any secret everything is believed (warned of at start)."""
        secrets = [secret.get_secret_value() for secret in self._settings.app_secrets]
        return not secrets or is_signed(body, header, secrets)

    async def take(self, body: bytes) -> bool:
        """Write a body's items to Kafka within `produce_seconds`; False when Kafka did not acknowledge in time."""
        if self.waiting >= IN_FLIGHT_MAX:
            self.counts["shed"] += 1
            return False
        self.waiting += 1
        try:
            async with asyncio.timeout(self._settings.produce_seconds):
                await self._producer.produce_all(self._records(split(body)))
        except (ProduceError, TimeoutError) as error:
            self.counts["unavailable"] += 1
            log.error("Kafka did not take a webhook (%s): answered 503, Meta sends it again", error or "time-out")
            return False
        finally:
            self.waiting -= 1
        return True

    def _records(self, items: list[Item]) -> list[Record]:
        trace = uuid.uuid4().hex.encode()
        return [self._record(item, trace) for item in items]

    def _record(self, item: Item, trace: bytes) -> Record:
        if item.reason is not None:
            self.counts["quarantined"] += 1
            log.warning("an item of a webhook goes to the quarantine: %s", item.reason)
        elif item.kind == "account":
            self.counts[f"account_{item.id}" if item.id in FIELDS else "account_unknown_field"] += 1
            log.log(
                logging.WARNING if item.id in ALARMING else logging.INFO,
                "Meta tells something about the account: field %s, see topic %s",
                item.id,
                self._topics.account,
            )
        else:
            self.counts[item.kind] += 1
        return record_of(item, self._topics, time.time(), {"trace": trace})


def install_webhook(app: Any, settings: Settings, topics: Topics, producer: Producer) -> Intake:
    """Add `GET` and `POST /webhook` to a Faust app."""
    intake = Intake(settings, topics, producer)
    if not settings.app_secrets:
        log.warning("BROKER_APP_SECRETS IS NOT SET: anybody who reaches the webhook can write as any user")

    @app.page("/webhook", name="webhook")
    class Webhook(View):
        """Meta's callback URL."""

        async def get(self, request: Any) -> Any:
            """The verification handshake: echo the challenge to whoever knows the token."""
            query = request.query
            expected = settings.verify_token.get_secret_value()
            if query.get("hub.mode") == "subscribe" and is_token(query.get("hub.verify_token", ""), expected):
                return self.text(query.get("hub.challenge", ""))
            log.warning("a verification handshake was refused: wrong mode or token (BROKER_VERIFY_TOKEN)")
            return self.text("forbidden", status=403)

        async def post(self, request: Any) -> Any:
            """A webhook: 200 once Kafka has it, 403 unsigned, 413 too large, 503 while Kafka is away."""
            try:
                body = await request.read()
            except HTTPRequestEntityTooLarge:
                intake.counts["too_large"] += 1
                return self.text("too large", status=413)
            if not intake.is_trusted(body, request.headers.get(SIGNATURE, "")):
                intake.counts["unsigned"] += 1
                log.warning("a webhook with a wrong or missing signature was refused (%d bytes)", len(body))
                return self.text("forbidden", status=403)
            if await intake.take(body):
                return self.text("ok")
            return self.text("unavailable", status=503)

    return intake
