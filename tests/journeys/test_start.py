"""What keeps a process from starting is named in one line that says what to do."""

import pytest

from app.embedded.ports import free_port
from tests.system.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"BROKER_PARTITIONS": "3"}, "topic webhook has 4 partitions, not 3"),
        ({"BROKER_KAFKA": "127.0.0.1:1"}, "check that it runs and that BROKER_KAFKA is right"),
        ({"BROKER_SENDS_IN_FLIGHT": "none"}, "BROKER_SENDS_IN_FLIGHT"),
        ({"BROKER_SENDER_PORT": "{webhook}"}, "set BROKER_SENDER_PORT"),
        ({"BROKER_ACCESS_TOKEN": "", "BROKER_PROFILE": "production"}, "BROKER_ACCESS_TOKEN"),
    ],
)
async def test_what_keeps_a_worker_from_starting_is_named_in_one_line(
    system: System, settings: dict[str, str], words: str
) -> None:
    elsewhere = {"BROKER_SENDER_PORT": str(free_port())}
    wrong = {name: value.format(webhook=system.ports.webhook) for name, value in settings.items()}
    said = await system.command("sender", code=1, **{**elsewhere, **wrong})
    assert words in said
    complaints = [line for line in said.strip().splitlines() if " INFO " not in line and " aiokafka: " not in line]
    assert len(complaints) == 1, said


@pytest.mark.parametrize("words", [("quarantine", "count"), ("quarantine", "replay", "3/17"), ("chat-codes",)])
async def test_a_command_without_kafka_says_so(system: System, words: tuple[str, ...]) -> None:
    said = await system.command(*words, code=1, BROKER_KAFKA="127.0.0.1:1")
    assert "Kafka at 127.0.0.1:1 cannot be read or written" in said and "BROKER_KAFKA is right" in said
    assert "Traceback" not in said
