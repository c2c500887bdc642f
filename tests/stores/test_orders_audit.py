"""The audit of orders about users on a real PostgreSQL."""

import tempfile
from pathlib import Path

from pydantic import SecretStr

from app.core.events import EndOrdered, MoveOrdered
from app.core.identity import User
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.stores.register import RegisterStore


async def test_an_order_about_a_user_is_written_down_once() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="orders-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        server = Postgres(free_port(), Path(name) / "postgres")
        await server.start()
        store = RegisterStore(SecretStr(server.dsn))
        try:
            await _written_down_once(store)
        finally:
            await store.close()
            await server.stop()


async def _written_down_once(store: RegisterStore) -> None:
    user = User.at("106", "5511999990000", None, "Ana")
    move = MoveOrdered(id="m", user=user, at=1_790_000_000.5, agent=2, note="secret", actor="ana", before=1)
    end = EndOrdered(id="e", user=user, at=1_790_000_001.0, actor="ben", before=None)
    await store.record_orders([move, end])
    await store.record_orders([move])
    first = {"actor": "ben", "action": "end", "user": user.key, "from": None, "to": None, "order": "e"}
    second = {"actor": "ana", "action": "move", "user": user.key, "from": 1, "to": 2, "order": "m"}
    found = await store.orders(10)
    assert [{name: row[name] for name in row if name not in ("id", "at")} for row in found] == [first, second]
    assert [row["at"] for row in found] == [1_790_000_001.0, 1_790_000_000.5]
    assert await store.orders(1) == found[:1]
    assert "secret" not in str(found)
