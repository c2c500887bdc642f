"""Several business numbers of one account: each has chats, windows, rates and media of its own."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from tests.web.simulator_support import BUSINESS, NUMBER_ID, PNG, Bench, running_bench, text_to
from web.simulator import SimulatorConfig
from web.simulator.config import Number

SECOND = Number(id="5647382910", display="551155509999")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A simulator with two business numbers."""
    async with running_bench(more_numbers=(SECOND,)) as bench:
        yield bench


async def chat(bench: Bench, user: dict[str, Any], number: str) -> list[str]:
    """The texts of a user's chat with a business number."""
    answer = await bench.call("GET", f"/sim/users/{user['id']}/messages?phone_number_id={number}")
    return [message["text"] for message in answer["messages"]]


def arrived(bench: Bench, count: int) -> bool:
    """Whether the webhook has got so many posts."""
    return len(bench.webhook.received) >= count


def about(bench: Bench, wamid: str) -> list[dict[str, str]]:
    """The business number of each webhook that holds a message or a status of it."""
    return [
        value["metadata"]
        for post in bench.webhook.received
        for value in post.values
        for kind in ("messages", "statuses")
        for item in value.get(kind, [])
        if item["id"] == wamid
    ]


async def test_a_webhook_says_which_number_was_written_to(bench: Bench) -> None:
    ana = await bench.user()
    first, second = await bench.write(ana, "one"), await bench.write(ana, "two", phone_number_id=SECOND.id)
    assert about(bench, first) == [{"phone_number_id": NUMBER_ID, "display_phone_number": BUSINESS}]
    assert about(bench, second) == [{"phone_number_id": SECOND.id, "display_phone_number": SECOND.display}]
    assert (await chat(bench, ana, NUMBER_ID), await chat(bench, ana, SECOND.id)) == (["one"], ["two"])
    assert [message["text"] for message in await bench.messages(ana)] == ["one"]


async def test_a_batch_keeps_the_numbers_apart(bench: Bench) -> None:
    ana = await bench.user()
    await bench.call("PATCH", "/sim/switches", {"batch_items": 4, "batch_ms": 2000})
    numbers = [NUMBER_ID, NUMBER_ID, SECOND.id, NUMBER_ID]
    sent = [await bench.write(ana, number, wait=False, phone_number_id=number) for number in numbers]
    await bench.webhook.until(lambda: len(bench.webhook.items()) == 4)
    assert [[one["phone_number_id"] for one in about(bench, wamid)] for wamid in sent] == [[one] for one in numbers]


async def test_a_message_leaves_from_the_number_of_its_address(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana, "hi", phone_number_id=SECOND.id)
    status, answer = await bench.send(text_to(ana["wa_id"], "hello"), number=SECOND.id)
    assert status == 200
    wamid = answer["messages"][0]["id"]
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "delivered", "read"])
    assert {one["phone_number_id"] for one in about(bench, wamid)} == {SECOND.id}
    assert await chat(bench, ana, SECOND.id) == ["hi", "hello"]
    assert await chat(bench, ana, NUMBER_ID) == []
    calls = (await bench.call("GET", "/sim/graph-log"))["calls"]
    assert [call["phone_number_id"] for call in calls] == [SECOND.id]


async def test_each_number_has_a_window_of_its_own(bench: Bench) -> None:
    ana = await bench.user()
    await bench.write(ana)
    status, answer = await bench.send(text_to(ana["wa_id"]), number=SECOND.id)
    assert status == 200
    wamid = answer["messages"][0]["id"]
    await bench.webhook.until(lambda: bench.webhook.statuses(wamid))
    (failed,) = [item for item in bench.webhook.items() if item["id"] == wamid]
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131047)


async def test_what_is_tapped_answered_or_reacted_to_is_in_the_same_chat(bench: Bench) -> None:
    ana = await bench.user()
    theirs = await bench.write(ana, "hi", phone_number_id=SECOND.id)
    _, answer = await bench.send(text_to(ana["wa_id"], "hello"), number=SECOND.id)
    ours = answer["messages"][0]["id"]
    reply = await bench.write(ana, "to that", reply_to=ours)
    (item,) = [item for item in bench.webhook.items() if item["id"] == reply]
    assert about(bench, reply)[0]["phone_number_id"] == SECOND.id
    assert item["context"] == {"from": SECOND.display, "id": ours}
    await bench.act(ana, 422, type="text", text="elsewhere", reply_to=ours, phone_number_id=NUMBER_ID)
    await bench.act(ana, 422, type="reaction", emoji="👍", message_id=ours, phone_number_id=NUMBER_ID)
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": theirs}
    assert (await bench.send(mark))[1]["error"]["code"] == 131009
    assert (await bench.send(mark, number=SECOND.id))[0] == 200
    reaction = {"type": "reaction", "reaction": {"message_id": theirs, "emoji": "👍"}}
    assert (await bench.send(text_to(ana["wa_id"]) | reaction))[1]["error"]["code"] == 131009
    assert (await bench.send(text_to(ana["wa_id"]) | reaction, number=SECOND.id))[0] == 200


async def test_each_number_has_its_own_rates(bench: Bench) -> None:
    ana = await bench.user()
    for number in (NUMBER_ID, SECOND.id):
        await bench.write(ana, phone_number_id=number)
    await bench.call("PATCH", "/sim/switches", {"pair_rate": True})
    for _ in range(45):
        assert (await bench.send(text_to(ana["wa_id"])))[0] == 200
    assert (await bench.send(text_to(ana["wa_id"])))[1]["error"]["code"] == 131056
    assert (await bench.send(text_to(ana["wa_id"]), number=SECOND.id))[0] == 200
    await bench.call("PATCH", "/sim/switches", {"pair_rate": False, "throughput_per_second": 1})
    codes = [(await bench.send(text_to(ana["wa_id"])))[1].get("error", {}).get("code") for _ in range(3)]
    assert 130429 in codes
    assert (await bench.send(text_to(ana["wa_id"]), number=SECOND.id))[0] == 200


async def test_a_file_is_good_at_its_own_number_only(bench: Bench) -> None:
    ana = await bench.user()
    for number in (NUMBER_ID, SECOND.id):
        await bench.write(ana, phone_number_id=number)
    uploaded = (await bench.upload(PNG, "image/png"))["id"]
    picture = text_to(ana["wa_id"]) | {"type": "image", "image": {"id": uploaded}}
    assert (await bench.send(picture))[0] == 200
    assert (await bench.send(picture, number=SECOND.id))[1]["error"]["code"] == 131009
    theirs = await bench.attach(PNG, "image/png")
    await bench.act(ana, type="image", media_id=theirs, phone_number_id=SECOND.id)
    assert (await bench.graph("GET", f"{theirs}?phone_number_id={SECOND.id}"))[0] == 200
    assert (await bench.graph("GET", f"{theirs}?phone_number_id={NUMBER_ID}"))[0] == 400


async def test_an_error_may_be_of_one_number_alone(bench: Bench) -> None:
    ana = await bench.user()
    for number in (NUMBER_ID, SECOND.id):
        await bench.write(ana, phone_number_id=number)
    of_second = [{"code": 131031, "phone_number_id": SECOND.id, "on": on} for on in ("messages", "media")]
    await bench.call("PATCH", "/sim/switches", {"errors": of_second})
    assert (await bench.send(text_to(ana["wa_id"])))[0] == 200
    assert (await bench.send(text_to(ana["wa_id"]), number=SECOND.id))[1]["error"]["code"] == 131031
    await bench.upload(PNG, "image/png")


async def test_a_change_of_number_is_told_wherever_the_user_has_a_chat(bench: Bench) -> None:
    ana, bruno = await bench.user(), await bench.user("Bruno")
    for number in (NUMBER_ID, SECOND.id):
        await bench.write(ana, phone_number_id=number)
    await bench.write(bruno, phone_number_id=SECOND.id)
    for user, numbers in ((ana, [NUMBER_ID, SECOND.id]), (bruno, [SECOND.id])):
        known = len(bench.webhook.received)
        await bench.call("POST", f"/sim/users/{user['id']}/identity", {})
        awaited = known + 2 * len(numbers)
        await bench.webhook.until(partial(arrived, bench, awaited))
        told = [value for post in bench.webhook.received[known:] for value in post.values]
        assert sorted(value["metadata"]["phone_number_id"] for value in told) == sorted(numbers * 2)


async def test_the_numbers_are_listed_and_others_are_refused(bench: Bench) -> None:
    ana = await bench.user()
    listed = (await bench.call("GET", "/sim/numbers"))["numbers"]
    assert listed == [
        {"phone_number_id": NUMBER_ID, "number": BUSINESS},
        {"phone_number_id": SECOND.id, "number": SECOND.display},
    ]
    await bench.act(ana, 422, type="text", text="hi", phone_number_id="1")
    await bench.call("GET", f"/sim/users/{ana['id']}/messages?phone_number_id=1", expect=422)
    assert (await bench.send(text_to(ana["wa_id"]), number="1"))[1]["error"]["code"] == 100


async def test_an_event_and_a_marketing_choice_name_their_number(bench: Bench) -> None:
    ana = await bench.user()
    order = {"field": "messages", "errors": [131000], "phone_number_id": SECOND.id}
    value = (await bench.call("POST", "/sim/events", order, 202))["value"]
    assert value["metadata"]["phone_number_id"] == SECOND.id
    known = len(bench.webhook.received)
    choice = {"value": "stop", "phone_number_id": SECOND.id}
    await bench.call("POST", f"/sim/users/{ana['id']}/marketing", choice)
    await bench.webhook.until(lambda: any("user_preferences" in v for p in bench.webhook.received for v in p.values))
    (told,) = [v for post in bench.webhook.received[known - 1 :] for v in post.values if "user_preferences" in v]
    assert told["metadata"]["phone_number_id"] == SECOND.id


def test_a_number_is_played_once() -> None:
    with pytest.raises(ValueError, match="there twice"):
        SimulatorConfig(
            webhook_url="x",
            access_token="t",
            app_secrets=("s",),
            phone_number_id=SECOND.id,
            display_phone_number="2",
            more_numbers=(SECOND,),
        )
