"""One running system for the journeys of a module: each journey brings users of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.system.system import System


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system() -> AsyncIterator[System]:
    """The whole broker with one worker of each kind."""
    async with System() as running:
        yield running
