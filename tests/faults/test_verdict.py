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
from app.core.events import AgentReplied, UserWrote
from app.core.identity import User, user_key
from app.core.state import State, Window
from app.settings import Settings
from app.topics import Topics
from app.whatsapp.inbound import read_item
from tests.faults.bench.plan import Reply, Written
from tests.faults.bench.truth import Truth, UserTruth
from tests.faults.bench.verdict import judge
from tests.unit.histories import ANA, NOW, REGISTER, RULES, SALES, replied

TOPICS = Topics(Settings(_env_file=None))
SAID = ("hi", "sales", "one", "two", "three")
ANSWERED = ("one", "two")
BSUID_KEY = user_key(ANA.phone_number_id, None, ANA.user_id)


def record(topic: str, value: Any, number: int = 0, key: str = ANA.key) -> Any:
    """A record about the user as Kafka hands it out."""
    return SimpleNamespace(
        topic=topic,
        partition=0,
        offset=number,
        key=key.encode(),
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


def a_right_truth(*, left: bool = False) -> Truth:
    """What a conversation of five messages, two of them answered, leaves when nothing goes wrong.

    `left`: the user writes the word for leaving as well, and is at the menu.
    """
    records: dict[str, list[Any]] = {spec.name: [] for spec in TOPICS.own()}
    for agent in REGISTER.agents:
        records |= {topic: [] for topic in agent.topics}
    user = UserTruth(ANA.address, ANA.key, {SALES.name: ["<initial>", "hi", *SAID[2:], *["<closed>"] * left]})
    replies: list[Reply] = []
    state = State()

    def happens(event: UserWrote | AgentReplied) -> None:
        nonlocal state
        decision = decide(state, event, NOW, REGISTER, RULES)
        state = decision.state
        for effect in decision.effects:
            match effect:
                case TellAgent():
                    records[effect.topic].append(record(effect.topic, effect.record))
                case Send():
                    records[TOPICS.outbox].append(record(TOPICS.outbox, effect.to_dict()))
                    finished = {"effect": effect.id, "verdict": "accepted", "agent": effect.agent}
                    records[TOPICS.sent].append(record(TOPICS.sent, finished))
                    user.phone.append({"at": NOW, "seq": len(user.phone), "mark": {"e": effect.id}})

    for number, text in enumerate([*SAID, *["#exit"] * left]):
        item = record(TOPICS.webhook, webhook(number, text), number)
        records[TOPICS.webhook].append(item)
        user.written.append(Written(ANA.address, text, f"wamid.{number}", NOW, heard=number > 1, arrived=NOW + 1))
        event = read_item(item.value)
        assert isinstance(event, UserWrote)
        happens(event)
        if text in ANSWERED:
            answer = replied(f"echo {text}", len(replies))
            replies.append(Reply(SALES.name, f"echo {text}", NOW))
            records[SALES.write_topic].append(record(SALES.write_topic, {"text": f"echo {text}"}, len(replies) - 1))
            records[TOPICS.replies].append(record(TOPICS.replies, {"id": answer.id}))
            happens(answer)
    assert state.session is not None and state.window is not None
    signpost = Window(user=User(key=BSUID_KEY, phone_number_id=ANA.phone_number_id), home=ANA.key)
    windows = TOPICS.windows_changelog
    records[TOPICS.sessions_changelog].append(record(TOPICS.sessions_changelog, state.session.to_dict()))
    records[windows] += [
        record(windows, signpost.to_dict(), key=BSUID_KEY),
        record(windows, state.window.to_dict()),
    ]
    return Truth(TOPICS, REGISTER, RULES, {ANA.key: user}, records, replies, ordered=True)


def test_a_right_truth_has_no_finding() -> None:
    truth = a_right_truth()
    assert judge(truth).violations == []
    assert len(truth.records[SALES.read_topic]) == 5, "the initial record, and four messages"


def test_at_the_menu_nothing_that_an_agent_said_is_referred_to() -> None:
    truth = a_right_truth(left=True)
    assert judge(truth).violations == []
    the_window_becomes(truth, references=[orjson.loads(truth.records[TOPICS.outbox][-2].value)["id"]])
    assert judge(truth).number("wrong") == 1


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


def the_window_becomes(truth: Truth, **changes: Any) -> None:
    """The user's window is written once more, with something changed."""
    windows = truth.records[TOPICS.windows_changelog]
    windows.append(record(TOPICS.windows_changelog, {**orjson.loads(windows[-1].value), **changes}))


def references(truth: Truth) -> list[str]:
    """What the user's window refers to: messages 0, 2, the answer to 2, message 3, its answer, message 4."""
    found: list[str] = orjson.loads(truth.records[TOPICS.windows_changelog][-1].value)["references"]
    assert [one.startswith("wamid.") for one in found] == [True, True, False, True, False, True]
    return found


def the_window_moved_back(truth: Truth) -> None:
    the_window_becomes(truth, last_seen=NOW - 60)


def a_name_that_was_learnt_is_gone(truth: Truth) -> None:
    the_window_becomes(truth, user=User.at(ANA.phone_number_id, ANA.wa_id, None, ANA.name).to_dict())


def the_user_is_kept_elsewhere(truth: Truth) -> None:
    the_window_becomes(truth, home=f"{ANA.phone_number_id}:5511888880000")


def a_signpost_is_gone(truth: Truth) -> None:
    del truth.records[TOPICS.windows_changelog][0]


def the_users_last_reference_is_gone(truth: Truth) -> None:
    the_window_becomes(truth, references=references(truth)[:-1])


def the_users_references_change_places(truth: Truth) -> None:
    first, second, *others = references(truth)
    the_window_becomes(truth, references=[second, first, *others])


def an_agents_last_reference_is_gone(truth: Truth) -> None:
    *others, _, last = references(truth)
    the_window_becomes(truth, references=[*others, last])


def the_agents_references_change_places(truth: Truth) -> None:
    one, two, answer, three, later, four = references(truth)
    the_window_becomes(truth, references=[one, two, later, three, answer, four])


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
        (a_name_that_was_learnt_is_gone, "wrong"),
        (the_user_is_kept_elsewhere, "wrong"),
        (a_signpost_is_gone, "wrong"),
        (the_users_last_reference_is_gone, "wrong"),
        (the_users_references_change_places, "wrong"),
        (an_agents_last_reference_is_gone, "wrong"),
        (the_agents_references_change_places, "wrong"),
        (something_is_in_quarantine, "wrong"),
    ],
)
def test_each_harm_has_its_finding(harm: Callable[[Truth], None], kind: str) -> None:
    truth = copy.deepcopy(a_right_truth())
    harm(truth)
    found = judge(truth)
    assert found.number(kind) > 0, f"nothing {kind} in {found.violations}"
