"""A service is away: what needs it waits or says so, everything else goes on, nothing is lost."""

import time
from collections.abc import Callable

import pytest

from tests.system.frozen import freeze
from tests.system.phones import Phone, body
from tests.system.system import System, until

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

ANSWER_SECONDS = 9.0
"""The webhook's promise while Kafka is away is 5 s, and what each run needed stands in the summary of its tests. A busy
machine may need longer, but less than the 10 s after which a client gives up.
"""


async def talking(system: System, name: str) -> Phone:
    """A user who is with the help desk."""
    phone = await system.phone(name)
    await phone.write("hi")
    await phone.receives_text("Choose")
    await phone.write("help desk")
    await phone.receives_text("Transferring")
    return phone


async def test_kafka_is_away_the_webhook_says_503_and_the_message_comes_later(
    system: System, record_property: Callable[[str, object], None]
) -> None:
    desk = await system.program("Help Desk")
    kira = await talking(system, "Kira")
    await desk.reads("initial", kira.address)
    try:
        await freeze(system.stack.kafka)
        # The answer must come within the webhook's own limit, long before a client would give up.
        body = {
            "object": "whatsapp_business_account",
            "entry": [{"id": "x", "changes": []}, {"id": "y", "changes": [{}]}],
        }
        begun = time.monotonic()
        answer = await system.within(
            ANSWER_SECONDS, system.simulator.call("POST", "/sim/webhooks", {"body": body, "sign": True})
        )
        assert answer["status"] == 503
        record_property("seconds until the webhook said 503", time.monotonic() - begun)
    finally:
        system.stack.kafka.resume()
    await kira.write("after the outage")
    await desk.reads("text", kira.address, "after the outage", within=60)
    await desk.say(kira.address, "welcome back")
    await kira.receives_text("welcome back", within=60)


@pytest.mark.parametrize("store", ["valkey", "postgres"])
async def test_a_store_is_away_and_routing_goes_on(system: System, store: str) -> None:
    desk = await system.program("Help Desk")
    service = getattr(system.stack, store)
    await service.stop()
    try:
        lena = await talking(system, f"Lena {store}")
        await desk.reads("initial", lena.address)
        await desk.say(lena.address, "here I am")
        await lena.receives_text("here I am")
        if store == "postgres":
            refused = await system.admin("GET", "/agent", status=503)
            assert refused["message"]
    finally:
        await service.start()

    async def admin_is_back() -> bool:
        _, answer = await system.admin_answer("GET", "/agent")
        return len(answer.get("data", ())) == 3

    await until(admin_is_back, 30, "the admin API with its three agents")


async def test_the_graph_api_is_away_for_one_user_and_others_go_on(system: System) -> None:
    desk = await system.program("Help Desk")
    mara, nina = await talking(system, "Mara"), await talking(system, "Nina")
    await system.simulator.switch(errors=[{"code": 131000, "http_status": 500, "to": mara.address, "count": 2}])
    await desk.say(mara.address, "slowly")
    await desk.say(nina.address, "at once")
    await nina.receives_text("at once")
    await mara.receives_text("slowly", within=30)
    await system.simulator.switch(errors=[])


async def test_a_refused_message_comes_back_as_an_error_of_its_agent(system: System) -> None:
    desk = await system.program("Help Desk")
    olga = await talking(system, "Olga")
    await system.simulator.switch(errors=[{"code": 131026, "http_status": 400, "to": olga.address, "count": 1}])
    await desk.say(olga.address, "never arrives")
    error = await desk.reads_error("131026")
    assert (error["waID"], error["verdict"]) == (olga.address, "refused")
    await system.simulator.switch(errors=[])
    await desk.say(olga.address, "arrives")
    await olga.receives_text("arrives")


async def test_wrong_records_of_an_agent_get_an_error_each(system: System) -> None:
    desk = await system.program("Help Desk")
    await desk.write(b"{not json")
    await desk.reads_error("not JSON")
    await desk.write({"message_type": "text", "text": "to whom?"})
    await desk.reads_error("waID is missing")
    await desk.write({"waID": "5511999990000", "message_type": "carrier pigeon"})
    await desk.reads_error("unknown message_type")
    await desk.write({"waID": "5511999990000", "message_type": "text", "text": "x" * 4097})
    await desk.reads_error("4096")


async def test_an_answer_of_meta_is_lost_and_a_status_settles_it(system: System) -> None:
    desk = await system.program("Help Desk")
    pia = await talking(system, "Pia")
    await system.simulator.switch(lose_answers=1.0)
    await desk.say(pia.address, "once")
    await pia.receives_text("once")
    await system.simulator.switch(lose_answers=0.0)
    await desk.say(pia.address, "twice")
    await pia.receives_text("twice")
    assert [body(message) for message in await pia.received()][-2:] == ["once", "twice"]
    assert not [error for error in desk.errors if error["waID"] == pia.address]
