"""How long a message is worth sending: every lifetime there is.

In: a message on its way, and for how many seconds the settings let an agent's message live. Out: until when it may be
posted, how often, and what ended it if that time is up. Nothing here looks at a clock.
"""

from dataclasses import dataclass
from typing import Literal

from app.core.effects import Send
from app.core.messages import WITHOUT_WINDOW
from app.core.verdicts import Verdict

OWN_WORDS_SECONDS = 3600.0
"""The broker's own words (menu, farewell): after an hour they answer something the user has long left."""
TYPING_SECONDS = 25.0
"""So long Meta shows typing (whatsapp-cloud-api, chapter 5.4): what comes later tells of what is over."""
MARK_READ_SECONDS = 60.0
"""A read mark is worth little, and the next one marks what was before it as well."""
NOTES: dict[str, tuple[float, int]] = {"typing": (TYPING_SECONDS, 1), "mark_read": (MARK_READ_SECONDS, 2)}
"""What is no message, but says something about one of the user's: seconds it lives, and times it is posted."""


@dataclass(frozen=True, slots=True)
class Life:
    """Until when a message may be posted, in seconds UTC, how often at most, and what ends it."""

    ends: float
    code: Literal["window_closed", "expired"]
    tries: int | None = None
    """None: as often as what Meta answers makes sense."""

    def late(self, last: Verdict | None) -> Verdict:
        """The verdict when the time is up; `last` is what kept the message from leaving."""
        in_the_way = f"; what stood in its way: {last.reason}" if last else ""
        raw = last.raw if last else b""
        if self.code == "window_closed":
            reason = "the 24 hour window closed before the message could be sent (Meta's error 131047)"
            return Verdict(outcome="late", code=self.code, reason=reason + in_the_way, raw=raw)
        reason = "the message could not be sent in the time it was worth sending" + in_the_way
        if last is None:
            return Verdict(outcome="late", code=self.code, reason=reason)
        return Verdict(outcome="late", code=last.code, reason=reason, raw=raw, meaning=last.meaning)


def life_of(send: Send, agents_seconds: float) -> Life:
    """The life of a message: by its kind and speaker, its own deadline, the longest life, and the window."""
    kind = str(send.message.get("kind"))
    seconds, tries = NOTES.get(kind, (agents_seconds if send.agent is not None else OWN_WORDS_SECONDS, None))
    ends = send.made_at + seconds
    if send.deadline is not None:
        longest = seconds if kind in NOTES else longest_life(agents_seconds)
        ends = min(send.deadline, send.made_at + longest)
    if kind in WITHOUT_WINDOW or ends < send.window_ends:
        return Life(ends, "expired", tries)
    return Life(send.window_ends, "window_closed", tries)


def longest_life(agents_seconds: float) -> float:
    """Seconds that no message outlives: what waits longer than this is stuck."""
    return max(agents_seconds, OWN_WORDS_SECONDS, *(seconds for seconds, _ in NOTES.values()))
