"""Compares what happened with what had to: per user, message by message.

In: the truth of a run. Out: counts and violations, each with the user, the message, what was expected. Kinds of
violation: lost, reordered, doubled, wrong (state, misrouted, invented), stuck.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from app.core.effects import effect_id
from app.core.events import UserWrote
from app.core.identity import user_key
from app.core.turn import REFERENCES
from app.whatsapp.inbound import read_item
from tests.faults.bench.model import RANKS, Expected, replay, says
from tests.faults.bench.truth import Truth, UserTruth


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise."""

    kind: str
    user: str
    what: str


@dataclass(slots=True)
class Findings:
    """What a run has come to."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)
    """Messages of which nobody can know, and of which no status told either."""
    stall: float = 0.0
    """Longest time in seconds from the user's pressing the button to the agent's reading it."""

    def add(self, kind: str, user: str, what: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(kind, user, what))

    def number(self, kind: str) -> int:
        """How many violations of a kind."""
        return sum(one.kind == kind for one in self.violations)


def judge(truth: Truth) -> Findings:
    """Compare everything."""
    findings = Findings()
    webhook, in_outbox = truth.of_key(truth.topics.webhook), _outbox(truth)
    spoken, outcomes = _outbox(truth, agents_only=True), _outcomes(truth)
    aside: set[str] = set()
    for user in truth.users.values():
        _judge_intake(truth, user, webhook[user.key], findings)
        expected = replay(webhook[user.key], truth.register, truth.rules)
        aside |= expected.aside.keys()
        _judge_agents(truth, user, expected, findings)
        _judge_statuses(truth, user, expected, findings)
        _judge_phone(truth, user, expected, in_outbox.get(user.key, []), outcomes, findings)
        _judge_state(truth, user, expected, spoken.get(user.key, []), findings)
    _judge_replies(truth, findings)
    _judge_quarantine(truth, aside, findings)
    return findings


def _judge_intake(truth: Truth, user: UserTruth, records: list[Any], findings: Findings) -> None:
    """Every message the webhook answered 200 is in Kafka; and in the simplest words, agents read what was written."""
    events = [read_item(record.value) for record in records]
    in_kafka = {event.id for event in events if isinstance(event, UserWrote)}
    findings.counts["messages"] += len(user.written)
    for one in user.written:
        if one.message_id not in in_kafka:
            findings.add("lost", user.key, f"{one.text!r} ({one.message_id}) was answered 200 and is not in Kafka")
        if one.heard and one.arrived is not None:
            findings.stall = max(findings.stall, one.arrived - one.at)
    for agent in truth.register.agents:
        read = [says(record) for record in _first(_about(truth, agent.read_topic, user))]
        wanted = user.expected.get(agent.name, [])
        if not truth.ordered:
            read, wanted = sorted(read), sorted(wanted)
        if read != wanted:
            kind, what = _difference(wanted, read)
            findings.add(kind, user.key, f"{agent.name} by the user's own plan: {what}")


def _about(truth: Truth, topic: str, user: UserTruth, statuses: bool = False) -> list[dict[str, Any]]:
    found = [orjson.loads(record.value) for record in truth.of_key(topic)[user.key]]
    return [record for record in found if (record.get("type") == "status") == statuses]


def _first(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first occurrence of each record, in order: what an agent has that passes over repeats."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        found.setdefault(record["id"], record)
    return list(found.values())


def _judge_agents(truth: Truth, user: UserTruth, expected: Expected, findings: Findings) -> None:
    for agent in truth.register.agents:
        records = _about(truth, agent.read_topic, user)
        first = _first(records)
        findings.counts["repeats"] += len(records) - len(first)
        read = [f"{record['id']} {says(record)}" for record in first]
        wanted = [f"{one} {what}" for topic, one, what in expected.told if topic == agent.read_topic]
        if read != wanted:
            kind, what = _difference(wanted, read)
            findings.add(kind, user.key, f"{agent.name} by the model: {what}")


def _difference(wanted: list[str], found: list[str]) -> tuple[str, str]:
    missing, extra = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    if missing:
        return "lost", f"never came: {_few(missing)}; unexpected: {_few(extra)}"
    if extra:
        kind = "doubled" if set(extra) <= set(wanted) else "wrong"
        return kind, f"came too often or to the wrong place: {_few(extra)}"
    at = next(number for number, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other)
    return "reordered", f"at place {at} expected {wanted[at : at + 4]}, found {found[at : at + 4]}"


def _few(items: Counter[str]) -> str:
    shown = list(items.elements())
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "") if shown else "nothing"


def _judge_statuses(truth: Truth, user: UserTruth, expected: Expected, findings: Findings) -> None:
    """Ticks climb, each is told once, and the highest is told."""
    told: dict[str, list[str]] = {}
    for agent in truth.register.agents:
        for record in _first(_about(truth, agent.read_topic, user, statuses=True)):
            told.setdefault(record["effect"], []).append(record["text"])
    for effect, rank in expected.ranks.items():
        ranks = [RANKS.get(text, 0) for text in told.get(effect, [])]
        if any(later <= earlier for earlier, later in pairwise(ranks)):
            findings.add("reordered", user.key, f"ticks of message {effect} went {told[effect]}")
        if max(ranks, default=0) != rank:
            findings.add("lost", user.key, f"ticks of message {effect}: told {told.get(effect)}, Meta reported {rank}")


def _outbox(truth: Truth, *, agents_only: bool = False) -> dict[str, list[str]]:
    """User key → effect ids in the order in which they were first put into the outbox."""
    found: dict[str, dict[str, None]] = {}
    for record in truth.records[truth.topics.outbox]:
        send = orjson.loads(record.value)
        if not agents_only or send.get("agent") is not None:
            found.setdefault(record.key.decode(), {}).setdefault(send["id"], None)
    return {key: list(ids) for key, ids in found.items()}


def _outcomes(truth: Truth) -> dict[str, set[str]]:
    """Effect id → verdicts the sender reported."""
    found: dict[str, set[str]] = {}
    for record in truth.records[truth.topics.sent]:
        event = orjson.loads(record.value)
        found.setdefault(event["effect"], set()).add(event["verdict"])
    return found


def _judge_phone(
    truth: Truth,
    user: UserTruth,
    expected: Expected,
    outbox: list[str],
    outcomes: dict[str, set[str]],
    findings: Findings,
) -> None:
    """What the outbox has comes to the phone once, in order, or an outcome says why not."""
    came = Counter(message["mark"].get("e", "") for message in user.phone)
    for effect, count in came.items():
        if effect not in outbox:
            findings.add("wrong", user.key, f"message {effect} on the phone was never in the outbox")
        elif count > 1:
            what = (
                f"message {effect} is {count} times on the phone: {outcomes.get(effect)}; {_story(truth, user, effect)}"
            )
            findings.add("doubled", user.key, what)
    for effect, text in expected.sends.items():
        if effect not in outbox:
            findings.add("lost", user.key, f"the broker's own words {text[:40]!r} ({effect}) never were in the outbox")
    for effect in outbox:
        verdicts = outcomes.get(effect, set())
        if not verdicts and came[effect]:
            # The sender may end between its note of a success and the report, which nobody misses.
            findings.counts["unreported"] += 1
        elif not verdicts:
            findings.add("lost", user.key, f"message {effect} is in the outbox, not on the phone, and without outcome")
        elif came[effect] == 0 and verdicts == {"accepted"}:
            findings.add("lost", user.key, f"message {effect} was reported accepted and is not on the phone")
        elif came[effect] and verdicts <= {"refused", "late"}:
            findings.add("wrong", user.key, f"message {effect} is on the phone and was reported {verdicts}")
        if "in_doubt" in verdicts:
            findings.counts["in doubt"] += 1
            if effect not in expected.shown:
                findings.in_doubt.append(f"{effect} of {user.key} ({'came' if came[effect] else 'did not come'})")
                if came[effect]:
                    # The simulator reports a status of everything that came.
                    findings.add("lost", user.key, f"message {effect} is on the phone, and its statuses never came")
        findings.counts["refused"] += bool(verdicts & {"refused", "late"})
    order = [one["mark"].get("e", "") for one in user.phone]
    order = list(dict.fromkeys(order))
    wanted = [effect for effect in outbox if effect in came]
    if order != wanted and Counter(order) == Counter(wanted):
        findings.add("reordered", user.key, f"on the phone: {_difference(wanted, order)[1]}")


def _story(truth: Truth, user: UserTruth, effect: str) -> str:
    """Everything that is on record about the sending of one message, by time."""
    topics, key = truth.topics, user.key.encode()
    found = [(message["at"], "came to the phone") for message in user.phone if message["mark"].get("e") == effect]
    for record in truth.records[topics.sends_changelog]:
        stages = orjson.loads(record.value) if record.key == key and record.value else {}
        if effect in stages:
            place = f"{record.partition}/{record.offset}"
            found.append((record.timestamp / 1000, f"changelog {place} says {stages[effect]} of {len(stages)}"))
    for topic in (topics.outbox, topics.sent, topics.webhook):
        for record in truth.records[topic]:
            if record.key == key and effect.encode() in record.value:
                found.append((record.timestamp / 1000, f"{topic} {record.partition}/{record.offset}"))
    return "; ".join(f"{at:.3f} {what}" for at, what in sorted(found))


def _judge_replies(truth: Truth, findings: Findings) -> None:
    """Every record an agent wrote has exactly one fate: on its way to the phone, or an error record."""
    findings.counts["replies"] += len(truth.replies)
    sent = {effect for effects in _outbox(truth).values() for effect in effects}
    ids = [orjson.loads(record.value)["id"] for record in truth.records[truth.topics.replies]]
    # An event's id begins with the place of the agent's record; what may follow is the bridge's own affair.
    carried = {one.partition("@")[0]: one for one in ids}
    for agent in truth.register.agents:
        errors = [orjson.loads(record.value) for record in truth.records[agent.error_topic]]
        refused = {error["id"]: error["code"] for error in errors}
        texts = set()
        for record in truth.records[agent.write_topic]:
            text = orjson.loads(record.value)["text"]
            texts.add(text)
            source = carried.get(f"{record.topic}/{record.partition}/{record.offset}")
            if source is None:
                findings.add("lost", agent.name, f"reply {text!r} was never carried over by the bridge")
                continue
            effect = effect_id(source, 0)
            if effect in sent and refused.get(effect) == "not_connected":
                # Its user left while the router was dying: docs/guarantees.md has the limit.
                findings.counts["both"] += 1
            elif effect in sent and effect in refused:
                findings.add("wrong", agent.name, f"reply {text!r} is both in the outbox and refused")
            elif effect not in sent and effect not in refused:
                findings.add("lost", agent.name, f"reply {text!r} is neither in the outbox nor refused")
        for reply in truth.replies:
            if reply.agent == agent.name and reply.text not in texts:
                findings.add("lost", agent.name, f"{reply.text!r} was acknowledged by Kafka and is not there")
        _judge_told(truth, agent, findings)


def _judge_told(truth: Truth, agent: Any, findings: Findings) -> None:
    """What went wrong with an agent's message was told to that agent."""
    told = {orjson.loads(record.value).get("effect") for record in truth.records[agent.error_topic]}
    for record in truth.records[truth.topics.sent]:
        event = orjson.loads(record.value)
        if event.get("agent") == agent.id and event["verdict"] != "accepted" and event["effect"] not in told:
            what = f"message {event['effect']} ended {event['verdict']}, and the agent was not told"
            findings.add("lost", agent.name, what)


def _judge_state(truth: Truth, user: UserTruth, expected: Expected, spoken: list[str], findings: Findings) -> None:
    """What the tables' changelogs leave is what the model leaves; `spoken` is what agents had sent to the user."""
    session = truth.last_values(truth.topics.sessions_changelog).get(user.key)
    wanted = expected.state.session.to_dict() if expected.state.session else None
    if session != wanted:
        findings.add("wrong", user.key, f"session is {_short(session)}, the model says {_short(wanted)}")
    windows = truth.last_values(truth.topics.windows_changelog)
    window = windows.get(user.key) or {}
    model = expected.state.window.to_dict() if expected.state.window else {}
    for name in ("last_seen", "user", "home"):
        if window.get(name) != model.get(name):
            what = f"window: {name} is {window.get(name)}, the model says {model.get(name)}"
            findings.add("wrong", user.key, what)
    _judge_signpost(user, model.get("user", {}), windows, findings)
    if not wanted or wanted["agent"] is None:
        spoken = []  # at the menu a conversation has no message of an agent
    _judge_references(user, window.get("references", []), model.get("references", []), spoken, findings)
    ticks = {effect: rank for effect, rank in window.get("ticks", {}).items() if effect in expected.ranks}
    behind = {effect: rank for effect, rank in ticks.items() if rank != expected.ranks[effect]}
    if behind:
        findings.add("wrong", user.key, f"window: ticks {behind} are not what Meta reported")


def _judge_signpost(
    user: UserTruth, names: dict[str, Any], windows: dict[str, dict[str, Any]], findings: Findings
) -> None:
    """The user's other name, the BSUID, leads to where they are kept: that is the `home` of its own window."""
    if "user_id" in names:
        home = windows.get(user_key(names["phone_number_id"], None, names["user_id"]), {}).get("home")
        if home != user.key:
            findings.add("wrong", user.key, f"the BSUID {names['user_id']} leads to {home}")


def _judge_references(
    user: UserTruth, found: list[str], wanted: list[str], spoken: list[str], findings: Findings
) -> None:
    """The last messages of the conversation, as far as Kafka's order of the user's own determines them.

    Where agents' messages came between the user's, and so how many of either are among the last, nobody outside
    knows. But the user's own must be their last, without a gap, as many as there is room for beside the agents'; and
    the agents' must be the last that went to the outbox, in that order.
    """
    agents = [one for one in found if one in spoken]
    own = [one for one in found if one not in spoken]
    room = REFERENCES - len(agents)
    # `wanted` has the user's messages only, of which the model has already dropped those past the bound.
    if own != wanted[max(0, len(wanted) - room) :]:
        findings.add("wrong", user.key, f"window: of the user's messages it refers to {own}, the model to {wanted}")
    if agents != spoken[len(spoken) - len(agents) :]:
        what = f"window: of agents' messages it refers to {agents}, the last in the outbox are {spoken[-REFERENCES:]}"
        findings.add("wrong", user.key, what)


def _short(session: dict[str, Any] | None) -> str:
    if session is None:
        return "none"
    kept = [record.get("text") for record in session.get("kept", [])]
    return str({**session, "kept": kept})


def _judge_quarantine(truth: Truth, wanted: set[str], findings: Findings) -> None:
    """Nothing the players do belongs there, but what `decide` itself sets aside of the users' messages."""
    aside = set()
    for record in truth.records[truth.topics.quarantine]:
        found = orjson.loads(record.value)
        if found.get("source") == "router":
            findings.counts["set aside"] += 1
            aside.add(found["id"])
        else:
            findings.add("wrong", (record.key or b"").decode(), f"in quarantine: {found['reason']} ({found['source']})")
    for effect in wanted - aside:
        findings.add("lost", effect, "a message that was to be set aside is not in the quarantine")
    for effect in aside - wanted:
        findings.add("wrong", effect, "a message is in the quarantine that was not to be set aside")
