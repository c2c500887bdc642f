"""What a delivered message costs, as its statuses tell it: `pricing`, and `conversation` of a free entry point.

The entry point, the template if it is one, and how many service messages were delivered come in; out go members of the
status (reference, chapters 4 and 6). Times are Unix seconds.
"""

import secrets
from typing import Any

from web.simulator.filling import FilledTemplate
from web.simulator.users import EntryPoint

FREE_SERVICE_MESSAGES = 1000
ANSWER_SECONDS = 24 * 3600.0
"""The business must answer within a day of the ad's message …"""
FREE_SECONDS = 72 * 3600.0
"""… and then everything is free for three."""


def came_from_ad(point: EntryPoint, now: float) -> None:
    """Note that the user came from an ad or a page button."""
    point.came_at = now


def open_entry_point(point: EntryPoint, now: float) -> None:
    """Open the free entry point if this delivered message is the answer to an ad's message."""
    if point.came_at is not None and now - point.came_at < ANSWER_SECONDS:
        point.came_at, point.until, point.conversation = None, now + FREE_SECONDS, secrets.token_hex(16)


def price(
    point: EntryPoint, template: FilledTemplate | None, delivered: int, now: float, *, first: bool
) -> dict[str, Any]:
    """Return `pricing`, and `conversation` where there is one; its expiration is told by the first status only."""
    if point.until is not None and now < point.until:
        origin = {"id": point.conversation, "origin": {"type": "referral_conversion"}}
        if first:
            origin["expiration_timestamp"] = str(int(point.until))
        pricing = _pricing("free_entry_point", "referral_conversion", billable=False)
        return {"pricing": pricing, "conversation": origin}
    if template is None and delivered < FREE_SERVICE_MESSAGES:
        return {"pricing": _pricing("free_customer_service", "service", billable=False)}
    return {"pricing": _pricing("regular", template.category if template else "service", billable=True)}


def _pricing(kind: str, category: str, *, billable: bool) -> dict[str, Any]:
    return {"billable": billable, "pricing_model": "PMP", "type": kind, "category": category}
