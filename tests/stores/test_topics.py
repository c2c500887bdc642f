"""Topics on the embedded Kafka: created with the right numbers, checked, and refused with what to do."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.embedded.kafka import EmbeddedKafka
from app.embedded.ports import free_port
from app.settings import Settings
from app.topics import Topics, TopicsError, TopicSpec, agent_topics, count_partitions, ensure_topics
from tests.stores.kafka_support import running_kafka
from tests.system.frozen import freeze
from tests.unit.histories import SALES, SERVICE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    """One Kafka for the module; each test uses names of its own."""
    async with running_kafka() as kafka:
        yield kafka


def house(kafka: EmbeddedKafka, name: str, partitions: int = 4) -> Settings:
    """Settings of an installation of its own."""
    return Settings(
        _env_file=None,
        kafka=[kafka.bootstrap],
        embedded_kafka=True,
        app_id=f"{name}-app",
        topic_prefix=f"{name}.",
        partitions=partitions,
    )


async def test_the_brokers_own_topics_are_made_with_their_partitions(kafka: EmbeddedKafka) -> None:
    settings = house(kafka, "own")
    topics = Topics(settings)
    await ensure_topics(settings, topics.own())
    found = await count_partitions(settings, [spec.name for spec in topics.own()])
    assert found == {spec.name: spec.partitions for spec in topics.own()}
    assert {found[name] for name in (*topics.routed, topics.outbox)} == {4}
    assert {found[name] for name in (topics.sessions_changelog, topics.windows_changelog)} == {4}
    assert found[topics.register] == 1


async def test_the_senders_rows_of_long_ago_go_but_never_before_the_records_they_speak_of() -> None:
    specs = {spec.name: spec.config for spec in Topics(Settings(_env_file=None)).own()}
    sends = specs["whatsapp-broker-sender-sends-changelog"]
    a_week = 7 * 86_400_000
    assert sends["cleanup.policy"] == "compact,delete" and int(sends["retention.ms"]) > 4 * a_week
    others = [name for name, config in specs.items() if "retention.ms" in config and config is not sends]
    assert others == [], (
        "sessions and the register are kept for ever, the other topics as long as Kafka does by default"
    )


async def test_a_second_time_changes_nothing(kafka: EmbeddedKafka) -> None:
    settings = house(kafka, "twice")
    for _ in range(2):
        await ensure_topics(settings, Topics(settings).own())


async def test_several_processes_may_start_at_once(kafka: EmbeddedKafka) -> None:
    settings = house(kafka, "together")
    await asyncio.gather(*(ensure_topics(settings, Topics(settings).own()) for _ in range(4)))
    found = await count_partitions(settings, [spec.name for spec in Topics(settings).own()])
    assert len(found) == len(Topics(settings).own())


async def test_another_number_of_partitions_is_refused_with_what_to_do(kafka: EmbeddedKafka) -> None:
    await ensure_topics(house(kafka, "fixed"), Topics(house(kafka, "fixed")).own())
    wider = house(kafka, "fixed", partitions=8)
    with pytest.raises(TopicsError) as caught:
        await ensure_topics(wider, Topics(wider).own())
    said = str(caught.value)
    assert "topic fixed.webhook has 4 partitions, not 8" in said
    assert "BROKER_PARTITIONS" in said
    assert "fixed.agents" not in said, "the register has one partition either way"


async def test_an_agents_topics_may_have_any_number_of_partitions(kafka: EmbeddedKafka) -> None:
    settings = house(kafka, "agents")
    await ensure_topics(settings, [TopicSpec(SALES.write_topic, 1)])
    for agent in (SALES, SERVICE):
        await ensure_topics(settings, agent_topics(agent, settings))
    found = await count_partitions(settings, (*SALES.topics, *SERVICE.topics))
    assert found[SALES.write_topic] == 1
    assert found[SERVICE.write_topic] == 1, "without a key, only one partition keeps an agent's order"
    read_by_agents = (SALES.read_topic, SALES.error_topic, SERVICE.read_topic, SERVICE.error_topic)
    assert {found[name] for name in read_by_agents} == {4}


async def test_topics_that_are_not_there_are_not_counted(kafka: EmbeddedKafka) -> None:
    assert await count_partitions(house(kafka, "none"), ["none.nowhere"]) == {}


async def test_a_kafka_that_is_away_is_named_within_the_time() -> None:
    settings = Settings(_env_file=None, kafka=[f"127.0.0.1:{free_port()}"])
    began = asyncio.get_running_loop().time()
    with pytest.raises(TopicsError, match=rf"Kafka at {settings.kafka[0]} did not .* within 1 s .*BROKER_KAFKA"):
        await ensure_topics(settings, Topics(settings).own(), within=1.0)
    assert asyncio.get_running_loop().time() - began < 5


async def test_a_kafka_that_hangs_is_named_within_the_time(kafka: EmbeddedKafka) -> None:
    try:
        await freeze(kafka)
        with pytest.raises(TopicsError, match="within 1 s"):
            await ensure_topics(house(kafka, "hang"), [TopicSpec("hang.x", 1)], within=1.0)
    finally:
        kafka.resume()


async def test_the_brokers_own_names_are_reserved() -> None:
    topics = Topics(Settings(_env_file=None, app_id="house", topic_prefix="wa."))
    assert all(topics.reserved(spec.name) for spec in topics.own())
    assert topics.reserved("house-anything-changelog")
    assert not topics.reserved("sales-in")
    assert not topics.reserved("webhook"), "with a prefix the bare name is free"


async def test_topics_hold_what_the_largest_webhook_becomes() -> None:
    settings = Settings(_env_file=None)
    base64_inside_json = settings.webhook_max_bytes * 4 / 3
    for spec in Topics(settings).own() + agent_topics(SALES, settings):
        assert int(spec.config["max.message.bytes"]) > 1.5 * base64_inside_json
