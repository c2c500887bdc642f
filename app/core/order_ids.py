"""Names of orders about a user, by which the router tells a repeat from an order given anew.

In: a user's state as the worker knows it, what is wanted. Out: an id. The same order, given again before anything else
happened to the user, has the same id. Pure but for its memory of the last orders, which may be lost.
"""

from app.core.state import State

REMEMBERED = 1000
"""Users whose last order is remembered; it matters only until the router has carried it out."""


class OrderIds:
    """Makes the ids.

    An id holds the session the order is about. Orders that come faster than the router carries them out are all about
    the same session: so the last one of each user is remembered, that A, B and A again are three orders and not two.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, str, int]] = {}

    def move(self, state: State, key: str, agent: int, request: str | None) -> str:
        """The id of an order to move; it is made of the caller's own `request` where there is one."""
        return self._id(state, key, f"move:{key}:{agent}", request)

    def end(self, state: State, key: str, request: str | None) -> str:
        """The id of an order to end, as that of a move."""
        return self._id(state, key, f"end:{key}", request)

    def _id(self, state: State, key: str, wanted: str, request: str | None) -> str:
        order = wanted if request is None else f"order:{key}:{request}"
        session = _session(state)
        last_session, last_order, changes = self._last.pop(key, (session, order, 0))
        if last_session != session:
            changes = 0
        elif last_order != order:
            changes += 1
        while state.window and state.window.knows(f"{order}:{session}:{changes}"):
            changes += 1  # it was handled and changed nothing, as when the agent had just gone: it is given anew
        self._last[key] = (session, order, changes)
        while len(self._last) > REMEMBERED:
            del self._last[next(iter(self._last))]
        return f"{order}:{session}:{changes}" if request is None else order


def _session(state: State) -> str:
    if state.session is None:
        return f"none:{state.window.touched if state.window else 0}"
    return f"{state.session.since}:{state.session.by}"
