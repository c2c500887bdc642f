"""The tokens of the admin API, and whose each is.

In: the entries of `BROKER_ADMIN_TOKENS`, each a token or `name:token`. Out: who holds which token, as a digest, or
nobody. Must never quote a token.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress

from pydantic import SecretStr

from app.core.errors import SettingsError
from web.bearer import digest, matches

UNNAMED = "unnamed token"
"""Who acts with a token that has no name."""
LEGAL_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds a token."""

    name: str
    digest: bytes = field(repr=False)


def bare_token(entry: str) -> str:
    """The token of an entry, without the name it may have."""
    return entry.rpartition(":")[2].strip()


def read_holders(entries: Iterable[SecretStr]) -> tuple[Holder, ...]:
    """The holders of all tokens, empty entries left out; raises SettingsError for a name without a token, or none."""
    holders = []
    for number, entry in enumerate((secret.get_secret_value().strip() for secret in entries), 1):
        if not entry:
            continue
        name, colon, token = entry.rpartition(":")
        if colon and not (LEGAL_NAME.fullmatch(name.strip()) and token.strip()):
            raise SettingsError(
                f"entry {number} of BROKER_ADMIN_TOKENS is wrong: write name:token, the name of up to 64 letters,"
                " digits and . _ @ -, or a token without a colon"
            )
        holders.append(Holder(name.strip() or UNNAMED, digest(token.strip())))
    return tuple(holders)


def holder_of(token: str, holders: Iterable[Holder]) -> Holder | None:
    """Who holds a token."""
    known = tuple(holders)
    found = matches(token, [holder.digest for holder in known])
    return next(compress(known, found), None)
