"""A first look at the stores a process is going to use, before it starts.

In: the settings and the process's name. Out: one line in the log for each store that cannot be used, and what goes on
without it. None of them keeps a process from starting: routing must not wait for them. The register's tables are
brought up to date here.
"""

import asyncio
import logging
from collections.abc import Awaitable

from app.settings import Settings, SettingsError
from app.stores.conversations import Conversations
from app.stores.media import MediaStore
from app.stores.media_directory import MediaDirectory
from app.stores.mirror import MirrorStore
from app.stores.register import RegisterStore

SECONDS = 6.0
"""How long a store may take to answer; each bounds its own calls a little below."""

WITHOUT = {
    "PostgreSQL": "routing goes on with the agents Kafka knows, the admin API answers 503",
    "Redis": "routing goes on, look-ups from outside and pushes between chat workers do not",
    "MongoDB": "the chat holds its place in Kafka and goes on when it answers",
}

log = logging.getLogger("broker.process")


async def look_at_stores(settings: Settings, process: str) -> dict[str, str]:
    """What is wrong with the stores of a process, by store; each is logged with what goes on without it."""
    looks = {
        "broker": {"PostgreSQL": _postgres, "Redis": _redis},
        "chat": {"MongoDB": _mongo, "Redis": _redis},
    }.get(process, {})
    problems = await asyncio.gather(*(_bounded(look(settings)) for look in looks.values()))
    found = {name: problem for name, problem in zip(looks, problems, strict=True) if problem}
    for name, problem in found.items():
        log.warning("%s cannot be used: %s; starting without it: %s", name, problem, WITHOUT[name])
    return found


def media_store(settings: Settings, *, needed: bool = False) -> MediaStore:
    """The store of files, a directory; raises SettingsError when it is needed and cannot be made or used."""
    try:
        return MediaDirectory(settings.media_dir)
    except OSError as error:
        if not needed:
            log.error(
                "BROKER_MEDIA_DIR: %s cannot be used (%s); starting without it: messages that name a file wait until it"
                " can be, or until they are late",
                settings.media_dir,
                error.strerror,
            )
            return MediaDirectory(settings.media_dir, make=False)
        raise SettingsError(
            f"BROKER_MEDIA_DIR: {settings.media_dir} cannot be used ({error.strerror}): choose another directory"
        ) from None


async def _bounded(look: Awaitable[str | None]) -> str | None:
    try:
        async with asyncio.timeout(SECONDS):
            return await look
    except TimeoutError:
        return f"no answer within {SECONDS:.0f} s"


async def _postgres(settings: Settings) -> str | None:
    store = RegisterStore(settings.postgres_dsn)
    try:
        return await store.check()
    finally:
        await store.close()


async def _redis(settings: Settings) -> str | None:
    store = MirrorStore(settings.redis_url)
    try:
        return await store.check()
    finally:
        await store.close()


async def _mongo(settings: Settings) -> str | None:
    store = Conversations(settings.mongo_url, settings.mongo_database, settings.window_seconds)
    try:
        return await store.check()
    finally:
        store.close()
