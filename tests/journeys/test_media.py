"""A photo of a user reaches the agent as an address of ours, which gives the same bytes, also after a kill -9."""

from typing import Any

import pytest

from app.core.media import LEASE_SECONDS
from tests.system.phones import Phone
from tests.system.system import System, until
from tests.web.simulator_support import PNG

pytestmark = [pytest.mark.kafka]
WAIT_SECONDS = 30.0


async def photo(system: System, phone: Phone, data: bytes) -> str:
    """Take a picture and send it; returns the message's id."""
    url = f"{system.simulator.url}/sim/media"
    async with system.http.post(url, data=data, headers={"Content-Type": "image/png"}) as answer:
        assert answer.status == 201, await answer.text()
        taken = await answer.json()
    return await phone.photograph(taken["id"], "look")


async def get(system: System, url: str, **headers: str) -> tuple[int, bytes]:
    """What an agent gets from an address."""
    async with system.http.get(url, headers=headers) as answer:
        return answer.status, await answer.read()


def token(system: System) -> dict[str, str]:
    """An agent's token."""
    return {"Authorization": f"Bearer {system.stack.credentials.media_tokens[0]}"}


async def test_a_photo_reaches_the_agent_by_our_address() -> None:
    async with System(media=True) as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await sales.reads("initial", ana.address)
        await photo(system, ana, PNG)
        content = (await sales.reads("image", ana.address, "look"))["content"]
        assert await get(system, content["url"], **token(system)) == (200, PNG)
        assert (await get(system, content["url"], **token(system), Range="bytes=1-3")) == (206, PNG[1:4])
        assert (await get(system, content["url"]))[0] == 401
        assert (await get(system, content["url"], Authorization="Bearer wrong"))[0] == 401

        url = f"http://127.0.0.1:{system.ports.media}/media"
        headers = {**token(system), "Content-Type": "image/png"}
        async with system.http.post(url, data=PNG, headers=headers) as answer:
            brought = (await answer.json())["id"]
        for media, caption in ((brought, "of ours"), (content["media"], "your own")):
            image = {"media": media, "caption": caption}
            await sales.write({"waID": ana.address, "message_type": "image", "image": image})
            shown_on_phone = await ana.receives_text(caption)
            at_meta = f"{system.simulator.url}/sim/media/{shown_on_phone['raw']['image']['id']}"
            assert await get(system, at_meta) == (200, PNG)
        header = {"type": "image", "image": {"media": brought}}
        buttons = {"text": "under a picture", "header": header, "buttons": [{"id": "y", "title": "Yes"}]}
        await sales.write({"waID": ana.address, "message_type": "buttons", **buttons})
        above = (await ana.receives_text("under a picture"))["raw"]["interactive"]["header"]
        assert await get(system, f"{system.simulator.url}/sim/media/{above['image']['id']}") == (200, PNG)
        await sales.write({"waID": ana.address, "message_type": "image", "image": {"media": "wab-unknown"}})
        assert (await sales.reads_error("wab-unknown"))["code"] == "unknown_media"
        shown = str(sales.records)
        assert "lookaside" not in shown and system.stack.credentials.media_tokens[0] not in shown


async def test_a_file_is_fetched_after_its_process_was_killed() -> None:
    async with System(media=True) as system:
        sales = await system.program("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await sales.reads("initial", ana.address)

        await ana.receives_text("Transferring")
        await system.simulator.switch(token_expired=True)
        await photo(system, ana, PNG)
        content: dict[str, Any] = (await sales.reads("image", ana.address, "look"))["content"]
        notes = system.stack.data_dir / "media" / "notes"

        async def noted() -> bool:
            note = notes / f"{content['media']}.json"
            return note.exists() and "HTTP 401" in note.read_text()

        await until(noted, WAIT_SECONDS, "a note of a file that has not come")
        await system.processes["media"].kill_and_wait()
        await system.simulator.switch(token_expired=False)
        await system.processes["media"].start()
        await system.until_ready("media")

        async def fetched() -> bool:
            return await get(system, content["url"], **token(system)) == (200, PNG)

        await until(fetched, LEASE_SECONDS + WAIT_SECONDS, "the file after the restart")
