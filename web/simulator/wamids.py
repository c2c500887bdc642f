"""Message ids in WhatsApp's dress: `wamid.` and base64 that carries the user's digits.

A user's name comes in, an id nobody has seen goes out. Ids are random on purpose, never seeded: a broker
that outlives a simulator would take a repeated id for a repeated message.
"""

import base64
import secrets


def new_wamid(who: str) -> str:
    """Return a fresh message id of about 64 characters for a user's digits or business-scoped id."""
    body = b"\x1c\x18" + who.encode()[:20] + b"\x15\x02\x00" + secrets.token_bytes(21)
    return "wamid." + base64.b64encode(body).decode()
