"""Who may pass the Graph API's door: the token, the number, and Meta's answer when there is no such object.

A request comes in; nothing goes out but a GraphError. The token is compared and never kept, logged or told.
"""

import hmac

from aiohttp import web

from web.simulator.codes import TOKEN_EXPIRED_SUBCODE
from web.simulator.config import Number
from web.simulator.errors import GraphError
from web.simulator.parts import Parts

NO_OBJECT = 33


def check_token(request: web.Request, parts: Parts) -> None:
    """Refuse a call without the token of this account."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        details = "header Authorization: Bearer … is missing"
        raise GraphError(190, details, message="An access token is required")
    if parts.faults.switches.token_expired:
        message = "Error validating access token: Session has expired"
        raise GraphError(190, "the token has expired", subcode=TOKEN_EXPIRED_SUBCODE, message=message)
    if not hmac.compare_digest(token.encode(), parts.config.access_token.encode()):
        raise GraphError(190, "the token is not valid", message="Invalid OAuth access token")


def check_number(phone_number_id: str, parts: Parts) -> Number:
    """Return the business number a call is for; refuse a call to one that is not played."""
    try:
        return parts.config.number(phone_number_id)
    except ValueError as error:
        raise no_object(phone_number_id, str(error)) from None


def no_object(name: str, details: str) -> GraphError:
    """Return Meta's answer to an id that does not exist or is somebody else's."""
    message = (
        f"Unsupported request. Object with ID '{name}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    return GraphError(100, details, subcode=NO_OBJECT, message=message)


def refused(error: GraphError) -> web.Response:
    """Return a refusal as an answer."""
    text, content_type = error.body()
    return web.Response(text=text, content_type=content_type, status=error.http_status)
