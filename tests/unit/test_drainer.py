"""A former out topic is left when its time is over and it is read to its end, not before."""

import asyncio
from dataclasses import replace

import pytest

from agents.drainer import Drainer
from app.core.register import Agent, Register
from app.stores.register import RegisterAway
from tests.unit.histories import DESK, NOW, SALES

FORMER = (("old-out", NOW + 10), ("older-out", NOW))


class House:
    """The register, Kafka and who is told, in memory."""

    def __init__(self) -> None:
        self.register = Register.of([replace(SALES, draining=FORMER), DESK])
        self.unread: set[str] = set()
        self.left: list[tuple[int, str]] = []
        self.told = 0
        self.away = 0
        self.drainer = Drainer(0.001, self, self, self.tell, self.is_read)

    async def leave(self, agent_id: int, topic: str) -> bool:
        if self.away:
            self.away -= 1
            raise RegisterAway("PostgreSQL did not answer")
        fresh = (agent_id, topic) not in self.left
        self.left.append((agent_id, topic))
        return fresh

    async def is_read(self, topic: str) -> bool:
        return topic not in self.unread

    def tell(self) -> None:
        self.told += 1


async def test_a_topic_is_left_when_its_time_is_over() -> None:
    house = House()
    await house.drainer.look(NOW - 1)
    assert house.left == []
    await house.drainer.look(NOW + 9)
    assert house.left == [(SALES.id, "older-out")]
    await house.drainer.look(NOW + 10)
    assert house.left[1:] == [(SALES.id, "old-out"), (SALES.id, "older-out")]
    assert house.told == 2, "who finds it left already tells nobody"


async def test_a_topic_with_unread_records_is_kept() -> None:
    house = House()
    house.unread = {"old-out"}
    await house.drainer.look(NOW + 1000)
    assert house.left == [(SALES.id, "older-out")]


async def test_with_postgres_away_it_goes_on_later(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.away = 2
    async with asyncio.timeout(10), house.drainer:
        while len(house.left) < 2:
            await asyncio.sleep(0.001)
    assert "can be left is not known" in caplog.text


def test_what_drains_travels_in_the_register() -> None:
    agent = replace(SALES, draining=FORMER)
    assert Agent.from_dict(agent.to_dict()) == agent
    old = agent.to_dict()
    del old["draining"]
    assert Agent.from_dict(old) == SALES
