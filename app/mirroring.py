"""Makes images for the mirror out of the records of the two changelogs; used by the live mirror and by the rebuild.

In: records as Kafka gives them. Out: for each user the newest session and window among them. A record that cannot be
read is passed over and named in the log by its place, never by its content: it came from our own table.
"""

import logging
from collections.abc import Iterable
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from app.core.mirror import Image, session_image, window_image
from app.settings import Settings
from app.topics import Topics

log = logging.getLogger("broker.mirror")


class Imager:
    """Knows which changelog holds what, and how long it is valid."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self._sessions = topics.sessions_changelog
        self._windows = topics.windows_changelog
        self._session_seconds = settings.session_seconds
        self._window_seconds = settings.window_seconds

    @property
    def topics(self) -> tuple[str, ...]:
        """The two changelogs."""
        return self._sessions, self._windows

    def newest(self, records: Iterable[ConsumerRecord[Any, Any]]) -> list[Image]:
        """One image for each user and kind among the records, which are in their partition's order."""
        newest: dict[tuple[str, str], Image] = {}
        for record in records:
            image = self.image(record)
            if image is not None:
                newest[image.kind, image.user] = image
        return list(newest.values())

    def image(self, record: ConsumerRecord[Any, Any]) -> Image | None:
        """The image of a record; None, and a line in the log, when it cannot be read."""
        try:
            user = record.key.decode()
            data = None if record.value is None else orjson.loads(record.value)
            if record.topic == self._sessions:
                return session_image(user, data, record.offset, self._session_seconds)
            return window_image(user, data, record.offset, self._window_seconds, self._session_seconds)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            place = f"{record.topic}[{record.partition}] offset {record.offset}"
            log.error("mirror: %s is no value of that table (%s): passed over", place, type(error).__name__)
            return None
