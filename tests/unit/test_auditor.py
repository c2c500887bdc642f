"""Every order about a user is written down, and nothing else that comes to the router."""

from collections.abc import Sequence
from typing import Any

import pytest

from agents.auditor import Auditor
from app.core.events import ClockStruck, EndOrdered, MoveOrdered
from app.stores.audit import order_values
from app.stores.register import RegisterAway
from app.wire import read_event, read_order, write_event
from tests.unit.histories import ANA, DESK, NOW, SALES, replied, struck

MOVE = MoveOrdered(id="m", user=ANA, at=NOW, agent=DESK.id, note="secret", actor="ana", before=SALES.id)
END = EndOrdered(id="e", user=ANA, at=NOW + 1, actor="ben", before=DESK.id)


class Record:
    """A record of Kafka, as far as the auditor looks at it."""

    def __init__(self, value: bytes | None) -> None:
        self.value = value


class Store:
    """Keeps orders, or is away."""

    def __init__(self) -> None:
        self.away = False
        self.written: list[Any] = []

    async def record_orders(self, orders: Sequence[MoveOrdered | EndOrdered]) -> None:
        if self.away:
            raise RegisterAway("PostgreSQL did not answer within 5 s")
        self.written += orders


async def test_orders_are_recorded_and_nothing_else() -> None:
    store = Store()
    auditor = Auditor(store)
    others = [
        write_event(struck(1, NOW)),
        write_event(replied("hi", 1)),
        b"{",
        b"[]",
        b'{"kind": "move_ordered"}',
        None,
    ]
    records = [Record(value) for value in (*others, write_event(MOVE), write_event(END))]
    await auditor.handle(records)
    assert store.written == [MOVE, END]
    assert auditor.counts["recorded"] == 2


async def test_a_batch_without_orders_does_not_need_postgres() -> None:
    store = Store()
    store.away = True
    await Auditor(store).handle([Record(write_event(struck(1, NOW)))])
    with pytest.raises(RegisterAway):
        await Auditor(store).handle([Record(write_event(END))])


def test_what_is_written_down_names_who_what_whom_and_from_where_to_where() -> None:
    assert order_values(MOVE) == (NOW, "ana", "move", ANA.key, SALES.id, DESK.id, "m")
    assert order_values(END) == (NOW + 1, "ben", "end", ANA.key, DESK.id, None, "e")
    assert "secret" not in order_values(MOVE)


@pytest.mark.parametrize("order", [MOVE, END])
def test_an_order_from_before_the_audit_is_read(order: MoveOrdered | EndOrdered) -> None:
    record = write_event(order).replace(b',"actor":"ana"', b"").replace(b',"actor":"ben"', b"")
    record = record.replace(f',"before":{order.before}'.encode(), b"")
    found = read_order(record)
    assert found is not None and (found.id, found.actor, found.before) == (order.id, "", None)


def test_an_order_is_read_as_it_was_written() -> None:
    assert read_event(write_event(MOVE)) == MOVE and read_event(write_event(END)) == END
    assert read_order(write_event(ClockStruck(id="c", user=ANA, at=NOW))) is None
