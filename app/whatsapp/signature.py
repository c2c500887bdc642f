"""Meta's signature of a webhook, and the verification handshake.

In: raw bytes and headers. Out: yes or no, in constant time, and nothing about why: a refusal teaches nobody.
"""

import hashlib
import hmac
from collections.abc import Iterable


def signature(secret: str, body: bytes) -> str:
    """The header value Meta sends for a body: `sha256=` and 64 hexadecimal digits."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, header: str, secrets: Iterable[str]) -> bool:
    """Whether the header signs exactly these bytes with one of the secrets; every secret is tried."""
    given = header.encode("utf-8", "replace")
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(signature(secret, body).encode(), given)
    return found


def is_token(given: str, expected: str) -> bool:
    """Whether a token is the expected one; an empty expectation fits nothing."""
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
