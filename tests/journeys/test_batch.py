"""One webhook with many items of many users: all arrive, each user's in order."""

import pytest

from tests.system.phones import Phone
from tests.system.system import System

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


def change(system: System, phones: list[Phone], number: int) -> dict[str, object]:
    """A change with a message of each of three phones."""
    return {
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": "551155501234",
                "phone_number_id": system.stack.credentials.phone_number_id,
            },
            "contacts": [
                {"profile": {"name": phone.user["name"]}, "wa_id": phone.address, "user_id": phone.user["user_id"]}
                for phone in phones
            ],
            "messages": [
                {
                    "from": phone.address,
                    "from_user_id": phone.user["user_id"],
                    "id": f"wamid.batch.{phone.id}.{number}",
                    "timestamp": str(int(phone.user["now"])),
                    "type": "text",
                    "text": {"body": f"part {number}"},
                }
                for phone in phones
            ],
        },
    }


async def test_two_entries_with_two_changes_with_three_messages_all_arrive_in_order(system: System) -> None:
    desk = await system.program("Help Desk")
    phones = [await system.phone(name) for name in ("Carla", "Davi", "Enzo", "Fabia", "Gil", "Helena")]
    for phone in phones:
        phone.user["now"] = await system.now()
        await phone.write("hi")
        await phone.receives_text("Choose")
        await phone.write("help desk")
        await desk.reads("initial", phone.address)

    first, second = phones[:3], phones[3:]
    entries = [
        {"id": "WABA", "changes": [change(system, first, 1), change(system, second, 1)]},
        {"id": "WABA", "changes": [change(system, second, 2), change(system, first, 2)]},
    ]
    body = {"object": "whatsapp_business_account", "entry": entries}
    answer = await system.simulator.call("POST", "/sim/webhooks", {"body": body, "sign": True})
    assert answer == {"status": 200, "body": "ok"}

    for phone in phones:
        await desk.reads("text", phone.address, "part 2")
        assert desk.texts(phone.address) == ["hi", "part 1", "part 2"]

    again = await system.simulator.call("POST", "/sim/webhooks", {"body": body, "sign": True})
    assert again["status"] == 200
    for phone in phones:
        await phone.write("after")
        await desk.reads("text", phone.address, "after")
        assert desk.texts(phone.address) == ["hi", "part 1", "part 2", "after"], "a repeated webhook has no effect"


async def test_a_forged_webhook_is_refused(system: System) -> None:
    body = {"object": "whatsapp_business_account", "entry": []}
    for sign in (False, "wrong"):
        answer = await system.simulator.call("POST", "/sim/webhooks", {"body": body, "sign": sign})
        assert answer["status"] == 403
