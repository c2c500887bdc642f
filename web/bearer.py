"""Compares tokens, so that the time it takes tells nothing of them.

In: a token or the header that should hold it, and the digests of valid ones. Out: which one it is. Never logs either.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from pydantic import SecretStr


def digest(word: str) -> bytes:
    """What a token is compared by: digests have one length, so comparing them does not tell how long a token is."""
    return hashlib.sha256(word.encode("utf-8", "surrogateescape")).digest()


def digests(tokens: Iterable[SecretStr]) -> tuple[bytes, ...]:
    """The digests of tokens; an empty token is none."""
    words = (token.get_secret_value().strip() for token in tokens)
    return tuple(digest(word) for word in words if word)


def matches(token: str, valid: Sequence[bytes]) -> list[bool]:
    """Which digests are the token's; all are compared, so that the time does not tell which one matched."""
    given = digest(token)
    return [hmac.compare_digest(given, one) for one in valid]


def bearer(header: str) -> str:
    """The token in an Authorization header; empty when it holds none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
