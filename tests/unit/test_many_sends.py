"""Many messages of many users through sender, gates and lanes, in virtual time.

Order, fairness, rates, held accounts, leaving, restarts.
"""

import asyncio
import logging
import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.verdicts import Verdict, no_answer, unreachable
from tests.unit.histories import NOW
from tests.unit.sender_bench import ACCEPTED, SETTINGS, TOPICS, answered
from tests.unit.sending_world import NUMBER, Meta, World, names


async def test_a_user_who_waits_for_their_pace_holds_up_nobody() -> None:
    world = World(options=SETTINGS.model_copy(update={"sends_in_flight": 1}))
    await world.put("5511000001", *names(60))
    await world.put("5511000002", "hello")
    await world.run(1.0, stop=lambda: bool(world.to("5511000002")))
    assert world.to("5511000002") == ["hello"]
    await world.run(200)
    assert world.to("5511000001") == names(60)
    assert world.lanes.busy == 0


async def test_a_flood_to_one_user_waits_and_every_message_is_reported_also_after_a_restart() -> None:
    world = World(options=SETTINGS.model_copy(update={"sends_waiting": 100}))
    flood = asyncio.create_task(world.put("5511000001", *names(300)))
    await world.run(0.5)
    assert world.lanes.busy == 100, "memory is bounded: the intake waits"
    assert not flood.done()
    await world.run(40)
    flood.cancel()
    world.leaving = True
    await world.run(3)
    world.restart()
    again = asyncio.create_task(world.put_all_again())
    await world.run(3000)
    await again
    await world.put("5511000002", "hello")
    await world.run(10)
    verdicts = Counter(world.reports().values())
    assert set(verdicts) == {"accepted"}, "nothing is refused"
    assert set(world.reports()) == {send.id for send in world.outbox}, "each is reported"
    assert world.to("5511000001") == sorted(set(world.to("5511000001"))), "in order and once"
    assert world.to("5511000002") == ["hello"]


@pytest.mark.parametrize(
    ("options", "users", "words"),
    [({}, 1, "one in 6 s"), ({"number_rate": 0.05, "send_life_seconds": 60}, 60, "its rate allows")],
    ids=["pair", "number"],
)
async def test_what_our_own_pace_makes_late_says_so(options: dict[str, float], users: int, words: str) -> None:
    world = World(options=SETTINGS.model_copy(update={"send_life_seconds": 30, **options}))
    for number in range(60):
        await world.put(f"55110{number % users:05}", f"m{number:04}")
    await world.run(2000)
    late = [data for data in world.producer.on(TOPICS.sent) if data["verdict"] == "late"]
    assert len(late) == 60 - len(world.posts) > 5
    assert {(data["code"], data["class"]) for data in late} == {("expired", "throttle")}
    assert all(words in data["reason"] for data in late)


@pytest.mark.parametrize(("mine", "expected"), [(8, 80), (2, 20)])
async def test_a_worker_keeps_to_its_share_of_the_rate(mine: int, expected: int) -> None:
    world = World(mine=lambda: mine)
    for number in range(400):
        await world.put(f"55110{number:05}", "hello")
    await world.run(1000)
    assert len(world.posts) == 400
    for second in range(1, 400 // expected - 1):
        assert sum(second <= at < second + 1 for at, _, _ in world.posts) == pytest.approx(expected, abs=1)


async def test_complaints_about_the_rate_slow_the_number_and_every_message_arrives() -> None:
    allowed = 30.0
    level, last = [5.0], [NOW]

    def meta(user: str, text: str) -> Verdict:
        level[0] = min(5.0, level[0] + (world.clock.now - last[0]) * allowed)
        last[0] = world.clock.now
        if level[0] < 1:
            return answered(130429)
        level[0] -= 1
        return ACCEPTED

    world = World(meta)
    for number in range(600):
        await world.put(f"55110{number:05}", "hello")
    await world.run(3000)
    assert set(world.reports().values()) == {"accepted"}
    assert world.sender.counts["slowed"] >= 1
    assert len(world.posts) < 2 * 600, "not more is wasted than sent"


async def test_another_business_number_has_a_rate_of_its_own() -> None:
    world = World(options=SETTINGS.model_copy(update={"number_rate": 1.0, "sends_in_flight": 2}))
    for number in range(100):
        await world.put(f"55110{number:05}", "hello")
    await world.put("5511999999", "hello", number="77")
    await world.run(0.5)
    assert world.to("5511999999") == ["hello"]
    await world.run(200)


async def test_an_account_error_holds_everything_with_one_probe_at_a_time_and_one_alert(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = [True]
    world = World(lambda user, text: answered(190, 401) if broken[0] else ACCEPTED)
    with caplog.at_level(logging.ERROR):
        for number in range(50):
            await world.put(f"55110{number:05}", "one", "two")
        await world.put("5511999999", "hello", number="77")
        await world.run(60)
    probes = [at for at, user, _ in world.posts if at > 1 and user != "+5511999999"]
    assert [round(at) for at in probes] == [5, 15, 35]
    assert caplog.text.count("ALERT") == 2, "one for each business number"
    assert world.sender.gates.held == 51
    problem = await world.sender.gates.problem()
    assert problem is not None
    assert "Meta's error 190" in problem
    assert world.reports() == {}, "nothing is failed"
    broken[0] = False
    await world.run(120)
    assert set(world.reports().values()) == {"accepted"}
    assert len(world.reports()) == 101
    assert await world.sender.gates.problem() is None
    assert world.sender.gates.held == 0
    for number in range(50):
        tried = list(dict.fromkeys(world.to(f"55110{number:05}")))
        assert tried == ["one", "two"], "in order"


async def test_held_messages_end_late_with_their_window_or_their_time() -> None:
    world = World(lambda user, text: answered(190, 401))
    await world.put("5511000001", "by its window", window_ends=NOW + 30)
    await world.put("5511000002", "by its time")
    await world.put("5511000003", "by its own deadline", deadline=NOW + 100)
    await world.run(20)
    assert world.reports() == {}
    await world.run(15)
    assert list(world.reports()) == ["5511000001-by its window"]
    await world.run(70)
    assert list(world.reports())[1:] == ["5511000003-by its own deadline"]
    await world.run(1000)
    assert set(world.reports().values()) == {"late"}
    codes = {data["effect"]: (data["code"], data["class"]) for data in world.producer.on(TOPICS.sent)}
    assert codes["5511000001-by its window"] == ("window_closed", "permanent")
    assert codes["5511000002-by its time"] == ("190", "account")


async def test_one_message_that_meta_blames_the_account_for_does_not_stop_the_others() -> None:
    world = World(lambda user, text: answered(131005) if text == "poison" else ACCEPTED)
    await world.put("5511000001", "poison", "after it")
    for number in range(20):
        await world.put(f"55110{number:05}", "hello")
        await world.run(1)
    await world.run(100)
    reports = world.reports()
    assert reports.pop("5511000001-poison") == "refused"
    assert set(reports.values()) == {"accepted"}
    assert world.clock.now - NOW < 200


async def test_an_account_that_fails_again_loses_nothing() -> None:
    def meta(user: str, text: str) -> Verdict:
        broken = world.clock.now - NOW < 12 or 18 < world.clock.now - NOW < 60
        return answered(190, 401) if broken else ACCEPTED

    world = World(meta, SETTINGS.model_copy(update={"number_rate": 4.0}))
    for number in range(80):
        await world.put(f"55110{number:05}", "hello")
    await world.run(300)
    assert Counter(world.reports().values()) == {"accepted": 80}
    assert world.sender.counts["circuit_opened"] == 2


async def test_failed_statuses_of_the_account_hold_what_is_still_to_come() -> None:
    world = World()
    failure = Verdict(outcome="refused", code="131042", reason="payment", meaning=answered(131042).meaning)
    for name in ("x", "y"):
        world.sender.gates.status(NUMBER, name, NOW, failure)
    await world.put("5511000001", "one", "two")
    await world.put("5511000002", "three")
    await world.run(10)
    assert len(world.posts) == 1, "the probe was accepted, its status is waited for"
    world.sender.gates.status(NUMBER, "5511000001-one", NOW + 10, None)
    await world.run(5)
    assert len(world.posts) == 3
    assert set(world.reports().values()) == {"accepted"}


async def test_a_long_history_is_not_sent_again_after_a_restart_although_names_are_forgotten() -> None:
    world = World()
    await world.put("5511000001", *names(180))
    await world.run(880)
    assert world.to("5511000001") == names(180)
    world.posts.clear()
    reports = len(world.producer.on(TOPICS.sent))
    world.restart()
    await world.put_all_again()
    await world.run(1000)
    assert world.posts == []
    assert len(world.producer.on(TOPICS.sent)) == reports + 1, "only of the last one nobody knows whether it was told"
    assert len(world.acknowledged) == 360


async def test_old_failed_statuses_hold_nothing() -> None:
    world = World()
    failure = Verdict(outcome="refused", code="131042", reason="payment", meaning=answered(131042).meaning)
    for name in ("x", "y", "z"):
        world.sender.gates.status(NUMBER, name, NOW - 3600, failure)
    assert world.sender.gates.circuits.open == {}


SLOW: dict[str, Meta] = {
    "held": lambda user, text: answered(190, 401),
    "throttled": lambda user, text: answered(80007),
    "pair": lambda user, text: answered(131056),
    "failing": lambda user, text: answered(131016),
    "unreachable": lambda user, text: unreachable("no route"),
    "in doubt": lambda user, text: no_answer("TimeoutError"),
}


@pytest.mark.parametrize("meta", SLOW.values(), ids=SLOW)
async def test_a_worker_that_leaves_lets_go_of_everything_soon(meta: Meta) -> None:
    world = World(meta, SETTINGS.model_copy(update={"sends_in_flight": 20}))
    for number in range(80):
        await world.put(f"55110{number:05}", "one", "two", "three")
    await world.run(8)
    world.leaving = True
    posted = len(world.posts)
    await world.run(3)
    assert world.lanes.busy == 0
    assert len(world.posts) == posted, "and begins nothing more"
    assert world.sender.gates.requests._value == 20, "every place was given back"


@pytest.mark.parametrize("meta", SLOW.values(), ids=SLOW)
async def test_after_a_restart_nothing_is_lost_and_nothing_sent_twice(meta: Meta) -> None:
    world = World(meta)
    for number in range(30):
        await world.put(f"55110{number:05}", "one", "two", "three")
    await world.run(8)
    world.leaving = True
    await world.run(3)
    unfinished = {send.id for send in world.outbox} - set(world.reports())
    in_doubt = world.in_doubt()
    assert unfinished
    world.meta = lambda user, text: ACCEPTED
    world.posts.clear()
    world.restart()
    await world.put_all_again()
    await world.run(100)
    assert len(world.reports()) == 90
    posted = {f"{user[1:]}-{text}" for _, user, text in world.posts}
    assert posted == unfinished - in_doubt
    assert len(world.posts) == len(posted)
    assert {world.reports()[effect] for effect in unfinished - in_doubt} == {"accepted"}


ENDS = [
    ACCEPTED,
    ACCEPTED,
    ACCEPTED,
    no_answer("x"),
    unreachable("x"),
    *map(answered, (2, 190, 130429, 131056, 131026)),
]


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 8))
def test_the_laws_hold_whatever_meta_answers(seed: int, users: int, each: int) -> None:
    asyncio.run(drive(seed, users, each))


async def drive(seed: int, users: int, each: int) -> None:
    """Send in random order to a Meta that answers at random; then look at what was posted."""
    rng = random.Random(seed)
    ended: dict[str, Verdict] = {}
    again: list[str] = []

    def meta(user: str, text: str) -> Verdict:
        name = f"{user[1:]}-{text}"
        if name in ended:
            again.append(name)
        verdict = rng.choice(ENDS)
        if verdict.final:
            ended[name] = verdict
        return verdict

    world = World(meta)
    for number in range(each):
        for user in rng.sample(range(users), users):
            await world.put(f"55110{user:05}", f"m{number:04}")
        await world.run(rng.random() * 5)
    await world.run(20_000)
    assert again == [], "nothing final was posted again"
    assert world.lanes.busy == 0
    assert set(world.reports()) == {send.id for send in world.outbox}
    per_user: dict[str, list[str]] = defaultdict(list)
    for _, whom, text in world.posts:
        per_user[whom].append(text)
    assert all(texts == sorted(texts) for texts in per_user.values()), "each user in order"
    assert world.sender.gates.requests._value == SETTINGS.sends_in_flight
