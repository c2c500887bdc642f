"""The broker's sentences in the words of one agent.

In: the object `texts` of an agent, text by name of sentence. Out: the texts that may be said, and what is wrong with
the others. Only sentences about one agent which the user reads are here; the rest is the installation's
(app/core/rules.py).
"""

from collections.abc import Iterator, Mapping

from app.core.rules import Texts, wrong_fields

NAMES = ("closed", "farewell", "gone", "offer_change", "opens")
IN_THE_MENU = "opens"
"""Stands in a row of the menu, which has one line."""


def _length(name: str) -> tuple[int, int]:
    limits = Texts.model_json_schema()["properties"][name]
    return limits.get("minLength", 0), limits["maxLength"]


LENGTHS = {name: _length(name) for name in NAMES}
"""Name → fewest and most characters, those of the setting of the same name."""


def read_texts(data: object) -> tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    """The texts of a JSON object in the order of their names, and name and reason of each that may not be said."""
    if not isinstance(data, Mapping):
        return (), [("", 'must be an object such as {"farewell": "Goodbye from {agent}!"}, empty for no own texts')]
    wrong = [(str(name), reason) for name, text in data.items() for reason in _reasons(name, text)]
    bad = {name for name, _ in wrong}
    return tuple(sorted((name, text) for name, text in data.items() if name not in bad)), sorted(wrong)


def _reasons(name: str, text: object) -> Iterator[str]:
    if name not in NAMES:
        instead = "; what an agent welcomes with is welcome_message" if name == "transferring" else ""
        yield f"is no sentence of one agent: use {', '.join(NAMES)}{instead}"
        return
    if not isinstance(text, str):
        yield "must be a text; leave it out for the broker's own"
        return
    least, most = LENGTHS[name]
    if len(text) > most:
        yield f"has {len(text)} characters, {most} are allowed"
    if least and not text.strip():
        yield "must not be empty; leave it out for the broker's own"
    if name == IN_THE_MENU and not text.isprintable():
        yield "must not hold line breaks or other control characters: it stands in a row of the menu"
    elif "\x00" in text:
        yield "must not hold the character NUL, which PostgreSQL cannot store"
    yield from wrong_fields(text)
