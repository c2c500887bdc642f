"""What must hold of any body that reaches the webhook, however broken: checked from the door to the agent's record.

In: a body. Out: nothing, or an AssertionError; what became of the bodies is counted. The parts are the real ones; only
the producer is a list.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson
from jsonschema import Draft202012Validator

from app.contract import schemas
from app.core.decide import decide
from app.core.effects import Quarantine, Send, TellAgent
from app.core.events import IdentityChanged, NotUnderstood, Routed, UserWrote
from app.core.identity import BSUID, digits
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.producing import Producer, Record
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.envelope import OBJECT, Item, split
from app.whatsapp.inbound import read_item
from app.whatsapp.media_urls import strip_media_urls
from app.wire import write_set_aside
from tests.unit.histories import SALES, VARIED
from web.webhook import Intake

AGENT_IN = Draft202012Validator(schemas()["agent-in"])
AS_THE_SCHEMA_SAYS_EVERY = 10
"""Of so many records one is held against the schema, which takes far longer than all else."""

LISTS = {"messages": ("messages", "statuses"), "user_id_update": ("user_id_update",)}


LATEST = 4_000_000_000.0
"""Seconds UTC our own clock will not show for long; a webhook may claim any time."""


def clock(event: Routed) -> float:
    """When the router handles an event: as soon as it happened, if that can be."""
    return min(event.at, LATEST)


class Written:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def produce_all(self, records: Iterable[Record]) -> None:
        """Take records."""
        self.records += records


def inside(data: Any, name: str) -> list[Any]:
    """What a list of this name holds; nothing where it is no list."""
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def things(data: Any, lists: Mapping[str, tuple[str, ...]] = LISTS) -> list[tuple[Any, Any, Any]]:
    """Every message, status and change of identity of a webhook that can be reached, after its entry and change."""
    return [
        (entry, change, thing)
        for entry in inside(data, "entry")
        for change in inside(entry, "changes")
        if isinstance(change, dict) and isinstance(change.get("field"), str)
        for name in lists.get(change["field"], ())
        for thing in inside(change.get("value"), name)
    ]


def well_formed(data: Any) -> list[str]:
    """The ids of the messages that must reach an agent."""
    found = things(data, {"messages": ("messages",)})
    return [
        thing["id"] for entry, change, thing in found if is_well_formed(thing) and stands_alone(entry, change, thing)
    ]


def stands_alone(entry: Any, change: Any, thing: Any) -> bool:
    """Whether a thing can be a webhook of its own: not too deep to be written, and not by the business itself."""
    value = {name: part for name, part in change["value"].items() if name not in ("messages", "statuses")}
    try:
        alone = {**change, "value": {**value, "messages": [thing]}}
        orjson.dumps({"object": OBJECT, "entry": [{**entry, "changes": [alone]}]})
    except orjson.JSONEncodeError:
        return False
    metadata = value.get("metadata")
    shown = metadata.get("display_phone_number") if isinstance(metadata, dict) else None
    return not isinstance(thing, dict) or not isinstance(shown, str) or thing.get("from") != digits(shown)


def is_well_formed(thing: Any) -> bool:
    """Whether a message is as Meta describes it, of a user with a visible number or without, so that it must reach an
    agent.
    """
    if not isinstance(thing, dict) or not isinstance(thing.get("type"), str) or thing.get("group_id"):
        return False
    identity, at, number, user_id = (thing.get(name) for name in ("id", "timestamp", "from", "from_user_id"))
    if not isinstance(identity, str) or not isinstance(at, str):
        return False
    if number in (None, ""):
        has_sender = isinstance(user_id, str) and BSUID.match(user_id) is not None
    else:
        has_sender = isinstance(number, str) and number.isascii() and number.isdigit()
    has_time = at.isascii() and at.isdigit() and len(at) == 10 and int(at) > 0
    return bool(identity) and has_sender and has_time and thing.get("recipient_type") != "group"


def _holds_a_change(item: Item) -> bool:
    """Whether what an item holds was a change of the webhook; an entry or body kept whole may look like one."""
    whole = ("an entry has no", "the webhook has no")
    return item.kind != "account" and not (item.reason or "").startswith(whole)


class Laws:
    """Checks bodies one after another, and counts what became of them."""

    def __init__(self) -> None:
        settings = Settings(_env_file=None)
        self._topics = Topics(settings)
        self._written = Written()
        self._intake = Intake(settings, self._topics, cast(Producer, self._written))
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    async def check(self, raw: bytes) -> None:
        """Let a body in; raises AssertionError when a law is broken."""
        self._written.records.clear()
        assert await self._intake.take(raw), "the webhook would have answered 503"
        self.counts["bodies"] += 1
        told = {identity for record in self._written.records for identity in self._follow(record)}
        try:
            came = orjson.loads(raw)
        except orjson.JSONDecodeError:
            assert self._written.records, "a body that cannot be read is kept"
            return
        if isinstance(came, dict) and came.get("object") == OBJECT:
            self._check_nothing_is_lost(came, split(raw), told)

    def _check_nothing_is_lost(self, came: Any, items: list[Item], told: set[str]) -> None:
        strip_media_urls(came)
        wanted = [thing for _, _, thing in things(came)]
        kept = [thing for item in items if _holds_a_change(item) for _, _, thing in things(orjson.loads(item.value))]
        if not any("nested too deep" in (item.reason or "") for item in items):
            assert kept == wanted
        must = well_formed(came)
        assert set(must) <= told, f"well-formed messages that reached no agent: {set(must) - told}"
        self.counts["well-formed messages"] += len(must)

    def _follow(self, record: Record) -> list[str]:
        """Go with a record to where it is read; returns the ids of the messages an agent was told of."""
        assert record.value
        data = orjson.loads(record.value)
        if record.topic == self._topics.quarantine:
            assert data["reason"]
            b64decode(data["value"], validate=True)
            self.counts["quarantined by the webhook"] += 1
            self.reasons[str(data["reason"]).split(":")[0][:60]] += 1
            return []
        if record.topic == self._topics.account:
            assert data["field"] == data["change"]["field"]
            self.counts["for the account"] += 1
            return []
        assert record.topic == self._topics.webhook
        assert record.key
        return self._route(record)

    def _route(self, record: Record) -> list[str]:
        event = read_item(record.value)
        if isinstance(event, NotUnderstood):
            assert event.reason
            self.counts["quarantined by the router"] += 1
            self.reasons[event.reason.split(":")[0][:60]] += 1
            return []
        assert event.user.key.encode() == record.key
        assert event.at > 0
        self.counts[type(event).__name__] += 1
        state = State(session=Session(since=event.at, agent=SALES.id), window=Window(user=event.user))
        decision = decide(state, event, clock(event), VARIED, Rules())
        for effect in decision.effects:
            assert isinstance(effect, TellAgent | Send), "with an agent nothing is put aside"
            if isinstance(effect, TellAgent):
                assert isinstance(effect.record["text"], str)
                shown = orjson.dumps(effect.record)
                if self.counts["records for agents"] % AS_THE_SCHEMA_SAYS_EVERY == 0 and "type" in effect.record:
                    AGENT_IN.validate(orjson.loads(shown))
                    self.counts["records as the schema says"] += 1
                self.counts["records for agents"] += 1
        if not isinstance(event, UserWrote | IdentityChanged):
            return []
        assert decision.effects
        if isinstance(event, UserWrote):
            self._wait_at_menu(event)
        return [event.message_id or event.id]

    def _wait_at_menu(self, event: UserWrote) -> None:
        """Without an agent it is kept: the state must fit its table, whatever the message holds."""
        decision = decide(State(), event, clock(event), VARIED, Rules())
        assert decision.effects
        for effect in decision.effects:
            if isinstance(effect, Quarantine):
                write_set_aside(effect, clock(event))
        if decision.state.session:
            json.loads(orjson.dumps(decision.state.session.to_dict()))
