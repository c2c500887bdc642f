"""Compares bearer tokens, so that the time it takes tells nothing of them.

In: the header of a request, and the digests of the valid tokens. Out: whether it may pass. Never logs either.
"""

import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr


def digests(tokens: Iterable[SecretStr]) -> tuple[bytes, ...]:
    """What to compare with; an empty token is none."""
    secrets = (token.get_secret_value().strip() for token in tokens)
    return tuple(_digest(secret.encode()) for secret in secrets if secret)


def _digest(word: bytes) -> bytes:
    # Digests have one length, so comparing them does not tell how long a token is.
    return hashlib.sha256(word).digest()


def allowed(header: str, valid: tuple[bytes, ...]) -> bool:
    """Whether an Authorization header holds one of the tokens."""
    scheme, _, token = header.partition(" ")
    given = _digest(token.strip().encode("utf-8", "surrogateescape"))
    # Every token is compared, so that the time does not tell which one matched.
    matches = [hmac.compare_digest(given, digest) for digest in valid]
    return scheme.lower() == "bearer" and any(matches)
