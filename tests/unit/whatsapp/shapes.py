"""The webhooks in tests/fixtures/webhooks: one file per shape of Meta's reference (chapters 2 to 4), composed by hand.

Bodies are kept as Meta sends them, with everything beyond ASCII escaped.
"""

import json
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parents[2] / "fixtures" / "webhooks"
NAMES = sorted(path.stem for path in DIRECTORY.glob("*.json"))

NUMBER = "1029384756"
ANA_KEY = f"{NUMBER}:5511999990000"
HANS_KEY = f"{NUMBER}:DE.4412"


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
