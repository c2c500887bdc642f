"""How long to wait before a message is tried again.

In: what the last answer meant, the number of tries so far, and a random number. Out: seconds. Full jitter: many
messages that failed at one moment must not come back at one moment.
"""

from app.core.codes import Meaning

PAIR_BASE = 4.0
"""After 131056 a user is left alone for 4**n seconds (whatsapp-cloud-api, 7.4)."""
PAIR_POWER_MAX = 5
"""4**5 s are 17 minutes: after more than that an answer comes too late to be one."""


def seconds_before(meaning: Meaning, tries: int, chance: float) -> float:
    """Seconds to wait after that many tries (1 and more); `chance` is a random number from 0 to 1."""
    grown = meaning.spread * 2.0 ** min(tries - 1, 32)
    return meaning.wait + chance * min(meaning.spread_max, grown)


def pair_seconds(strikes: int) -> float:
    """Seconds a user is left alone after that many refusals for their pair rate, counted from 0."""
    return float(PAIR_BASE ** min(strikes, PAIR_POWER_MAX))


def may_try_again(meaning: Meaning, tries: int, usual: int) -> bool:
    """Whether a message may be posted once more after that many tries; `usual` is the bound of the settings."""
    return tries < (usual if meaning.tries is None else meaning.tries)
