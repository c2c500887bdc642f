"""The gates: what waits holds nothing that others need, and what leaves gives back what it held."""

import asyncio
from dataclasses import replace

import pytest

from app.core.circuits import STATUS_SECONDS, circuits_of
from app.core.identity import User
from app.core.verdicts import Verdict
from app.lease import NotOurs
from app.sending.gates import Gates, Passenger
from tests.unit.histories import DAY, NOW
from tests.unit.sender_bench import ACCEPTED, SETTINGS, Bench, answered
from tests.unit.sending_world import NUMBER, World

TOKEN = answered(190, 401)
SPAM = answered(131048)
TEXT = Passenger(id="t1", key="ana", number=NUMBER, ends=NOW + DAY)
TEMPLATE = replace(TEXT, id="m1", key="bia", is_template=True)


class Watched(World):
    """A world that looks, whenever time passes, whether a probe is on its way to Meta."""

    def __init__(self, *arguments: object, **more: object) -> None:
        self.flying: set[str] = set()
        super().__init__(*arguments, **more)  # type: ignore[arg-type]

    async def send(self, phone_number_id: str, body: dict[str, object]) -> Verdict:
        """Be Meta, and know what is on its way."""
        effect = f"{str(body['to'])[1:]}-{body['text']['body']}"  # type: ignore[index]
        self.flying.add(effect)
        try:
            return await super().send(phone_number_id, body)
        finally:
            self.flying.discard(effect)

    def look(self) -> bool:
        """Never stops; fails when a message that waits has the probe."""
        for circuit in self.sender.gates.circuits.open.values():
            assert circuit.probe is None or circuit.probe in self.flying, f"{circuit.probe} waits with the probe"
        return False


async def test_who_waits_for_their_own_pace_is_not_the_probe() -> None:
    world = Watched()
    gates, slow = world.sender.gates, User.at(NUMBER, "5511000001", None)
    gates.circuits.refused(NUMBER, "x", NOW, "190", "token")
    for _ in range(4):
        gates.pairs.of(slow.key, NOW).complained(NOW)
    await world.run(6)
    world.clock.now = NOW + 6
    await world.put("5511000001", "slow")
    await world.run(1, world.look)
    await world.put("5511000002", "hello")
    await world.run(2, world.look)
    assert world.reports() == {"5511000002-hello": "accepted"}
    await world.run(100, world.look)
    assert world.reports()["5511000001-slow"] == "accepted"


@pytest.mark.parametrize("rate", [0.5, 4.0, 80.0])
async def test_who_waits_in_the_queue_of_the_number_is_not_the_probe(rate: float) -> None:
    now = [0.0]
    world = Watched(
        lambda user, text: TOKEN if now[0] < 40 else ACCEPTED, SETTINGS.model_copy(update={"number_rate": rate})
    )

    def busy() -> bool:
        now[0] = world.clock.now - NOW
        if now[0] < 30 and int(now[0] * 10) % 40 == 0:
            # What users write uses up the rate just then.
            world.sender.gates.received(NUMBER, world.clock.now)
        return world.look()

    for number in range(40):
        await world.put(f"55110{number:05}", "one", "two")
    await world.run(600, busy)
    assert list(world.reports().values()) == ["accepted"] * 80


async def test_a_held_message_goes_back_from_the_head_of_the_queue() -> None:
    bench = Bench()
    gates = bench.sender.gates
    gates.circuits.refused(circuits_of(NUMBER, is_template=True)[1], "x", NOW, "131048", "spam")
    waiting = asyncio.create_task(_enter(gates, TEMPLATE))
    await asyncio.sleep(0)
    assert await _enter(gates, TEXT), "templates are held, and a text is none"
    assert gates.clock() - NOW < 5
    assert await waiting


@pytest.mark.parametrize(
    ("between", "held"),
    [(TEXT, True), (replace(TEMPLATE, id="before"), True), (replace(TEMPLATE, id="since"), False)],
    ids=lambda one: one.id if isinstance(one, Passenger) else "",
)
async def test_only_a_good_status_of_a_template_posted_since_clears_the_templates_of_a_suspicion(
    between: Passenger, held: bool
) -> None:
    gates, templates = Bench().sender.gates, circuits_of(NUMBER, is_template=True)[1]
    await _enter(gates, replace(TEMPLATE, id="before"))
    gates.status(NUMBER, "failed 1", NOW, SPAM)
    await _enter(gates, TEXT)
    await _enter(gates, replace(TEMPLATE, id="since"))
    gates.status(NUMBER, between.id, NOW, None)
    gates.status(NUMBER, "failed 2", NOW, SPAM)
    assert list(gates.circuits.open) == ([templates] if held else [])


async def _enter(gates: Gates, who: Passenger) -> bool:
    with gates.visit(who) as visit:
        return await visit.enter()


async def test_a_template_that_is_held_does_not_take_the_probe_of_the_number() -> None:
    bench = Bench()
    gates, (number, templates) = bench.sender.gates, circuits_of(NUMBER, is_template=True)
    gates.circuits.refused(number, "x", NOW, "190", "token")
    bench.now += 5
    gates.circuits.refused(templates, "y", bench.now, "131048", "spam")
    with gates.visit(TEMPLATE) as held:
        assert held._held_for() > 0
        assert gates.circuits.open[number].probe is None
        with gates.visit(TEXT) as free:
            assert await free.enter()
            assert gates.circuits.open[number].probe == TEXT.id
            assert gates.circuits.open[templates].probe is None
    assert gates.clock() - NOW == 5, "and at once"


@pytest.mark.parametrize("error", [asyncio.CancelledError, NotOurs, RuntimeError])
async def test_whatever_ends_a_message_gives_back_what_it_held(error: type[BaseException]) -> None:
    bench = Bench()
    gates = bench.sender.gates
    gates.circuits.refused(NUMBER, "x", NOW, "190", "token")
    places = gates.requests._value
    with pytest.raises(error), gates.visit(TEXT) as visit:
        assert await visit.enter()
        assert gates.circuits.open[NUMBER].probe == TEXT.id
        assert gates.requests._value == places - 1
        raise error("over")
    assert gates.circuits.open[NUMBER].probe is None
    assert gates.requests._value == places
    assert not gates.rate_of(NUMBER)[1].locked()


async def test_a_message_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    bench = Bench(settings=SETTINGS.model_copy(update={"number_rate": 0.01}))
    gates = bench.sender.gates
    assert await _enter(gates, TEXT)
    waiting = [asyncio.create_task(_enter(gates, replace(TEXT, id=f"t{n}", key=f"u{n}"))) for n in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert gates.requests._value == SETTINGS.sends_in_flight
    assert not gates.rate_of(NUMBER)[1].locked()
    assert gates.held == 0


async def test_a_worker_that_leaves_lets_go_of_what_is_held() -> None:
    bench = Bench()
    gates = bench.sender.gates
    gates.circuits.refused(NUMBER, "x", NOW, "190", "token")
    gates.circuits.claim(NUMBER, "elsewhere")
    waiting = asyncio.create_task(_enter(gates, TEXT))
    for _ in range(5):
        await asyncio.sleep(0)
    assert gates.held == 1
    bench.leaving = True
    with pytest.raises(NotOurs):
        await waiting
    assert gates.held == 0


async def test_numbers_that_wait_for_their_rate_hold_no_place() -> None:
    options = SETTINGS.model_copy(update={"number_rate": 0.2, "sends_in_flight": 2})
    world = World(options=options)
    for number in ("71", "72", "73"):
        for user in range(5):
            await world.put(f"55{number}{user:05}", "hello", number=number)
    await world.run(1)
    await world.put("5511999999", "hello", number="77")
    await world.run(1)
    assert world.to("5511999999") == ["hello"]
    await world.run(100)
    assert set(world.reports().values()) == {"accepted"}


async def test_more_numbers_than_places_take_turns() -> None:
    world = World(options=SETTINGS.model_copy(update={"sends_in_flight": 1}))
    for number in range(8):
        for user in range(10):
            await world.put(f"551{number}{user:05}", "hello", number=f"7{number}")
    await world.run(30)
    assert list(world.reports().values()) == ["accepted"] * 80
    assert world.sender.gates.requests._value == 1


async def test_what_is_remembered_of_an_open_circuit_is_bounded() -> None:
    world = World(lambda user, text: TOKEN)
    for number in range(300):
        await world.put(f"55110{number:05}", "hello")
    await world.run(2000)
    assert set(world.reports().values()) == {"late"}
    assert world.sender.gates.circuits.open[NUMBER].blamed == set()


async def test_a_failing_account_and_failing_templates_stop_only_themselves() -> None:
    bench = Bench()
    gates = bench.sender.gates
    with gates.visit(TEMPLATE) as visit:
        assert await visit.enter()
        visit.learn(SPAM, bench.now)
    gates.circuits.refused("77", "x", NOW, "190", "token")
    assert await _enter(gates, TEXT)
    assert bench.now == NOW
    assert sorted(gates.circuits.open) == [f"{NUMBER}/templates", "77"]


@pytest.mark.parametrize(
    ("who", "answer", "proves"),
    [
        (TEXT, ACCEPTED, True),
        (TEXT, answered(131026), False),
        (replace(TEXT, is_note=True), ACCEPTED, False),
    ],
)
async def test_what_brings_no_status_does_not_clear_an_account_that_failed_by_status(
    who: Passenger, answer: Verdict, proves: bool
) -> None:
    bench = Bench()
    gates = bench.sender.gates
    for name in ("x", "y"):
        gates.circuits.failed(NUMBER, name, NOW, "131042", "payment")
    with gates.visit(who) as visit:
        assert await visit.enter()
        visit.learn(answer, bench.now)
    bench.now += STATUS_SECONDS + 1
    assert gates.circuits.lapsed(NUMBER, bench.now) is proves
    assert gates.circuits.wait(NUMBER, "another", bench.now) == 0, "the next may try"
