"""What an agent has beyond the first generation's fields, on a real PostgreSQL: hours, texts, former topics."""

import time
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.agent_rules import Clash
from app.core.hours import read_hours
from app.stores.register import RegisterStore
from tests.stores.register_support import HELP, SALES, sql


async def test_hours_messages_and_texts_are_stored_and_read_back(store: RegisterStore, dsn: SecretStr) -> None:
    hours = read_hours({"zone": "Europe/Berlin", "days": {"friday": ["22:00-03:00"]}, "holidays": {"2026-12-25": ""}})
    texts = (("farewell", "Até já, {user}! 🙂"), ("gone", ""))
    draft = replace(SALES, hours=hours, closed_message="Closed", welcome_message="Hello\nthere", texts=texts)
    agent = await store.add(draft)
    assert (await store.snapshot()).agents == (agent,)
    (change,) = await store.audit(1)
    assert change["after"]["texts"] == dict(texts)
    changed = await store.change(agent.id, SALES)
    assert (changed.hours, changed.texts) == (None, ())
    await sql(dsn, """UPDATE agents SET hours = '{"zone": "Nowhere"}'""")
    assert [found.hours for found in (await store.snapshot()).agents] == [None]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("null", ()),
        ("[1]", ()),
        ('{"farewell": 7, "gone": "Gone."}', (("gone", "Gone."),)),
        ('{"farewell": "{nobody}", "menu": "Choose"}', ()),
    ],
)
async def test_texts_made_by_hand_that_break_the_rules_are_the_brokers(
    store: RegisterStore, dsn: SecretStr, written: str, kept: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await store.add(SALES)
    await sql(dsn, f"UPDATE agents SET texts = '{written}'")
    assert [agent.texts for agent in (await store.snapshot()).agents] == [kept]
    assert "the texts of agent 1 in PostgreSQL" in caplog.text


async def test_a_changed_out_topic_is_drained_until_it_is_left(store: RegisterStore, dsn: SecretStr) -> None:
    agent = await store.add(SALES)
    now = time.time()
    changed = await store.change(agent.id, replace(SALES, write_topic="new-out"), "ana")
    ((topic, until),) = changed.draining
    assert topic == "sales-out" and now + 590 < until < now + 700
    await sql(dsn, "UPDATE agents SET write_topic = 'third-out'")
    assert [topic for topic, _ in (await store.snapshot()).agents[0].draining] == ["new-out", "sales-out"]
    with pytest.raises(Clash, match=r"was the write_topic of agent 1 \(Sales\)"):
        await store.add(replace(HELP, write_topic="sales-out"))
    with pytest.raises(Clash):  # it would read its own words
        await store.change(agent.id, replace(SALES, read_topic="new-out"))
    back = await store.change(agent.id, SALES)
    assert [topic for topic, _ in back.draining] == ["new-out", "third-out"]
    assert await store.leave(agent.id, "new-out")
    assert not await store.leave(agent.id, "new-out")
    assert [topic for topic, _ in (await store.snapshot()).agents[0].draining] == ["third-out"]
    assert (await store.audit(1))[0]["actor"] == "broker"
    await sql(dsn, "UPDATE agents SET draining = '[1]'")
    assert [found.draining for found in (await store.snapshot()).agents] == [()]


async def test_how_long_a_former_topic_is_drained_is_a_setting_and_by_hand_ten_minutes(dsn: SecretStr) -> None:
    store = RegisterStore(dsn, drain_seconds=7200.5)
    agent = await store.add(SALES)

    async def drained_for(topic: str) -> float:
        ((changed,),) = await sql(dsn, "SELECT floor(extract(epoch FROM updated_at))::float8 FROM agents")
        return dict((await store.snapshot()).agents[0].draining)[topic] - float(changed)

    await store.change(agent.id, replace(SALES, write_topic="new-out"))
    assert await drained_for("sales-out") == 7200.5
    await sql(dsn, "UPDATE agents SET write_topic = 'third-out'")
    assert await drained_for("new-out") == 600
    await sql(dsn, "SET broker.drain_seconds = 3600; UPDATE agents SET write_topic = 'fourth-out'")
    assert await drained_for("third-out") == 3600
    await store.close()


async def test_the_topic_of_a_retired_agent_is_whoever_has_it_now(store: RegisterStore) -> None:
    agent = await store.add(SALES)
    await store.retire(agent.id)
    taken = await store.add(replace(HELP, write_topic="sales-out"))
    back = await store.change(agent.id, replace(SALES, write_topic="new-out", active=True))
    assert back.draining == ()
    assert (await store.change(taken.id, replace(HELP, write_topic="sales-out", position=3))).position == 3
