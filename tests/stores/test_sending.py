"""The sender against the simulator: what its switches answer, and what becomes of the message and the agent's record.

Requests are real; only the waits between them pass in no time.
"""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.core.decide import decide
from app.core.effects import Send, TellAgent
from app.core.identity import User
from app.core.rates import BURST_SECONDS, PAIR_BURST, PAIR_SECONDS
from app.core.state import State
from app.embedded.ports import free_port
from app.whatsapp.inbound import read_item
from tests.stores.sending_scene import Scene, scene
from tests.unit.error_table import Row, rows
from tests.unit.histories import DAY, NOW, REGISTER, RULES
from tests.unit.sender_bench import TOPICS
from tests.unit.stream import Event, Message
from tests.web.simulator_support import NUMBER_ID

TEMPLATES_ONLY = [131048, 131063, 131064, 134102]
"""What concerns the templates of a business number alone."""


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


LINKED = {"kind": "image", "image": {"link": "https://example.org/shop.png"}}
TEMPLATE = {"kind": "template", "name": "hello_world", "language": "en_US"}


async def test_a_link_that_stays_out_of_metas_reach_is_tried_three_times() -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": 131053}])
        await s.bench.handle(replace(s.message(), message=LINKED))
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == ("131053", "refused", "payload")
        assert [code for code, _ in await s.posts()] == [131053] * 3
        assert s.bench.now - NOW == pytest.approx(3 + 5)
        assert await s.received() == []


async def test_a_link_that_comes_back_into_reach_is_sent() -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": 131053, "count": 2}], fetch_links=False)
        await s.bench.handle(replace(s.message(), message=LINKED))
        assert s.bench.finished().verdict == "accepted"
        assert [code for code, _ in await s.posts()] == [131053, 131053, None]


@pytest.mark.parametrize("code", TEMPLATES_ONLY)
async def test_a_template_is_held_for_an_error_of_templates_and_late_in_the_end(code: int) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code}])
        await s.bench.handle(replace(s.message(), message=TEMPLATE))
        record = s.record()
        assert (record["code"], record["verdict"], record["class"]) == (str(code), "late", "account")
        assert f"(Meta's error {code})" in record["text"]
        assert [posted for posted, _ in await s.posts()] == [code] * 18
        assert await s.received() == []


@pytest.mark.parametrize("code", TEMPLATES_ONLY)
async def test_texts_of_the_number_leave_while_its_templates_are_held(code: int) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code, "count": 3, "to": s.phone["wa_id"]}])
        bia = await s.simulator.user("Bia")
        await s.simulator.write(bia)
        gates, told = s.bench.sender.gates, asyncio.Event()

        async def wait(seconds: float) -> None:
            if gates.circuits.open:
                await told.wait()
            await real(seconds)

        real, gates.sleep = gates.sleep, wait
        async with asyncio.timeout(20):
            held = asyncio.create_task(s.bench.handle(replace(s.message(1), message=TEMPLATE)))
            while not gates.circuits.open:
                await asyncio.sleep(0.01)
            assert list(gates.circuits.open) == [f"{NUMBER_ID}/templates"]
            await s.bench.handle(s.message(2, User.at(NUMBER_ID, bia["wa_id"], None)))
            assert not held.done()
            told.set()
            await held
        assert [event.verdict for event in s.bench.all_finished()] == ["accepted", "accepted"]
        assert [posted for posted, _ in await s.posts()] == [code, None, code, code, None]


async def test_templates_that_fail_by_status_are_held_although_texts_of_the_number_arrive_in_between() -> None:
    async with scene() as s:
        bia = await s.simulator.user("Bia")
        await s.switch(errors=[{"code": 131048, "as_status": True, "to": bia["wa_id"]}])
        gates = s.bench.sender.gates
        for number in (1, 2):
            assert gates.circuits.open == {}
            template = s.message(10 + number, User.at(NUMBER_ID, bia["wa_id"], None))
            await _sent_and_told(s, replace(template, message=TEMPLATE), "failed")
            await _sent_and_told(s, s.message(number), "delivered")
        assert list(gates.circuits.open) == [f"{NUMBER_ID}/templates"]


async def _sent_and_told(s: Scene, send: Send, last: str) -> None:
    """Let a message leave, and the sender read its statuses up to the last one."""
    webhook = s.simulator.webhook
    await s.bench.handle(send)
    wamid = s.bench.all_finished()[-1].message_id
    assert wamid is not None
    await webhook.until(lambda: last in webhook.statuses(wamid))
    for body in [post.raw for post in webhook.received if wamid.encode() in post.raw]:
        await s.bench.sender.settle(Event(Message(_item_of(body), send.user.key.encode(), TOPICS.webhook)))


@pytest.mark.parametrize("code", [2, 130429, 131056, 131057, 190, 131031, 424242])
async def test_a_code_that_passes(code: int) -> None:
    async with scene() as s:
        await s.switch(errors=[{"code": code, "count": 2}])
        await s.bench.handle(s.message())
        assert s.bench.finished().verdict == "accepted"
        assert await s.received() == ["message 1"]
        assert [code for code, _ in await s.posts()] == [code, code, None]


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
        record = await _told_of_failure(s)
        assert (record["code"], record["class"]) == (str(code), kind)
        assert f"(Meta's error {code})" in record["text"]


async def test_a_link_that_leads_nowhere_fails_by_status_and_the_agent_reads_which() -> None:
    async with scene() as s:
        nowhere = {"link": f"http://127.0.0.1:{free_port()}/shop.png"}
        await s.bench.handle(replace(s.message(), message={"kind": "image", "image": nowhere}))
        assert s.bench.finished().verdict == "accepted"
        record = await _told_of_failure(s)
        assert (record["code"], record["class"], record["status"]) == ("131053", "payload", "failed")
        assert await s.posts() == [(None, 200)], "a failed status lets nothing be posted again"


async def _told_of_failure(s: Scene) -> dict[str, Any]:
    """What the agent reads of the `failed` status of the one message."""
    wamid = s.bench.finished().message_id
    assert wamid is not None
    await s.simulator.webhook.until(lambda: "failed" in s.simulator.webhook.statuses(wamid))
    (body,) = [post.raw for post in s.simulator.webhook.received if b'"failed"' in post.raw]
    happened = read_item(_item_of(body))
    (effect,) = decide(State(), happened, NOW, REGISTER, RULES).effects  # type: ignore[arg-type]
    assert isinstance(effect, TellAgent)
    return effect.record


def _item_of(body: bytes) -> bytes:
    (entry,) = orjson.loads(body)["entry"]
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


async def test_a_message_whose_own_deadline_is_over_is_late() -> None:
    async with scene() as s:
        await s.bench.handle(s.message(deadline=NOW - 1, window_ends=NOW + DAY))
        record = s.record()
        assert (record["verdict"], record["code"], record["class"]) == ("late", "expired", "permanent")
        assert await s.posts() == []
