"""What agents read when two users turn out to be one: which keys the user had, once, from whoever needs to know."""

from app.core.effects import Effect, TellAgent
from app.core.events import ClockStruck
from app.core.identity import User
from app.core.state import Window
from tests.unit.histories import DAY, NOW, SALES
from tests.unit.names_world import (
    BUSINESS,
    FIRST,
    NEW,
    OLD,
    SECOND,
    STRANGE,
    World,
    by_system,
    key,
    replied,
    wrote,
)
from tests.unit.test_contract import check

BOTH, RENEWED = (OLD, FIRST), (NEW, SECOND)


def told(effects: list[Effect], topic: str = SALES.read_topic) -> list[tuple[str, str, list[str] | None]]:
    """Of the records on a topic: type, user and `joined`."""
    found = [effect.record for effect in effects if isinstance(effect, TellAgent) and effect.topic == topic]
    for record in found:
        check("agent-in", record)
    return [(record["type"], record["user"], record.get("joined")) for record in found]


def test_the_agent_with_both_users_reads_that_they_are_one() -> None:
    world = World()
    world.then(wrote(1, *BOTH), wrote(2, *BOTH, text="sales"), wrote(3, *RENEWED), wrote(4, *RENEWED, text="sales"))
    effects = world.then(by_system(5))
    assert ("system", key(OLD), [key(NEW)]) in told(effects)
    (record,) = [effect.record for effect in effects if isinstance(effect, TellAgent) and effect.record.get("joined")]
    content = {"change": "user_joined", "before": {"phone": NEW, "user_id": SECOND}}
    assert record["content"] | content == record["content"]
    assert record["user_wrote_at"] == NOW + 4


def test_the_agent_whose_user_gets_another_key_reads_which() -> None:
    world = World()
    world.then(wrote(1, *BOTH), wrote(3, *RENEWED), wrote(4, *RENEWED, text="sales"))
    assert ("system", key(OLD), [key(NEW)]) in told(world.then(by_system(5)))


def test_an_agent_with_the_elder_user_alone_is_not_troubled() -> None:
    world = World()
    world.then(wrote(1, *BOTH), wrote(2, *BOTH, text="sales"), wrote(3, *RENEWED))
    assert [one for one in told(world.then(by_system(5))) if one[2]] == []


def test_whoever_the_user_chooses_later_reads_the_keys_they_had() -> None:
    world = World()
    world.then(wrote(1, *BOTH), wrote(3, *RENEWED), wrote(4, *RENEWED, text="sales"), wrote(5, *RENEWED, text="#exit"))
    assert [one for one in told(world.then(by_system(6))) if one[2]] == []
    assert ("initial", key(OLD), [key(NEW)]) in told(world.then(wrote(7, *RENEWED, text="sales")))


def test_a_repeated_join_tells_nothing_new() -> None:
    world = World()
    world.then(wrote(1, *BOTH), wrote(2, *BOTH, text="sales"), wrote(3, *RENEWED), wrote(4, *RENEWED, text="sales"))
    world.put(by_system(5))
    world.settle()
    window = world.states[key(OLD)].window
    assert window is not None and window.joined == (key(NEW),)
    assert Window.from_dict(window.to_dict()) == window
    old = {name: value for name, value in window.to_dict().items() if name != "joined"}
    assert Window.from_dict(old).joined == ()


def test_a_key_that_somebody_else_has_meanwhile_is_not_said_to_be_the_users() -> None:
    world = World()
    world.then(wrote(1, None, FIRST), wrote(2, OLD, None), wrote(3, OLD, FIRST))
    assert world.states[key(FIRST)].window.joined == (key(OLD),)  # type: ignore[union-attr]
    # Sales keeps writing to her in vain: her home stays, the way to it from her number is forgotten.
    for day in range(1, 12):
        strike = ClockStruck(id=f"{day}", user=User(key=key(OLD), phone_number_id=BUSINESS), at=NOW + day * DAY)
        world.then(replied(int(day * DAY), user=key(FIRST)), strike)
    late = int(12 * DAY)
    world.then(wrote(late, OLD, STRANGE), wrote(late + 1, OLD, STRANGE, text="sales"))
    assert world.home(OLD) == key(OLD), "it is the stranger's now"
    effects = world.then(wrote(late + 5, None, FIRST), wrote(late + 6, None, FIRST, text="sales"))
    assert ("initial", key(FIRST), None) in told(effects)
