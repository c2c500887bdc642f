"""The meter without a Kafka: how it asks one shared with many programs, and what it does with faults of the client."""

import asyncio
from typing import Any

import pytest

from app import meter as meter_module
from app.core.numbers import Group
from app.core.register import Register
from app.meter import ASKED_AT_ONCE, Meter
from app.settings import Settings


class Shared:
    """A Kafka with many groups, of which one in ten reads an agent; it is slow to answer each question."""

    def __init__(self, groups: int) -> None:
        self.names = {f"group-{number:04d}" for number in range(groups)}
        self.asked: list[str] = []
        self.at_once, self.most = 0, 0

    async def groups(self) -> set[str]:
        return self.names

    async def committed(self, group: str, topics: dict[str, int]) -> dict[str, Group]:
        if not topics:
            return {}
        self.asked.append(group)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_once -= 1
        return {"a-in": Group(group, (5,), 1)} if group.endswith("0") else {}


async def test_many_groups_are_asked_some_at_a_time_and_then_only_those_that_read() -> None:
    kafka: Any = Shared(100)
    meter = Meter(Settings(_env_file=None), Register)
    found = await meter._groups(kafka, {"a-in": 1}, around=True)
    assert [group.name for group in found["a-in"]] == [f"group-{number:04d}" for number in range(0, 100, 10)]
    assert (len(kafka.asked), kafka.most) == (100, ASKED_AT_ONCE)
    kafka.asked.clear()
    again = await meter._groups(kafka, {"a-in": 1}, around=False)
    assert again == found and len(kafka.asked) == 10, "those that read no agent are left alone for a while"


async def test_a_client_that_fails_in_every_way_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, _: Settings) -> None:
            pass

        async def open(self) -> None:
            raise RuntimeError("a fault of the client")

        async def close(self) -> None:
            raise AttributeError("it never was open")

    monkeypatch.setattr(meter_module, "KafkaOffsets", Broken)
    meter = Meter(Settings(_env_file=None), Register)
    await meter.measure()
    assert meter.numbers()["problem"] == "the broker failed to measure; its log says why"
    await meter.on_stop()
