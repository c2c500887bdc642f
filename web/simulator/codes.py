"""Meta's error codes as the reference lists them (chapter 7.3): title, usual HTTP status, and how they are dressed.

A code comes in, its title and status go out. The HTTP status of a code is no contract of Meta's; the one here
is what such answers usually carry, and the switches can set any other.
"""

ERRORS: dict[int, tuple[str, int]] = {
    0: ("Unable to authenticate the app user", 401),
    1: ("An unknown error occurred", 400),
    2: ("Service temporarily unavailable", 503),
    3: ("Application does not have the capability to make this API call", 403),
    4: ("Application request limit reached", 400),
    10: ("Application does not have permission for this action", 403),
    17: ("User request limit reached", 400),
    33: ("The business phone number has been deleted", 400),
    100: ("Invalid parameter", 400),
    104: ("This method must be called with a token", 401),
    190: ("Access token has expired or is invalid", 401),
    368: ("Temporarily blocked for policies violations", 403),
    613: ("Calls to this API have exceeded the rate limit", 400),
    80007: ("Rate limit issues", 400),
    130403: ("User is blocked by the business", 400),
    130429: ("Rate limit hit", 400),
    130472: ("User's number is part of an experiment", 400),
    130497: ("Business account is restricted from messaging users in this country", 403),
    130501: ("Message type is not supported in groups", 400),
    131000: ("Something went wrong", 500),
    131005: ("Access denied", 403),
    131008: ("Required parameter is missing", 400),
    131009: ("Parameter value is not valid", 400),
    131016: ("Service unavailable", 500),
    131020: ("Group is not valid", 400),
    131021: ("Recipient cannot be sender", 400),
    131026: ("Message undeliverable", 400),
    131030: ("Recipient phone number not in allowed list", 400),
    131031: ("Account has been locked", 403),
    131037: ("Display name of this number needs approval", 400),
    131041: ("Group message undeliverable", 400),
    131042: ("Business eligibility payment issue", 400),
    131044: ("Payment issue for calling", 400),
    131045: ("Incorrect certificate", 400),
    131047: ("Re-engagement message", 400),
    131048: ("Spam rate limit hit", 400),
    131049: ("Message withheld to keep the ecosystem healthy", 400),
    131050: ("User has stopped marketing messages", 400),
    131051: ("Unsupported message type", 400),
    131052: ("Media download error", 400),
    131053: ("Media upload error", 400),
    131055: ("Method not allowed", 400),
    131056: ("(Business Account, Consumer Account) pair rate limit hit", 400),
    131057: ("Account in maintenance mode", 500),
    131059: ("Group operation failed", 400),
    131060: ("This message is currently unavailable", 400),
    131062: ("Business-scoped user ids are not supported for this message", 400),
    131063: ("Marketing messages are disabled on Cloud API", 400),
    131064: ("Messaging limit reduced for template miscategorisation", 400),
    131208: ("Group rate limit hit", 400),
    132000: ("Number of parameters does not match the expected number of params", 400),
    132001: ("Template name does not exist in the translation", 404),
    132005: ("Translated text too long", 400),
    132007: ("Template format character policy violated", 400),
    132008: ("Template parameter format is not valid", 400),
    132012: ("Parameter format does not match format in the created template", 400),
    132015: ("Template is paused", 400),
    132016: ("Template is disabled", 400),
    132018: ("Template parameter is not valid", 400),
    132068: ("Flow is blocked", 400),
    132069: ("Flow is throttled", 400),
    133004: ("Server temporarily unavailable", 503),
    133005: ("Two step verification PIN mismatch", 400),
    133006: ("Phone number re-verification needed", 400),
    133008: ("Too many two step verification PIN guesses", 400),
    133009: ("Two step verification PIN guessed too fast", 400),
    133010: ("Phone number not registered", 400),
    133015: ("Phone number was deleted recently", 400),
    133016: ("Account register deregister rate limit exceeded", 400),
    134011: ("Payments terms of service are pending", 400),
    134100: ("Only marketing messages are supported by this API", 400),
    134101: ("Template is syncing", 400),
    134102: ("Template is unavailable", 400),
    135000: ("Generic user error", 400),
    137000: ("Identity key hash does not match", 400),
    139100: ("Failed to block or unblock some users", 400),
    139101: ("Block list limit reached", 400),
    139102: ("Block list changed meanwhile", 400),
    139103: ("Block list internal error", 500),
}
GROUPS: tuple[tuple[range, str, int], ...] = (
    (range(200, 300), "Permissions error", 403),
    (range(131201, 131216), "Group operation failed", 400),
    (range(133000, 133016), "Phone number registration failed", 400),
    (range(138000, 138019), "Call failed", 400),
    (range(139000, 139005), "Flow operation failed", 400),
    (range(147001, 147006), "Business username operation failed", 400),
)
"""Codes the reference lists as a range; those named above have titles of their own."""
TRANSIENT = frozenset({2, 131000, 131016, 131057, 133004, 139103})
"""Codes whose answers say `is_transient`."""

GRAPH_TYPES = {33: "GraphMethodException", 0: "OAuthException", 104: "OAuthException"}
TOKEN_EXPIRED_SUBCODE = 463
SUBCODES = {33: 33, 190: TOKEN_EXPIRED_SUBCODE}


def _look_up(code: int) -> tuple[str, int]:
    if code in ERRORS:
        return ERRORS[code]
    return next(((title, status) for codes, title, status in GROUPS if code in codes), ("Unknown error", 400))


def title_of(code: int) -> str:
    """Return the short title of a code, also for codes the simulator does not know."""
    return _look_up(code)[0]


def status_of(code: int) -> int:
    """Return the HTTP status an answer with this code usually has."""
    return _look_up(code)[1]


def is_whatsapp(code: int) -> bool:
    """Whether WhatsApp itself refuses: only then is there an `error_data`. Else the Graph API at its door does."""
    return code == 100 or code >= 130_000
