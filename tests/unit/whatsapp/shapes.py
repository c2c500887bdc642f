"""The webhooks in tests/fixtures/webhooks: one file per shape of Meta's reference (chapters 2 to 4), composed by hand.

Bodies are kept as Meta sends them, with everything beyond ASCII escaped.
"""

import json
from pathlib import Path
from typing import Any

import orjson

from app.core.decide import decide
from app.core.effects import TellAgent
from app.core.events import Event, NotUnderstood
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.whatsapp.envelope import Item, split
from app.whatsapp.inbound import read_item
from tests.unit.histories import REGISTER, SALES

DIRECTORY = Path(__file__).parents[2] / "fixtures" / "webhooks"
NAMES = sorted(path.stem for path in DIRECTORY.glob("*.json"))

NUMBER = "1029384756"
ANA_KEY = f"{NUMBER}:5511999990000"
HANS_KEY = f"{NUMBER}:DE.4412"

TOLD_TO_NO_AGENT = {
    "group_text",
    "list_reply",  # a row of the broker's own menu
    "status_failed_without_mark",
    "status_group",
    "status_of_another_json_program",
    "status_of_another_program",
    "status_without_number",
}
TOLD = [
    name for name in NAMES if name.split("_")[0] not in ("batch", "errors", "field") and name not in TOLD_TO_NO_AGENT
]
"""Every webhook with one item in it that an agent reads."""


def body(name: str) -> bytes:
    """A webhook's body."""
    return (DIRECTORY / f"{name}.json").read_bytes()


def webhook(name: str) -> dict[str, Any]:
    """A webhook as JSON."""
    found: dict[str, Any] = json.loads(body(name))
    return found


def things(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Every message and status of a webhook, in its order."""
    return [
        thing
        for entry in data["entry"]
        for change in entry["changes"]
        if change["field"] == "messages"
        for name in ("messages", "statuses")
        for thing in change["value"].get(name, [])
    ]


def item(name: str) -> Item:
    """The item of a webhook that is for the router; there may be one for the account beside it."""
    (found,) = (one for one in split(body(name)) if one.kind != "account")
    return found


def event(name: str) -> Event:
    """What a webhook tells."""
    found = read_item(item(name).value)
    assert not isinstance(found, NotUnderstood), found
    return found


def record(name: str) -> dict[str, Any]:
    """What the user's agent reads of a webhook, on whichever of its topics."""
    assert item(name).reason is None, "it does not reach the router"
    happened = event(name)
    state = State(session=Session(since=happened.at, agent=SALES.id), window=Window(user=happened.user))
    (effect,) = decide(state, happened, happened.at, REGISTER, Rules()).effects
    assert isinstance(effect, TellAgent)
    assert effect.agent == SALES.id
    return json.loads(orjson.dumps(effect.record))


ABOUT = ("waID", "raw_payload", "id", "user", "phone_number_id", "phone", "user_id", "name", "timestamp", "message_id")


def told(name: str) -> dict[str, Any]:
    """What the user's agent reads of a webhook, without what every record has."""
    return {part: value for part, value in record(name).items() if part not in ABOUT}
