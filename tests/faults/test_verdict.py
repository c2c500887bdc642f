"""The verdict of the fault bench can see: a made-up truth that is right has no finding, each wrong one has its own.

In: what Kafka and a phone would hold after a short conversation, made by `decide` itself. Out: findings. No service.
"""

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from app.core.decide import decide
from app.core.effects import Send, TellAgent
from app.core.events import UserWrote
from app.core.state import State
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.inbound import read_item
from tests.faults.bench.plan import Written
from tests.faults.bench.truth import Truth, UserTruth
from tests.faults.bench.verdict import judge
from tests.unit.histories import ANA, NOW, REGISTER, RULES, SALES

TOPICS = Topics(Settings(_env_file=None))
SAID = ("hi", "sales", "one", "two", "three")


def record(topic: str, value: Any, number: int = 0) -> Any:
    """A record about the user as Kafka hands it out."""
    return SimpleNamespace(
        topic=topic,
        partition=0,
        offset=number,
        key=ANA.key.encode(),
        value=orjson.dumps(value),
        timestamp=int(NOW * 1000),
    )


def webhook(number: int, text: str) -> dict[str, Any]:
    """The item of one text."""
    value = {
        "metadata": {"phone_number_id": ANA.phone_number_id},
        "contacts": [{"profile": {"name": ANA.name}, "wa_id": ANA.wa_id, "user_id": ANA.user_id}],
        "messages": [
            {
                "from": ANA.wa_id,
                "from_user_id": ANA.user_id,
                "id": f"wamid.{number}",
                "timestamp": str(int(NOW)),
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def a_right_truth() -> Truth:
    """What a conversation of five messages leaves when nothing goes wrong."""
    records: dict[str, list[Any]] = {spec.name: [] for spec in TOPICS.own()}
    for agent in REGISTER.agents:
        records |= {topic: [] for topic in agent.topics}
    user = UserTruth(ANA.address, ANA.key, {SALES.name: ["<initial>", "hi", *SAID[2:]]})
    state = State()
    for number, text in enumerate(SAID):
        item = record(TOPICS.webhook, webhook(number, text), number)
        records[TOPICS.webhook].append(item)
        user.written.append(Written(ANA.address, text, f"wamid.{number}", NOW, heard=number > 1, arrived=NOW + 1))
        event = read_item(item.value)
        assert isinstance(event, UserWrote)
        decision = decide(state, event, NOW, REGISTER, RULES)
        state = decision.state
        for effect in decision.effects:
            match effect:
                case TellAgent():
                    records[effect.topic].append(record(effect.topic, effect.record))
                case Send():
                    records[TOPICS.outbox].append(record(TOPICS.outbox, effect.to_dict()))
                    finished = {"effect": effect.id, "verdict": "accepted", "agent": None}
                    records[TOPICS.sent].append(record(TOPICS.sent, finished))
                    user.phone.append({"at": NOW, "seq": len(user.phone), "mark": {"e": effect.id}})
    assert state.session is not None and state.window is not None
    records[TOPICS.sessions_changelog].append(record(TOPICS.sessions_changelog, state.session.to_dict()))
    records[TOPICS.windows_changelog].append(record(TOPICS.windows_changelog, state.window.to_dict()))
    return Truth(TOPICS, REGISTER, RULES, {ANA.key: user}, records, [], ordered=True)


def test_a_right_truth_has_no_finding() -> None:
    truth = a_right_truth()
    assert judge(truth).violations == []
    assert len(truth.records[SALES.read_topic]) == 5, "the initial record, and four messages"


def a_record_is_gone(truth: Truth) -> None:
    del truth.records[SALES.read_topic][2]


def two_records_change_places(truth: Truth) -> None:
    records = truth.records[SALES.read_topic]
    records[2], records[3] = records[3], records[2]


def a_record_is_another_agents(truth: Truth) -> None:
    truth.records[REGISTER.agents[0].read_topic].append(truth.records[SALES.read_topic][2])


def a_message_is_not_in_kafka(truth: Truth) -> None:
    truth.users[ANA.key].written.append(Written(ANA.address, "lost", "wamid.99", NOW, heard=True))


def a_message_never_came(truth: Truth) -> None:
    del truth.users[ANA.key].phone[0]


def a_message_came_twice(truth: Truth) -> None:
    phone = truth.users[ANA.key].phone
    phone.append(phone[-1])


def messages_came_in_another_order(truth: Truth) -> None:
    truth.users[ANA.key].phone.reverse()


def a_message_of_nobody_came(truth: Truth) -> None:
    truth.users[ANA.key].phone.append({"at": NOW, "seq": 9, "mark": {"e": "unknown"}})


def a_doubt_was_none(truth: Truth) -> None:
    effect = truth.users[ANA.key].phone[0]["mark"]["e"]
    truth.records[TOPICS.sent] = [
        record(TOPICS.sent, {"effect": effect, "verdict": "in_doubt", "agent": None}),
        *truth.records[TOPICS.sent][1:],
    ]


def the_session_is_another(truth: Truth) -> None:
    last = orjson.loads(truth.records[TOPICS.sessions_changelog][-1].value)
    truth.records[TOPICS.sessions_changelog].append(record(TOPICS.sessions_changelog, {**last, "agent": 1}))


def the_window_moved_back(truth: Truth) -> None:
    last = orjson.loads(truth.records[TOPICS.windows_changelog][-1].value)
    truth.records[TOPICS.windows_changelog].append(record(TOPICS.windows_changelog, {**last, "last_seen": NOW - 60}))


def something_is_in_quarantine(truth: Truth) -> None:
    value = {"reason": "the router failed", "source": "webhook/0/3", "at": NOW, "value": ""}
    truth.records[TOPICS.quarantine].append(record(TOPICS.quarantine, value))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (a_record_is_gone, "lost"),
        (two_records_change_places, "reordered"),
        (a_record_is_another_agents, "wrong"),
        (a_message_is_not_in_kafka, "lost"),
        (a_message_never_came, "lost"),
        (a_message_came_twice, "doubled"),
        (messages_came_in_another_order, "reordered"),
        (a_message_of_nobody_came, "wrong"),
        (a_doubt_was_none, "lost"),
        (the_session_is_another, "wrong"),
        (the_window_moved_back, "wrong"),
        (something_is_in_quarantine, "wrong"),
    ],
)
def test_each_harm_has_its_finding(harm: Callable[[Truth], None], kind: str) -> None:
    truth = copy.deepcopy(a_right_truth())
    harm(truth)
    found = judge(truth)
    assert found.number(kind) > 0, f"nothing {kind} in {found.violations}"
