"""Meta's error codes: of what class each is, what it means in plain words, and how long trying again makes sense.

In: a code. Out: its `Meaning`. Data only; the source is Meta's error page (whatsapp-cloud-api, 7.3), whose advice on
trying again (7.4) the numbers follow. A code that is not listed is no reason to fail: it is `UNKNOWN`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class ErrorClass(StrEnum):
    """What has to change before such a message can be sent; the values are what agents read as `class`."""

    RETRY = "retry"
    """R: nothing; it heals by itself."""
    THROTTLE = "throttle"
    """T: the pace."""
    PERMANENT = "permanent"
    """P: nothing will help this message."""
    USER = "user"
    """U: something about this user, or about this kind of message to them."""
    ACCOUNT = "account"
    """A: the account, its token or its configuration; an operator must act."""
    PAYLOAD = "payload"
    """F: the message or its template."""


R, T, P = ErrorClass.RETRY, ErrorClass.THROTTLE, ErrorClass.PERMANENT
U, A, F = ErrorClass.USER, ErrorClass.ACCOUNT, ErrorClass.PAYLOAD

UNTIL_LATE = 1_000_000
"""Tries without a bound: the message's time ends them."""

Scope = Literal["", "number", "templates"]
"""What a class A error stops: nothing but the message, all of the business number, or its templates."""
Pace = Literal["", "number", "pair"]
"""Whose rate was too high: nobody's, the business number's, or that towards one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a code means. Waits in seconds: `wait` for certain, and up to `spread * 2**n` more, `spread_max` at most."""

    kind: ErrorClass | None
    text: str
    tries: int | None = 1
    """How often a message is posted at most; None: as often as the settings say."""
    wait: float = 0.0
    spread: float = 1.0
    spread_max: float = 60.0
    holds: Scope = ""
    slows: Pace = ""
    only_links: bool = False
    """Trying again helps only where Meta fetches something by a link."""


USUALLY: dict[ErrorClass, dict[str, Any]] = {R: {"tries": None}, T: {"tries": UNTIL_LATE}, A: {"holds": "number"}}
"""What holds for a class unless a row says otherwise."""


def _rows() -> Iterable[tuple[Iterable[int], Meaning]]:
    def row(kind: ErrorClass, text: str, *codes: int | range, **more: Any) -> tuple[list[int], Meaning]:
        listed = [code for part in codes for code in (part if isinstance(part, range) else (part,))]
        return listed, Meaning(kind=kind, text=text, **{**USUALLY.get(kind, {}), **more})

    minutes = {"wait": 60.0, "spread": 30.0, "spread_max": 300.0}

    # --- the token, the account, the business number
    yield row(A, "Meta does not know who is asking: the access token is missing or was not accepted", 0)
    yield row(A, "a permission of the access token is missing or was taken away", 3, 10, 131005, range(200, 300))
    yield row(A, "Meta knows no business number with this id, or the token may not use it", 33)
    yield row(A, "the access token is missing, wrong or expired", 104, 190)
    yield row(A, "the account is restricted because of a policy", 368)
    yield row(A, "the recipient is not on the test account's list", 131030, holds="")
    yield row(A, "the account is locked", 131031)
    yield row(A, "the display name of the business number is not approved", 131037)
    yield row(A, "payment for the account is not settled", 131042, 131044)
    yield row(A, "the business number is not registered properly (its certificate)", 131045)
    yield row(
        A, "too many users reported messages of this number as spam: Meta restricts it", 131048, holds="templates"
    )
    yield row(A, "marketing messages are switched off for this account", 131063, holds="templates")
    yield row(A, "Meta lowered the limit because templates were in a wrong category", 131064, holds="templates")
    yield row(A, "the business number is not registered with Meta, or its registration failed", range(133000, 133016))
    yield row(A, "the business number was registered and deregistered too often", 133016)
    yield row(A, "the terms of payments are not accepted yet", 134011)
    yield row(A, "the marketing interface is not available to this account", 134102, holds="templates")

    # --- Meta itself
    yield row(R, "the request was not valid, or Meta failed", 1, tries=3)
    yield row(R, "Meta is overloaded or out of service for a moment", 2, 131016)
    yield row(R, "something failed at Meta", 131000, tries=4)
    yield row(R, "the business number is being maintained or upgraded", 131057, wait=60.0, spread=10.0)
    yield row(R, "the template is still being copied to where it is needed", 134101, wait=600.0, spread=30.0)

    # --- the pace
    yield row(T, "the account made too many calls", 4, 17, 80007, slows="number", **minutes)
    yield row(T, "too many calls of this kind", 613, **minutes)
    yield row(T, "the business number sent too many messages at once", 130429, slows="number", wait=1.0, spread=2.0)
    yield row(T, "too many messages to this user in a short time", 131056, slows="pair")
    yield row(T, "too many messages to groups", 131208, **minutes)
    yield row(T, "the Flow is throttled to some messages an hour", 132069, wait=360.0, spread=30.0)

    # --- the user
    yield row(U, "the business blocked this user; unblock them first", 130403)
    yield row(U, "Meta withholds marketing messages from this user in an experiment", 130472)
    yield row(U, "this account may not send messages to the user's country", 130497)
    yield row(U, "undeliverable: no WhatsApp at this number, an old client, or terms not accepted", 131026)
    yield row(U, "withheld so that the user does not get too much marketing; not before a day has passed", 131049)
    yield row(U, "the user does not want marketing messages of this business", 131050)
    yield row(U, "the template is paused or was disabled for its quality", 132015, 132016)

    # --- this message
    yield row(P, "sender and recipient are the same number", 131021)
    yield row(P, "the user's window of 24 hours is closed: only a template can reach them", 131047)
    yield row(P, "the user's media could not be fetched; ask them to send it again", 131052)
    yield row(P, "the content of the user's message is not available", 131060)
    groups = (131020, 131041, 131059, range(131201, 131208), range(131209, 131216))
    yield row(P, "the message or operation is not possible for this group", *groups)
    yield row(P, "the user's identity has changed; verify it before sending again", 137000)

    # --- what we or the agent wrote
    yield row(F, "a parameter is unknown, misspelt or too long", 100)
    yield row(F, "this type of message cannot go to groups", 130501)
    yield row(F, "a required parameter is missing", 131008)
    yield row(F, "the value of a parameter is not valid", 131009)
    yield row(F, "this type of message is not supported", 131051)
    yield row(F, "the media could not be fetched or uploaded", 131053, tries=3, wait=1.0, spread=4.0, only_links=True)
    yield row(F, "this method is not allowed here", 131055)
    yield row(F, "this message needs the user's phone number; a business-scoped id is not enough", 131062)
    yield row(F, "the template has another number of parameters", 132000)
    yield row(F, "there is no approved template of this name in this language", 132001)
    yield row(F, "the template is too long with its parameters filled in", 132005)
    yield row(F, "the template breaks a content policy", 132007)
    yield row(F, "a parameter of the template has the wrong form", 132008, 132012, 132018)
    yield row(F, "the Flow is blocked", 132068)
    yield row(F, "this is only possible with the marketing interface", 134100)
    yield row(F, "a parameter is wrong, and Meta does not say which", 135000, tries=2)
    yield row(F, "not possible with the settings of calls", range(138000, 138019))
    yield row(F, "the Flow could not be managed so", range(139000, 139005))
    yield row(F, "the user could not be blocked or unblocked", 139100, 139101)
    yield row(R, "the user could not be blocked or unblocked at the moment", 139102, 139103)
    yield row(F, "the business username could not be managed so", range(147001, 147006))


MEANINGS: dict[int, Meaning] = {code: meaning for codes, meaning in _rows() for code in codes}

SUBCODES: dict[tuple[int, int], int] = {(100, 33): 33}
"""Meta answers a business number it does not know with a code of another sense; only here a subcode decides."""

UNKNOWN = Meaning(kind=P, text="an error that is not known here", tries=3)
UNREACHABLE = Meaning(kind=R, text="Meta could not be reached", tries=UNTIL_LATE, spread_max=15.0)
SERVER_FAILED = Meaning(kind=R, text="Meta's server failed", tries=None)
MEDIA_AWAY = Meaning(kind=R, text="a file of ours could not be read yet", tries=UNTIL_LATE, spread_max=15.0)
TOO_FAST = Meaning(kind=T, text="too many requests", tries=UNTIL_LATE, wait=1.0, spread=2.0, slows="number")
TOKEN_REFUSED = Meaning(kind=A, text="the access token was not accepted", holds="number")
ELSEWHERE = Meaning(kind=P, text="another server than Meta's answered; check BROKER_GRAPH_URL")
HELD = Meaning(kind=A, text="the messages of the business number are held")
USER_PACED = Meaning(kind=T, text="more messages to this user than Meta takes, which is one in 6 s in the long run")
NUMBER_PACED = Meaning(kind=T, text="more messages from the business number than its rate allows")
NOTHING = Meaning(kind=None, text="")

OWN: dict[str, ErrorClass] = {
    "not_json": F,
    "missing_waid": F,
    "unknown_message_type": F,
    "too_large": F,
    "invalid": F,
    "unknown_agent": F,
    "not_connected": P,
    "window_closed": P,
    "unknown_media": P,
    "media_away": R,
    "expired": P,
    "internal": P,
}
"""The broker's own codes, where no answer of Meta stands behind them."""


def class_of(code: str) -> ErrorClass | None:
    """The class of a code as an error record names it; None where there is none (a message in doubt)."""
    if code in OWN:
        return OWN[code]
    return MEANINGS.get(int(code), UNKNOWN).kind if code.isascii() and code.isdigit() else None
