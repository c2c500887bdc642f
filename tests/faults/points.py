"""A process of the broker that ends, or misbehaves, at a named point; for the fault bench and its own tests only.

In: `python -m tests.faults.points <point> <after> <command>`. Out: the process, which kills itself (-9) at the
`after`-th passing of the point; or one of the deliberate defects; or, with the point `clock`, `after` seconds added to
its clock. The broker's own code knows nothing of it.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any


def die() -> None:
    """End as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


COMMITTED_SECONDS = 5.0
"""Ten times the interval between two commits of an offset."""


class Passing:
    """Counts passings of the point; true from the `after`-th on."""

    def __init__(self, after: int) -> None:
        self._left = after

    def due(self) -> bool:
        """Whether this passing is the one."""
        self._left -= 1
        return self._left <= 0


def effects_acknowledged(passing: Passing) -> None:
    """Effects acknowledged, state not written."""
    from tables.users import Users

    store = Users.store

    async def patched(self: Any, key: bytes, old: Any, new: Any) -> None:
        if new != old and passing.due():
            die()
        await store(self, key, old, new)

    Users.store = patched  # type: ignore[method-assign]


def session_written(passing: Passing) -> None:
    """The session written, the window not."""
    from tables.users import Users

    store = Users.store

    async def patched(self: Any, key: bytes, old: Any, new: Any) -> None:
        if new.session != old.session and passing.due():
            await store(self, key, old, replace(new, window=old.window))
            die()
        await store(self, key, old, new)

    Users.store = patched  # type: ignore[method-assign]


def state_written(passing: Passing) -> None:
    """State written, not committed."""
    from tables.users import Users

    store = Users.store

    async def patched(self: Any, key: bytes, old: Any, new: Any) -> None:
        await store(self, key, old, new)
        if new != old and passing.due():
            die()

    Users.store = patched  # type: ignore[method-assign]


def bridge_carried(passing: Passing) -> None:
    """Agents' records carried over, not committed."""
    from agents.bridge import Bridge

    _after(Bridge, "handle", passing)


def webhook_taken(passing: Passing) -> None:
    """A webhook in Kafka, not answered."""
    from web.webhook import Intake

    _after(Intake, "take", passing)


def answer_unread(passing: Passing) -> None:
    """A Graph request written and accepted, its answer not noted."""
    from app.whatsapp.graph import GraphClient

    _after(GraphClient, "send", passing)


def request_unwritten(passing: Passing) -> None:
    """A message noted as started, its request not written."""
    from app.whatsapp.graph import GraphClient

    send = GraphClient.send

    async def patched(self: Any, *arguments: Any) -> Any:
        if passing.due():
            die()
        return await send(self, *arguments)

    GraphClient.send = patched  # type: ignore[method-assign,assignment]


def outcome_reported(passing: Passing) -> None:
    """An outcome other than success reported, the message not noted as finished: of a success the note comes first."""
    from agents.sender import Sender

    report = Sender._report

    async def patched(self: Any, message: Any, send: Any, verdict: Any) -> None:
        await report(self, message, send, verdict)
        if verdict.outcome != "accepted" and passing.due():
            die()

    Sender._report = patched  # type: ignore[method-assign]


def outcome_noted(passing: Passing) -> None:
    """A success noted, not reported."""
    from tables.sends import Sends

    note = Sends.note

    async def patched(self: Any, key: bytes, effect: str, stage: str, message: Any = None) -> None:
        await note(self, key, effect, stage, message)
        if stage == "accepted" and message is not None and passing.due():
            die()

    Sends.note = patched  # type: ignore[method-assign]


def _after(kind: type, name: str, passing: Passing) -> None:
    method = getattr(kind, name)

    async def patched(self: Any, *arguments: Any, **more: Any) -> Any:
        result = await method(self, *arguments, **more)
        if passing.due():
            die()
        return result

    setattr(kind, name, patched)


# --- guards taken away: the bench must see each


def _decided(router: Any, event: Any) -> tuple[Any, Any]:
    """A user's state, and what the router decides about an event; the state is None for what is not understood."""
    from app.core.events import NotUnderstood
    from app.core.signposts import route

    message, happened = event.message, router._read(event.message)
    if isinstance(happened, NotUnderstood):
        return None, None
    state = router._users.load(message.key)
    return state, route(state, happened, 0, message.timestamp, router._feed.register, router._rules)


def hasty_effects(passing: Passing) -> None:
    """Defect: a record is acknowledged while its effects are still on the way; ends once its offset is committed."""
    from agents.router import Router
    from app.core.effects import TellAgent

    handle = Router.handle
    hasty = False

    async def patched(self: Any, event: Any) -> None:
        nonlocal hasty
        state, decision = _decided(self, event)
        tells = decision is not None and any(isinstance(effect, TellAgent) for effect in decision.effects)
        if hasty or not tells or not passing.due():
            await handle(self, event)
            return
        hasty = True
        await self._users.store(event.message.key, state, decision.state)
        asyncio.get_running_loop().call_later(COMMITTED_SECONDS, die)

    Router.handle = patched  # type: ignore[method-assign]


def state_first(passing: Passing) -> None:
    """Defect: the state is written before the effects; ends between the two."""
    from agents.router import Router

    async def patched(self: Any, event: Any) -> None:
        message = event.message
        state, decision = _decided(self, event)
        await self._users.store(message.key, state, decision.state)
        if decision.effects and passing.due():
            die()
        records = [self._record(effect, b"", message.timestamp) for effect in decision.effects]
        await self._producer.produce_all(records)

    Router.handle = patched  # type: ignore[method-assign]


def forgetful_sender(passing: Passing) -> None:
    """Defect: no record of what was started and finished; ends after a request."""
    from tables.sends import Sends

    Sends.stage = lambda self, key, effect, message=None: None  # type: ignore[method-assign]
    answer_unread(passing)


def hasty_notes(passing: Passing) -> None:
    """Defect: messages count as read before their files are noted; ends once their offset is committed."""
    from app.media_work import MediaIntake, _note

    handle = MediaIntake.handle
    hasty = False

    async def patched(self: Any, records: list[Any]) -> None:
        nonlocal hasty
        if hasty or not any(map(_note, records)) or not passing.due():
            await handle(self, records)
            return
        hasty = True
        asyncio.get_running_loop().call_later(COMMITTED_SECONDS, die)

    MediaIntake.handle = patched  # type: ignore[method-assign]


def clock(seconds: int) -> None:
    """The clock of this process goes so many seconds before or after the others'."""
    real = time.time
    time.time = lambda: real() + seconds


POINTS: dict[str, Callable[[Passing], None]] = {
    function.__name__: function
    for function in (
        effects_acknowledged,
        session_written,
        state_written,
        bridge_carried,
        webhook_taken,
        answer_unread,
        request_unwritten,
        outcome_reported,
        outcome_noted,
        hasty_effects,
        state_first,
        forgetful_sender,
        hasty_notes,
    )
}


def main() -> int:
    """Run a process of the broker with one point or defect put in."""
    point, after, command = sys.argv[1:]
    if point == "clock":
        clock(int(after))
    else:
        POINTS[point](Passing(int(after)))
    from app.__main__ import main as run

    return run([command])


if __name__ == "__main__":
    sys.exit(main())
