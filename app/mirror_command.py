"""`python -m app mirror rebuild`: writes the whole mirror anew, for instance after Redis lost its data.

In: both changelogs, from their beginning to where they end now, read without a consumer group. Out: the mirror, and how
many keys were written. The live mirror may run meanwhile: what it wrote later stays.
"""

from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError

from app.core.mirror import Image
from app.log_copy import read_all
from app.mirroring import Imager
from app.settings import Settings
from app.stores.mirror import MirrorAway, MirrorStore
from app.topics import Topics, TopicsError


class RebuildFailed(Exception):
    """The mirror could not be written whole; what it held before stays, and the rebuild may be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild did."""

    records: int
    """Records read."""
    sessions: int
    """Sessions found; those that are over are not shown."""
    windows: int
    """Windows found; those that have ended are not shown."""
    deleted: int
    """Users' sessions or windows that are gone for good."""
    passed_over: int
    """Images older than what the live mirror had written."""

    def __str__(self) -> str:
        return (
            f"read {self.records} records: {self.sessions} sessions, {self.windows} windows, {self.deleted} deleted,"
            f" {self.passed_over} already newer in the mirror"
        )


async def rebuild(settings: Settings, *, clear: bool = False) -> Rebuilt:
    """Write the mirror from the changelogs; `clear` empties it first.

    Raises RebuildFailed, also when Kafka or Redis is away.
    """
    imager = Imager(settings, Topics(settings))
    store = MirrorStore(settings.redis_url)
    try:
        records, images = await _read_all(settings, imager)
        if clear:
            await store.clear()
        written = await store.write(images)
    except MirrorAway as error:
        raise RebuildFailed(f"{error}; then repeat the rebuild") from error
    except KafkaError as error:
        servers = ", ".join(settings.kafka)
        raise RebuildFailed(
            f"Kafka at {servers} cannot be read ({error!r}): check that it runs and that BROKER_KAFKA is right"
        ) from error
    finally:
        await store.close()
    shown = [image for image in images if image.value is not None]
    return Rebuilt(
        records=records,
        sessions=sum(image.kind == "session" for image in shown),
        windows=sum(image.kind == "window" for image in shown),
        deleted=len(images) - len(shown),
        passed_over=len(images) - written,
    )


async def _read_all(settings: Settings, imager: Imager) -> tuple[int, list[Image]]:
    # Only the newest image of each user is kept, a few hundred bytes: older ones would turn the mirror back.
    newest: dict[tuple[str, str], Image] = {}

    def take(records: list[Any]) -> None:
        newest.update({(image.kind, image.user): image for image in imager.newest(records)})

    try:
        count = await read_all(settings, imager.topics, take)
    except (TopicsError, TimeoutError) as error:
        raise RebuildFailed(str(error)) from error
    return count, list(newest.values())
