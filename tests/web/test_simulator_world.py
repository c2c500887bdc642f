"""What the fake WhatsApp remembers: ticks that only rise, and journals that stay within their limit."""

from web.simulator import SimulatorConfig
from web.simulator.users import NewUser
from web.simulator.world import Direction, Message, World


def make_world(limit: int = 100) -> World:
    config = SimulatorConfig(
        webhook_url="http://127.0.0.1/webhook",
        access_token="t",
        app_secrets=("s",),
        phone_number_id="1",
        display_phone_number="2",
        starting_phones=("Ana",),
        journal_limit=limit,
        clock=lambda: 1_800_000_000.0,
    )
    return World(config)


def add(world: World, wamid: str, direction: Direction = "in") -> Message:
    return world.add_message(world.users["u1"], direction, wamid=wamid, type="text", text="x", raw={})


def test_ticks_only_rise() -> None:
    world = make_world()
    message = add(world, "wamid.A")
    seen = []
    for status in ("sent", "read", "delivered", "sent", "read"):
        world.set_status(message, status)
        seen.append(message.status)
    assert seen == ["sent", "read", "read", "read", "read"]


def test_a_read_tick_stays_when_the_webhook_answers_later() -> None:
    world = make_world()
    message = add(world, "wamid.A", "out")
    world.mark_read(world.users["u1"], message)
    world.set_status(message, "accepted")
    assert message.status == "read"


def test_the_oldest_is_forgotten_beyond_the_limit() -> None:
    world = make_world(limit=10)
    for number in range(50):
        add(world, f"wamid.{number}")
    kept = world.transcript(world.users["u1"], "1").entries
    assert 10 <= len(kept) <= 11
    assert kept[-1].wamid == "wamid.49"
    assert world.find_message("wamid.49") is not None
    assert world.find_message("wamid.0") is None


def test_numbers_rise_over_all_journals_and_a_reset() -> None:
    world = make_world()
    first = add(world, "wamid.A").seq
    world.reset()
    user = world.add_user(NewUser(name="Bruno"))
    later = world.add_message(user, "in", wamid="wamid.B", type="text", text="x", raw={})
    assert later.seq > first
    assert "u1" not in world.users
