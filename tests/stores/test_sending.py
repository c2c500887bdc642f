"""The sender against the simulator: what its switches answer, and what becomes of the message and the agent's record.

Requests are real; only the waits between them pass in no time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from app.core.decide import decide
from app.core.effects import Send, TellAgent
from app.core.identity import User
from app.core.rates import BURST_SECONDS, PAIR_BURST, PAIR_SECONDS
from app.core.state import State
from app.stores.token_file import TokenFile
from app.whatsapp.graph import GraphClient, Token
from app.whatsapp.inbound import read_item
from tests.unit.error_table import Row, rows
from tests.unit.histories import DAY, NOW, REGISTER, RULES, SALES
from tests.unit.sender_bench import SEND, Bench
from tests.web.simulator_support import NUMBER_ID, TOKEN, running_bench
from tests.web.simulator_support import Bench as Simulator


class Scene:
    """A phone that has written, and a sender; simulator and sender have one clock."""

    def __init__(self, simulator: Simulator, bench: Bench, phone: dict[str, Any]) -> None:
        self.simulator = simulator
        self.phone = phone
        self.bench = bench
        self.user = User.at(NUMBER_ID, phone["wa_id"], None)

    async def switch(self, **switches: Any) -> None:
        """Turn faults of the simulator on or off."""
        await self.simulator.call("PATCH", "/sim/switches", switches)

    def message(self, number: int = 1, user: User | None = None, **more: Any) -> Send:
        """A message of the agent Sales."""
        content = {"kind": "text", "text": f"message {number}"}
        return replace(SEND, id=f"e{number}", user=user or self.user, message=content, ref=None, **more)

    async def posts(self) -> list[tuple[int | None, int]]:
        """Code and HTTP status of every answer so far."""
        answer = await self.simulator.call("GET", "/sim/graph-log")
        return [(call["code"], call["http_status"]) for call in answer["calls"]]

    async def received(self) -> list[str]:
        """The texts on the phone."""
        return [one["text"] for one in await self.simulator.messages(self.phone) if one["direction"] == "in"]

    def record(self) -> dict[str, Any]:
        """The agent's error record about the one report."""
        (effect,) = decide(State(), self.bench.finished(), NOW, REGISTER, RULES).effects
        assert isinstance(effect, TellAgent)
        assert effect.topic == SALES.error_topic
        return effect.record


@asynccontextmanager
async def scene(token: Token | None = None, seconds: float = 5.0) -> AsyncIterator[Scene]:
    """A simulator, a phone that has just written, and a sender that waits `seconds` for an answer."""
    clock: list[Bench] = []
    async with running_bench(clock=lambda: clock[0].now if clock else NOW) as simulator:
        client = GraphClient(simulator.url, "v25.0", token or SecretStr(TOKEN), seconds, 10)
        try:
            clock.append(Bench(meta=client))
            phone = await simulator.user()
            await simulator.write(phone)
            yield Scene(simulator, clock[0], phone)
        finally:
            await client.close()


@pytest.mark.parametrize(
    ("code", "http_status", "verdict", "kind", "tries"),
    [
        (131016, 503, "refused", "retry", 4),
        (1, 400, "refused", "retry", 3),
        (131057, 400, "refused", "retry", 4),
        (134101, 400, "late", "retry", 2),
        (130429, 400, "late", "throttle", None),
        (80007, 400, "late", "throttle", None),
        (131056, 400, "late", "throttle", 6),
        (131026, 400, "refused", "user", 1),
        (131026, 429, "late", "throttle", None),
        (131047, 400, "refused", "permanent", 1),
        (131009, 400, "refused", "payload", 1),
        (135000, 400, "refused", "payload", 2),
        (190, 401, "late", "account", 18),
        (131042, 400, "late", "account", 18),
        (131030, 400, "refused", "account", 1),
        (424242, 400, "refused", "permanent", 3),
    ],
)
async def test_a_code_that_stays(code: int, http_status: int, verdict: str, kind: str, tries: int | None) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code, "http_status": http_status}])
        await s.bench.handle(s.message())
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == (str(code), verdict, kind)
        assert f"(Meta's error {code})" in record["text"]
        posts = await s.posts()
        assert set(posts) == {(code, http_status)}
        assert len(posts) == tries if tries is not None else len(posts) > 5
        assert s.bench.now <= NOW + 900
        assert await s.received() == []


@pytest.mark.parametrize("row", list(rows()), ids=str)
async def test_each_code_of_metas_table(row: Row) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": row.code}])
        await s.bench.handle(s.message())
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == (str(row.code), row.verdict, row.kind)
        assert f"(Meta's error {row.code})" in record["text"]
        posts = await s.posts()
        assert {code for code, _ in posts} == {row.code}
        assert len(posts) == row.tries if row.tries is not None else len(posts) > len(row.times)
        assert await s.received() == []


@pytest.mark.parametrize("code", [2, 130429, 131056, 131057, 190, 131031, 424242])
async def test_a_code_that_passes(code: int) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code, "count": 2}])
        await s.bench.handle(s.message())
        assert s.bench.finished().verdict == "accepted"
        assert await s.received() == ["message 1"]
        assert [code for code, _ in await s.posts()] == [code, code, None]


async def test_190_then_new_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "token"
    file.write_text("hidden-old")
    now: list[float] = [NOW]
    async with scene(TokenFile(file, lambda: now[0])) as s:
        gates = s.bench.sender.gates

        async def renew(seconds: float) -> None:
            await wait(seconds)
            now[0] = s.bench.now
            if s.bench.now > NOW + 100:
                file.write_text(TOKEN)

        wait, gates.sleep = gates.sleep, renew
        await s.bench.handle(s.message(1))
        await s.bench.handle(s.message(2))
        assert await s.received() == ["message 1", "message 2"]
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert {code for code, _ in await s.posts()} == {190, None}
        assert await gates.problem() is None
        assert (s.bench.sender.counts["circuit_opened"], s.bench.sender.counts["circuit_closed"]) == (1, 1)
    assert caplog.text.count("ALERT") == 1
    assert "hidden-old" not in caplog.text
    assert TOKEN not in caplog.text


async def test_an_expired_token_holds_messages_until_it_is_renewed() -> None:
    async with scene() as s:
        await s.switch(token_expired=True)
        renewed = NOW + 100

        async def renew(seconds: float) -> None:
            await wait(seconds)
            if s.bench.now > renewed:
                await s.switch(token_expired=False)

        gates = s.bench.sender.gates
        wait, gates.sleep = gates.sleep, renew
        await s.bench.handle(s.message(1))
        await s.bench.handle(s.message(2))
        assert await s.received() == ["message 1", "message 2"]
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert await gates.problem() is None


async def test_the_pace_towards_a_user_is_kept_and_meta_never_complains() -> None:
    async with scene() as s:
        await s.switch(pair_rate=True)
        for number in range(60):
            await s.bench.handle(s.message(number))
        assert {code for code, _ in await s.posts()} == {None}
        assert s.bench.now - NOW == pytest.approx((60 - PAIR_BURST) * PAIR_SECONDS, abs=1)


async def test_the_rate_of_the_business_number_is_kept_and_meta_never_complains() -> None:
    async with scene() as s:
        await s.switch(throughput_per_second=80)
        others = [await s.simulator.user(f"Bia {number}") for number in range(3)]
        users = [s.user, *(User.at(NUMBER_ID, phone["wa_id"], None) for phone in others)]
        for phone in others:
            await s.simulator.write(phone)
        for number in range(160):
            await s.bench.handle(s.message(number, users[number % 4]))
        assert {code for code, _ in await s.posts()} == {None}
        assert s.bench.now - NOW == pytest.approx((160 - 80 * BURST_SECONDS) / 80, abs=0.2)


async def test_what_another_program_used_up_is_waited_for() -> None:
    async with scene() as s:
        await s.switch(pair_rate=True)
        for number in range(45):
            await s.simulator.send_text(s.phone, f"another program {number}")
        await s.bench.handle(s.message())
        assert s.bench.finished().verdict == "accepted"
        # After 1, 4 and 16 seconds; by then Meta has let enough time pass.
        assert [code for code, _ in await s.posts()][45:] == [131056, 131056, 131056, None]
        assert s.bench.now - NOW == pytest.approx(21)


@pytest.mark.parametrize(
    ("code", "kind"), [(131026, "user"), (131042, "account"), (131053, "payload"), (7, "permanent")]
)
async def test_a_failed_status_tells_the_agent_what_an_answer_would(code: int, kind: str) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code, "as_status": True}])
        await s.bench.handle(s.message())
        wamid = s.bench.finished().message_id
        assert wamid is not None
        await s.simulator.webhook.until(lambda: "failed" in s.simulator.webhook.statuses(wamid))
        (body,) = [post.raw for post in s.simulator.webhook.received if b'"failed"' in post.raw]
        happened = read_item(_item_of(body))
        (effect,) = decide(State(), happened, NOW, REGISTER, RULES).effects  # type: ignore[arg-type]
        assert isinstance(effect, TellAgent)
        assert (effect.record["code"], effect.record["class"]) == (str(code), kind)
        assert f"(Meta's error {code})" in effect.record["text"]


def _item_of(body: bytes) -> bytes:
    (entry,) = orjson.loads(body)["entry"]
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


async def test_a_message_whose_own_deadline_is_over_is_late() -> None:
    async with scene() as s:
        await s.bench.handle(s.message(deadline=NOW - 1, window_ends=NOW + DAY))
        record = s.record()
        assert (record["verdict"], record["code"], record["class"]) == ("late", "expired", "permanent")
        assert await s.posts() == []
