"""Writes the mirror of sessions and windows into Redis; docs/mirror.md describes its keys.

In: images, in any order across users. Out: keys that end by themselves. An image older than what was mirrored of the
same user is passed over, so that a rebuild, a repeat or a worker that lost its partition can never turn time back.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import orjson
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError

from app.core.errors import SettingsError
from app.core.mirror import Image
from app.stores.mirror_script import SCRIPT

PREFIX = "wab:"
ORDER_SECONDS = 3600
"""How long the place of the last image is remembered: longer than any rebuild and any worker's last gasp."""
HELD_SECONDS = 30 * 86_400
"""How long after a session's end what one image needs of the other is held: longer than Redis is ever away. The router
deletes a session that is over, and that ends it sooner."""
BATCH = 500


class MirrorAway(Exception):
    """Redis did not take or give the images; both may be tried again as often as one likes."""


class MirrorStore:
    """The mirror in Redis."""

    def __init__(
        self,
        url: SecretStr,
        *,
        clock: Callable[[], float] = time.time,
        seconds: float = 5.0,
    ) -> None:
        """`seconds` bounds connecting and each answer; `clock` gives seconds since 1970.

        Raises SettingsError when the URL is none.
        """
        try:
            self._redis: Redis = Redis.from_url(
                url.get_secret_value(),
                socket_timeout=seconds,
                socket_connect_timeout=seconds,
                retry=Retry(ConstantBackoff(0.1), 1),
            )
        except ValueError:
            # The driver's own message may quote a part of the URL, which holds the password.
            raise SettingsError("BROKER_REDIS_URL is no URL like redis://:password@host:6379/0") from None
        self._script = self._redis.register_script(SCRIPT)
        self._clock = clock

    async def write(self, images: Iterable[Image]) -> int:
        """Write images in their order and return how many were not older than the mirror; raises MirrorAway."""
        pending = list(images)
        written = 0
        for start in range(0, len(pending), BATCH):
            written += await self._write_batch(pending[start : start + BATCH])
        return written

    async def clear(self) -> int:
        """Delete every key of the mirror and return how many there were; raises MirrorAway."""
        deleted = 0
        try:
            async for key in self._redis.scan_iter(match=PREFIX + "*", count=1000):
                deleted += await self._redis.unlink(key)
        except (RedisError, OSError) as error:
            raise _away(error) from error
        return deleted

    async def sessions(self) -> AsyncIterator[dict[str, Any]]:
        """Every session of the mirror once, in no order; what begins or ends meanwhile may be among them.

        Raises MirrorAway.
        """
        seen: set[bytes | str] = set()  # a scan may name a key twice
        cursor = 0
        while True:
            try:
                cursor, found = await self._redis.scan(cursor, match=_key("session", "*"), count=1000)
                keys = [key for key in dict.fromkeys(found) if key not in seen]
                values = await self._redis.mget(keys) if keys else []
            except (RedisError, OSError) as error:
                raise _away(error) from error
            seen.update(keys)
            for value in values:
                if value is not None:
                    yield orjson.loads(value)
            if cursor == 0:
                return

    async def check(self) -> str | None:
        """What keeps the mirror from being written, None when nothing does."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            return str(_away(error))
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _write_batch(self, images: list[Image]) -> int:
        now = self._clock()
        try:
            # No transaction: each image is written atomically by itself, and others may be served in between.
            async with self._redis.pipeline(transaction=False) as pipeline:
                for image in images:
                    keys = [_key(kind, image.user) for kind in ("order", "held", "session", "window", "names")]
                    value = b"" if image.value is None else orjson.dumps(image.value)
                    ends = int(image.ends)
                    arguments = [
                        *(image.kind, image.offset, value, ends, now, ORDER_SECONDS, image.session_seconds),
                        *(HELD_SECONDS, image.user, _key("name", ""), orjson.dumps(dict(image.names))),
                    ]
                    await self._script(keys=keys, args=arguments, client=pipeline)
                answers = await pipeline.execute()
        except (RedisError, OSError) as error:
            raise _away(error) from error
        return sum(int(answer) for answer in answers)


def _key(kind: str, user: str) -> str:
    return f"{PREFIX}{kind}:{user}"


def _away(error: Exception) -> MirrorAway:
    # Messages of redis-py name host and port, never the password.
    return MirrorAway(
        f"Redis does not serve the mirror ({error}): check that it runs and that BROKER_REDIS_URL is right"
    )
