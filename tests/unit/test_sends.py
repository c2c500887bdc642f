"""The table `sends`: how far a message got, also for those whose names are forgotten, and never less than that."""

import orjson
import pytest

from tables.sends import KEPT, PASSED, STARTED, WAITING, Sends
from tests.unit.stream import Message
from tests.unit.table import DictApp

KEY = b"ana"


@pytest.fixture
def app() -> DictApp:
    """The app behind the table."""
    return DictApp()


@pytest.fixture
def sends(app: DictApp) -> Sends:
    """The table."""
    return Sends(app, 8)


def record(offset: int, at: float = 1000.0) -> Message:
    """A record of the outbox."""
    return Message(b"", KEY, offset=offset, timestamp=at)


async def test_a_message_goes_through_its_stages(sends: Sends) -> None:
    assert sends.stage(KEY, "e1", record(5)) is None
    for stage in (STARTED, WAITING, STARTED):
        await sends.note(KEY, "e1", stage)
        assert sends.stage(KEY, "e1", record(5)) == stage
    await sends.note(KEY, "e1", "accepted", record(5))
    assert sends.stage(KEY, "e1", record(5)) == "accepted"
    assert sends.stage(b"somebody", "e1", record(5)) is None


async def test_what_lies_before_a_finished_message_is_finished_also_when_its_name_is_forgotten(sends: Sends) -> None:
    for number in range(3 * KEPT):
        await sends.note(KEY, f"e{number}", "accepted", record(number, 1000.0 + number % 7))
    assert sends.stage(KEY, "e0") is None
    assert sends.stage(KEY, "e0", record(0, 1000.0)) == PASSED
    assert sends.stage(KEY, f"e{3 * KEPT - 1}", record(3 * KEPT - 1)) == "accepted"
    assert sends.stage(KEY, "new", record(3 * KEPT)) is None
    assert sends.stage(b"somebody", "e0", record(0)) is None


async def test_only_the_last_finished_one_may_not_have_been_reported(sends: Sends) -> None:
    for number in range(3):
        await sends.note(KEY, f"e{number}", "accepted", record(number))
    assert [sends.stage(KEY, f"e{number}", record(number)) for number in range(3)] == [PASSED, PASSED, "accepted"]
    assert sends.stage(KEY, "e0", record(9)) == "accepted", "the same message once more, in a record of its own"


async def test_a_topic_made_again_begins_anew(sends: Sends) -> None:
    await sends.note(KEY, "e1", "accepted", record(900, at=1000.0))
    assert sends.stage(KEY, "new", record(3, at=2000.0)) is None, "an earlier place, but a later time"


@pytest.mark.parametrize("stage", [STARTED, WAITING])
async def test_what_is_not_finished_is_never_forgotten(sends: Sends, stage: str) -> None:
    await sends.note(KEY, "e-first", stage)
    for number in range(3 * KEPT):
        await sends.note(KEY, f"e{number}", "refused")
    assert sends.stage(KEY, "e-first", record(0)) == stage


async def test_its_name_counts_more_than_its_place(sends: Sends) -> None:
    await sends.note(KEY, "e1", STARTED)
    await sends.note(KEY, "e2", "accepted", record(9))
    assert sends.stage(KEY, "e1", record(3)) == STARTED, "in doubt, and not yet told"


async def test_a_users_record_stays_small(app: DictApp, sends: Sends) -> None:
    for number in range(1000):
        await sends.note(KEY, f"{number:020x}", "accepted", record(number))
    assert len(app.values[KEY]) < 4096


async def test_a_row_of_the_version_before_is_read(app: DictApp, sends: Sends) -> None:
    app.values[KEY] = orjson.dumps({"e1": "accepted", "e2": STARTED})
    assert sends.stage(KEY, "e1", record(1)) == "accepted"
    assert sends.stage(KEY, "e2", record(2)) == STARTED
    await sends.note(KEY, "e2", "accepted", record(2))
    assert orjson.loads(app.values[KEY])["stages"] == {"e1": "accepted", "e2": "accepted"}


@pytest.mark.parametrize("stage", [STARTED, WAITING])
async def test_what_is_finished_is_never_begun_again(sends: Sends, stage: str) -> None:
    await sends.note(KEY, "e1", "accepted")
    await sends.note(KEY, "e1", stage)
    assert sends.stage(KEY, "e1") == "accepted"
