"""Webhooks of the simulator: never lost, retried until 200, and unruly exactly as the switches say."""

import json
from collections import Counter
from functools import partial

import aiohttp
import pytest

from tests.web.simulator_support import Bench, running_bench, text_to


async def write_many(bench: Bench, user: dict[str, str], count: int) -> list[str]:
    wamids = [await bench.write(user, f"{number}", wait=False) for number in range(count)]
    await bench.webhook.until(lambda: {item["id"] for item in bench.webhook.items()} >= set(wamids))
    return wamids


def read_is_told(bench: Bench, wamid: str) -> bool:
    return "read" in bench.webhook.statuses(wamid)


async def test_a_webhook_is_retried_byte_for_byte_until_200_and_holds_back_the_next() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        bench.webhook.answers = [503, 500, 201]
        first, second = await bench.write(ana, "one", wait=False), await bench.write(ana, "two")
        assert [item["id"] for item in bench.webhook.items()] == [first] * 4 + [second]
        assert len({post.raw for post in bench.webhook.received[:4]}) == 1
        posts = (await bench.call("GET", "/sim/webhook-log"))["posts"]
        assert [(post["status"], post["attempt"]) for post in posts] == [
            (503, 1),
            (500, 2),
            (201, 3),
            (200, 4),
            (200, 1),
        ]
        assert posts[0]["items"] == [{"kind": "messages", "id": first, "user": ana["id"]}]


async def test_one_stuck_user_does_not_hold_back_another() -> None:
    async with running_bench(retry_first_seconds=30, retry_cap_seconds=30) as bench:
        ana, bruno = await bench.user("Ana"), await bench.user("Bruno")
        bench.webhook.answers = [503]
        await bench.write(ana, wait=False)
        await bench.webhook.until(lambda: bench.webhook.received)
        await bench.write(bruno)
        assert (await bench.messages(ana))[0]["status"] == "pending"
        assert (await bench.messages(bruno))[0]["status"] == "accepted"


async def test_nobody_listening_is_logged_and_dropped_only_after_the_limit() -> None:
    async with running_bench(webhook_url="http://127.0.0.1:9/webhook", max_retry_seconds=0.05) as bench:
        ana = await bench.user()
        answer = await bench.call(
            "POST", f"/sim/users/{ana['id']}/messages?wait=1", {"type": "text", "text": "hi"}, 504
        )
        assert "never answered 200" in answer["error"]
        [message] = await bench.messages(ana)
        assert message["status"] == "dropped"
        posts = (await bench.call("GET", "/sim/webhook-log"))["posts"]
        assert len(posts) > 1
        assert all(post["status"] is None and "Connect" in post["error"] for post in posts)


async def test_every_webhook_twice() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"duplicates": 1})
        ana = await bench.user()
        wamids = [await bench.write(ana, f"{number}") for number in range(5)]
        await bench.webhook.until(lambda: len(bench.webhook.received) == 10)
        assert Counter(item["id"] for item in bench.webhook.items()) == dict.fromkeys(wamids, 2)
        assert sorted(Counter(post.raw for post in bench.webhook.received).values()) == [2] * 5


async def test_held_back_items_swap_and_none_is_lost() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"reorder": 1, "reorder_hold_ms": 5000})
        ana = await bench.user()
        wamids = await write_many(bench, ana, 4)
        first, second, third, fourth = wamids
        assert [item["id"] for item in bench.webhook.items()] == [second, first, fourth, third]


async def test_a_held_back_item_goes_alone_when_no_other_comes() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"reorder": 1, "reorder_hold_ms": 20})
        await bench.write(await bench.user())
        assert len(bench.webhook.received) == 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_same_seed_swaps_the_same_items(seed: int) -> None:
    orders = []
    for _ in range(2):
        async with running_bench() as bench:
            await bench.call("PUT", "/sim/switches", {"reorder": 0.5, "reorder_hold_ms": 2000, "seed": seed})
            ana = await bench.user()
            await write_many(bench, ana, 8)
            orders.append([item["text"]["body"] for item in bench.webhook.items()])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == [str(number) for number in range(8)]
    assert orders[0] != sorted(orders[0])


async def test_a_batch_mixes_users_over_entries_and_changes_in_order() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"batch_items": 12, "batch_ms": 5000, "seed": 3})
        users = [await bench.user(name) for name in ("Ana", "Bruno", "Clara")]
        wanted: dict[str, list[str]] = {user["wa_id"]: [] for user in users}
        for number in range(4):
            for user in users:
                wanted[user["wa_id"]].append(await bench.write(user, f"{number}", wait=False))
        await bench.webhook.until(lambda: bench.webhook.received)
        [post] = bench.webhook.received
        entries = json.loads(post.raw)["entry"]
        assert len(entries) == 2
        assert max(len(entry["changes"]) for entry in entries) > 1
        assert max(len(value["messages"]) for value in post.values) > 1
        for wa_id, wamids in wanted.items():
            assert [item["id"] for item in post.items if item["from"] == wa_id] == wamids
        for value in post.values:
            shown = {contact["wa_id"] for contact in value["contacts"]}
            assert shown == {message["from"] for message in value["messages"]}
            assert len(shown) == len(value["contacts"])


async def test_a_change_names_a_user_of_several_messages_once() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"batch_items": 8, "batch_ms": 5000, "seed": 3})
        ana = await bench.user()
        await write_many(bench, ana, 8)
        values = bench.webhook.received[0].values
        assert max(len(value["messages"]) for value in values) > 1
        assert [len(value["contacts"]) for value in values] == [1] * len(values)


async def test_a_batch_goes_when_its_time_is_up() -> None:
    async with running_bench() as bench:
        await bench.call("PUT", "/sim/switches", {"batch_items": 100, "batch_ms": 20})
        await bench.write(await bench.user())
        assert len(bench.webhook.received) == 1


async def test_statuses_can_be_off_and_read_can_stand_for_delivered() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        await bench.call("PATCH", "/sim/switches", {"statuses": False})
        await bench.send_text(ana, "unheard")
        revision = 0
        while (await bench.messages(ana))[-1]["status"] != "read":
            path = f"/sim/users/{ana['id']}/messages?changed_after={revision}&wait=5"
            revision = (await bench.call("GET", path))["revision"]
        assert len(bench.webhook.received) == 1
        await bench.call("PATCH", "/sim/switches", {"statuses": True, "delivered_before_read": False})
        wamid = await bench.send_text(ana, "heard")
        await bench.webhook.until(lambda: bench.webhook.statuses(wamid) == ["sent", "read"])
        assert "pricing" in bench.webhook.items()[-1]


async def test_a_reaction_is_only_ever_sent() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        target = await bench.write(ana)
        content = {"message_id": target, "emoji": "👍"}
        payload = text_to(ana["wa_id"]) | {"type": "reaction", "reaction": content}
        _, body = await bench.send(payload)
        wamid = body["messages"][0]["id"]
        later = await bench.send_text(ana)
        await bench.webhook.until(lambda: "read" in bench.webhook.statuses(later))
        assert bench.webhook.statuses(wamid) == ["sent"]
        status, body = await bench.send(payload | {"reaction": content | {"message_id": "wamid.unknown"}})
        assert (status, body["error"]["code"]) == (400, 131009)


async def test_the_status_goes_its_way_when_the_client_is_gone() -> None:
    async with running_bench() as bench:
        ana = await bench.user()
        await bench.write(ana)
        await bench.call("PATCH", "/sim/switches", {"lose_answers": 0.5, "seed": 7})
        outcomes = []
        for number in range(12):
            try:
                status, _ = await bench.send(text_to(ana["wa_id"], f"{number}"))
                outcomes.append(status)
            except aiohttp.ClientError:
                outcomes.append(0)
        calls = (await bench.call("GET", "/sim/graph-log"))["calls"]
        assert [call["answered"] for call in calls] == [outcome == 200 for outcome in outcomes]
        assert set(outcomes) == {0, 200}
        for call in calls:
            await bench.webhook.until(partial(read_is_told, bench, call["wamid"]))
