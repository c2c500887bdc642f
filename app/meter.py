"""Measures what flows to and from every agent, by sampling where the agents' topics end.

In: the register, Kafka's offsets. Out: the numbers of each agent and how old they are. It runs beside everything else
and never in the way of a message: while Kafka is slow or away the last numbers stay, with the reason. Each worker
measures for itself, and all see the same, for the topics are those of all workers.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError
from mode import Service

from app.core.numbers import HOUR_SECONDS, MINUTE_SECONDS, RATE_SECONDS, Group, History, Offsets, Topic, numbers
from app.core.register import Register
from app.kafka_offsets import KafkaOffsets
from app.settings import Settings

SAMPLE_SECONDS, IDLE_SECONDS = 10.0, 60.0
"""Between two samples: while somebody looks at the numbers, and while nobody does."""
LIMIT_SECONDS = 8.0
"""For one sample: a Kafka that needs longer is said to be slow."""
LOOK_AROUND_SECONDS = 30.0
"""How often new topics and groups are looked for, and what retention took: in between only what may change is asked."""
ASKED_AT_ONCE = 16
"""Groups asked about at the same time: a Kafka shared with others may know a thousand, some milliseconds away."""
GAP_SECONDS = 3 * IDLE_SECONDS
"""After a longer pause what happened meanwhile is asked of the records' time-stamps, as after a start."""

log = logging.getLogger("broker.meter")


class Meter(Service):
    """Takes samples and keeps the last hour of them."""

    def __init__(
        self,
        settings: Settings,
        register: Callable[[], Register],
        *,
        clock: Callable[[], float] = time.time,
        seconds: float = SAMPLE_SECONDS,
    ) -> None:
        """A sample is taken every so many seconds."""
        super().__init__()
        self._settings = settings
        self._register = register
        self._clock = clock
        self._seconds = seconds
        self._bridge = f"{settings.app_id}-bridge"
        self._kafka: KafkaOffsets | None = None
        self._histories: dict[str, History] = {}
        self._partitions: dict[str, int] = {}
        self._looked_around = float("-inf")
        self._names: frozenset[str] = frozenset()
        self._begins: dict[str, Offsets] = {}
        self._reads: dict[str, frozenset[str]] = {}
        self._wanted = asyncio.Event()
        self._topics: dict[str, Topic] = {}
        self.at: float | None = None
        """When the last sample was taken, in seconds UTC."""
        self.problem: str | None = "nothing has been measured yet"
        """Why there is no newer sample; None while all is well."""

    def numbers(self) -> dict[str, Any]:
        """The numbers of every active agent, as docs/register.md describes them."""
        self._wanted.set()
        at = self.at
        agents = [
            {"id": agent.id, "name": agent.name, **numbers(self._topics, agent.topics, at or 0.0)}
            for agent in self._register().active
        ]
        return {"at": at, "problem": self.problem, "agents": agents}

    async def on_stop(self) -> None:
        """Disconnect, and wait for nobody to look any more."""
        self._wanted.set()
        await self._close()

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            await self.measure()
            await self.sleep(self._seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS - self._seconds):
                    await self._wanted.wait()
            self._wanted.clear()

    async def measure(self) -> None:
        """Take a sample; on failure say why and keep the last one."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._sample()
        except TimeoutError:
            await self._failed(f"Kafka did not answer within {LIMIT_SECONDS:g} s")
        except (KafkaError, OSError) as error:
            await self._failed(f"Kafka cannot be asked ({type(error).__name__})")
        except Exception:  # a number that cannot be had must not end the worker
            log.exception("the agents' topics could not be measured")
            await self._failed("the broker failed to measure; its log says why")

    async def _failed(self, problem: str) -> None:
        if self.problem != problem:
            log.warning("the agents' topics are not measured: %s; going on with the last numbers", problem)
        self.problem = problem
        await self._close()

    async def _sample(self) -> None:
        if self._kafka is None:
            self._kafka = KafkaOffsets(self._settings)
            await self._kafka.open()
        kafka, agents = self._kafka, self._register().active
        names = frozenset(topic for agent in agents for topic in agent.topics)
        around = names != self._names or self._clock() - self._looked_around >= LOOK_AROUND_SECONDS
        if around:
            self._partitions = await kafka.partitions(names)
        ends = await kafka.ends(self._partitions)
        at = self._clock()
        await self._begin_histories(kafka, ends, at)
        for topic, offsets in ends.items():
            self._histories[topic].add(at, offsets)
        read = self._of(agent.read_topic for agent in agents)
        written = self._of(agent.write_topic for agent in agents)
        if around:
            self._begins = await kafka.begins(read | written)
        groups = await self._groups(kafka, read, around=around)
        groups |= {topic: [group] for topic, group in (await kafka.committed(self._bridge, written)).items()}
        self._topics = {
            topic: Topic(
                history=self._histories[topic],
                begins=self._begins.get(topic, ()),
                groups=tuple(groups.get(topic, ())),
            )
            for topic in ends
        }
        if around:
            self._names, self._looked_around = names, at
        self.at, self.problem = at, None

    async def _begin_histories(self, kafka: KafkaOffsets, ends: dict[str, Offsets], at: float) -> None:
        """Let the past be what the records' time-stamps say it was.

        Of topics seen for the first time, and wherever the samples do not go on: after a gap, or with a clock put back.
        """
        known = {topic: of for topic, of in self._histories.items() if topic in self._partitions}
        self._histories = {
            topic: of for topic, of in known.items() if of.newest and 0 < at - of.newest.at <= GAP_SECONDS
        }
        new = {topic: len(ends[topic]) for topic in ends if topic not in self._histories}
        looks_back = (HOUR_SECONDS, RATE_SECONDS, MINUTE_SECONDS)
        past = {before: await kafka.at(new, at - before, ends) for before in looks_back}
        for topic in new:
            self._histories[topic] = History()
            for before, offsets in past.items():
                if topic in offsets:
                    self._histories[topic].add(at - before, offsets[topic])

    async def _groups(self, kafka: KafkaOffsets, read: dict[str, int], *, around: bool) -> dict[str, list[Group]]:
        """What every group has committed of these topics; between two looks around, of those it had committed then."""
        if around:
            self._reads = dict.fromkeys(await kafka.groups(), frozenset(read))
        found: dict[str, list[Group]] = {}
        names = sorted(self._reads)
        for first in range(0, len(names), ASKED_AT_ONCE):
            some = names[first : first + ASKED_AT_ONCE]
            answers = await asyncio.gather(
                *(
                    kafka.committed(name, {topic: read[topic] for topic in self._reads[name] & read.keys()})
                    for name in some
                )
            )
            for name, committed in zip(some, answers, strict=True):
                self._reads[name] = frozenset(committed)
                for topic, group in committed.items():
                    found.setdefault(topic, []).append(group)
        return found

    def _of(self, topics: Iterable[str]) -> dict[str, int]:
        return {topic: self._partitions[topic] for topic in topics if topic in self._partitions}

    async def _close(self) -> None:
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            try:
                await kafka.close()
            except (KafkaError, OSError) as error:
                log.info("closing said %r", error)
            except Exception:  # nor must a client that never was open
                log.exception("the meter's clients could not be closed")
