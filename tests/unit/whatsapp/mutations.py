"""Webhooks with something wrong: the fixtures, changed at random, as JSON or as bytes.

In: a source of randomness, Hypothesis's (which can shrink what it finds) or Python's own. Out: bodies.
"""

import copy
import json
from random import Random
from typing import Any

from app.whatsapp.account import FIELDS
from app.whatsapp.content import MODELS, OLD_NAMES, REPLIES
from tests.unit.whatsapp.shapes import NAMES, body, webhook

BODIES = {name: body(name) for name in NAMES}
WEBHOOKS = {name: webhook(name) for name in NAMES}

WORDS = (
    *("", " ", "0", "-1", "1e999", "inf", "nan", "\x00", "\ufffd", "😀", "a" * 300, "\u202eevil.exe", "../../etc"),
    *("BR.7781", "BR.ENT.9", "+55 11", "5511999990000", "GROUP1", "menu|x|agent|1", "#exit", "2", "sales-in"),
    *('{"k":1,"e":2}', "{broken", "[" * 300, '{"a":' * 100 + "1" + "}" * 100, "1795300000123", "failed", "wamid.text"),
    *("initial", "status", "closed", "interactive", "slider_reply", "hologram"),
    *sorted({*MODELS, *OLD_NAMES, *REPLIES}),
    *sorted(FIELDS),
)
NUMBERS = (0, 1, -1, 2**31, 2**53, 2**63, 2**64 - 1, 2**70, -(2**63), 0.5, -1.5, 1e300, 1_795_300_000, 10**12)
NAMES_OF_PARTS = ("id", "type", "text", "errors", "url", "mime_type", "from", "context", "status", "field", "x")


def junk(random: Random, levels: int = 3) -> Any:
    """Any JSON, small."""
    match random.randrange(8 if levels else 6):
        case 0 | 1 | 2:
            return random.choice(WORDS)
        case 3 | 4:
            return random.choice(NUMBERS)
        case 5:
            return random.choice((None, True, False, [], {}))
        case 6:
            return [junk(random, levels - 1) for _ in range(random.randrange(4))]
        case _:
            return {random.choice(NAMES_OF_PARTS): junk(random, levels - 1) for _ in range(random.randrange(4))}


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every holder inside some JSON, with each of its keys or positions."""
    found, waiting = [], [data]
    while waiting:
        holder = waiting.pop()
        steps = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for step in steps:
            found.append((holder, step))
            waiting.append(holder[step])
    return found


def mutate(data: Any, random: Random) -> None:
    """Change one thing somewhere: delete, replace, wrap, repeat, rename, add, exchange."""
    there = places(data)
    if not there:
        return
    holder, step = random.choice(there)
    match random.randrange(8):
        case 0:
            del holder[step]
        case 1 | 2:
            holder[step] = junk(random)
        case 3:
            holder[step] = random.choice(([holder[step]], {"id": holder[step]}, {str(step): holder[step]}))
        case 4 if isinstance(holder, list):
            holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(holder[step]))
        case 5 if isinstance(holder, dict):
            holder[random.choice((*WORDS, *NAMES_OF_PARTS))] = holder.pop(step)
        case 6 if isinstance(holder, dict):
            holder[random.choice(NAMES_OF_PARTS)] = junk(random)
        case _:
            other, place = random.choice(there)
            holder[step] = copy.deepcopy(other[place])


def deepen(data: Any, random: Random) -> None:
    """Put one thing many levels deeper, about as deep as can still be written or read."""
    for holder, step in places(data) and [random.choice(places(data))]:
        for _ in range(random.choice((2, 60, 220, 235, 250, 300))):
            holder[step] = [holder[step]]


def mutated_json(random: Random) -> bytes:
    """A fixture, perhaps together with another, with up to four things wrong."""
    data = copy.deepcopy(WEBHOOKS[random.choice(NAMES)])
    if random.randrange(4) == 0:
        data["entry"] += copy.deepcopy(WEBHOOKS[random.choice(NAMES)]["entry"])
    for _ in range(random.randrange(5)):
        mutate(data, random)
    if random.randrange(12) == 0:
        deepen(data, random)
    return json.dumps(data, ensure_ascii=random.randrange(2) == 0).encode()


def mutated_bytes(random: Random) -> bytes:
    """A fixture's bytes: some changed, some cut out, some repeated, perhaps the end missing."""
    raw = bytearray(BODIES[random.choice(NAMES)])
    for _ in range(1 + random.randrange(5)):
        at = random.randrange(len(raw))
        match random.randrange(5):
            case 0:
                raw[at] = random.randrange(256)
            case 1:
                raw[at] = random.choice(b'"{}[],:\\u0d8')
            case 2:
                raw[at : at + random.randrange(1, 30)] = b" "
            case 3:
                raw[at:at] = raw[at : at + random.randrange(30)]
            case _:
                raw[at:at] = random.choice((b"\\ud83d", b"\\u0000", b"\xff", b"\xed\xa0\xbd", b"null", b"1e999", b"//"))
    return bytes(raw[: random.randrange(1, len(raw))] if random.randrange(4) == 0 else raw)
