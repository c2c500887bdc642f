"""Meta's times: texts or numbers of seconds, now and then of milliseconds.

In: the value of a `timestamp`. Out: seconds UTC, or None for what is no time: a window counted from infinity would
never close.
"""

import math
from typing import Any

MILLISECONDS_FROM = 10**12
"""Timestamps from here on are milliseconds: some have been seen (whatsapp-cloud-api, 1.3)."""


def seconds(value: Any) -> float | None:
    """The time in seconds UTC; None when it is missing or no finite time after 1970."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(found) or found <= 0:
        return None
    return found / 1000 if found >= MILLISECONDS_FROM else found
