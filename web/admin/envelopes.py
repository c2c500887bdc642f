"""The shapes of the admin API's answers.

In: agents and errors. Out: JSON objects. Codes are `<call>-<number>`, the number saying the kind of error, so that
`find-02` is "find: not found" as it was in the first generation. Must never hold a token or a stack trace.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from app.core.agent_rules import Clash, Problem, Refused
from app.core.register import Agent
from app.owners import OwnerUnknown
from app.producing import ProduceError
from app.stores.mirror import MirrorAway
from app.stores.register import RegisterAway, UnknownAgent


class BadRequest(Exception):
    """A body that is no JSON object."""


class UnknownUser(Exception):
    """Nothing is known of a user of this name."""


class TopicsAway(Exception):
    """Kafka did not create the agent's topics; a repeat of the call goes on where this one stopped."""


KINDS: dict[type[Exception], tuple[int, int]] = {
    BadRequest: (1, 400),
    UnknownAgent: (2, 404),
    Refused: (3, 422),
    Clash: (4, 409),
    RegisterAway: (5, 503),
    TopicsAway: (6, 503),
    UnknownUser: (2, 404),
    OwnerUnknown: (8, 503),
    MirrorAway: (9, 503),
    ProduceError: (10, 503),
}
"""Kind of error → number in the code, HTTP status."""

OWN_FAULT = (7, 500)


def agent_json(agent: Agent) -> dict[str, Any]:
    """An agent as the API shows it; `active` is a number, as in the table."""
    return {**agent.to_dict(), "active": int(agent.active)}


def found(agents: Iterable[Agent]) -> dict[str, Any]:
    """Several agents."""
    return {"status": "success", "data": [agent_json(agent) for agent in agents]}


def page_of(agents: Sequence[Agent], limit: int, offset: int) -> dict[str, Any]:
    """Some of several agents, with how many there are in all."""
    return {**found(agents[offset : offset + limit]), "total": len(agents), "limit": limit, "offset": offset}


def found_one(agent: Agent) -> dict[str, Any]:
    """One agent."""
    return {"status": "success", "data": agent_json(agent)}


def error_json(code: str, message: str, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """An error: a code for programs, a message for people, and which fields are wrong where that is known."""
    errors = [{"field": problem.field, "reason": problem.reason} for problem in problems]
    return {"internal_code": code, "message": message, **({"errors": errors} if errors else {})}


def of_exception(call: str, error: Exception) -> tuple[dict[str, Any], int]:
    """Envelope and HTTP status of what went wrong in a call."""
    known = KINDS.get(type(error))
    if known is None:
        message = "the broker failed; its log says why"
        return error_json(f"{call}-{OWN_FAULT[0]:02d}", message), OWN_FAULT[1]
    number, status = known
    problems = error.problems if isinstance(error, Refused) else ()
    return error_json(f"{call}-{number:02d}", str(error), problems), status
