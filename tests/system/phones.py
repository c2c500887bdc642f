"""Phones of the simulator, as a test holds them in its hand.

In: what a person does. Out: what the phone then shows. Everything goes through the simulator's control API.
"""

import asyncio
from typing import Any

import aiohttp

WAIT_SECONDS = 20.0


class Simulator:
    """The simulator's control API."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the control API; fails when it refuses."""
        async with self._http.request(method, f"{self.url}{path}", json=body, params=query) as response:
            text = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {text}"
            return await response.json()

    async def phone(self, name: str, **more: Any) -> "Phone":
        """A new user with a phone."""
        return Phone(self, await self.call("POST", "/sim/users", {"name": name, **more}))

    async def switch(self, **switches: Any) -> None:
        """Turn some of the simulator's switches."""
        await self.call("PATCH", "/sim/switches", switches)


class Phone:
    """One user's phone, with the chat of one business number on its screen."""

    def __init__(self, simulator: Simulator, user: dict[str, Any], number: str | None = None) -> None:
        self._simulator = simulator
        self._number = {"phone_number_id": number} if number else {}
        self.user = user
        self.id: str = user["id"]
        self.address: str = user.get("wa_id") or user["user_id"]

    def at(self, number: str) -> "Phone":
        """The same phone with the chat of another business number, by its `phone_number_id`."""
        return Phone(self._simulator, self.user, number)

    async def write(self, text: str, **more: Any) -> str:
        """Type a text and send it; returns the message's id once the webhook was answered."""
        return await self._act({"type": "text", "text": text, **more})

    async def tap(self, message: dict[str, Any], title: str) -> str:
        """Open a list message and tap the row with this title."""
        row = _titled(rows(message), title)
        return await self._act({"type": "list_reply", "message_id": message["wamid"], "row_id": row["id"]})

    async def press(self, message: dict[str, Any], title: str) -> str:
        """Press the button with this title under a message."""
        replies = [button["reply"] for button in message["raw"]["interactive"]["action"]["buttons"]]
        button = _titled(replies, title)
        return await self._act({"type": "button_reply", "message_id": message["wamid"], "button_id": button["id"]})

    async def photograph(self, media_id: str, caption: str) -> str:
        """Send a picture the simulator has."""
        return await self._act({"type": "image", "media_id": media_id, "caption": caption})

    async def _act(self, body: dict[str, Any]) -> str:
        answer = await self._simulator.call("POST", f"/sim/users/{self.id}/messages", {**self._number, **body}, wait=1)
        return str(answer["wamid"])

    async def transcript(self, after: int = 0, wait: float = 0) -> tuple[list[dict[str, Any]], int]:
        """All messages past a number, and the number to go on from."""
        answer = await self._simulator.call(
            "GET", f"/sim/users/{self.id}/messages", after=after, wait=wait, **self._number
        )
        return answer["messages"], answer["seq"]

    async def received(self) -> list[dict[str, Any]]:
        """Every message the business has sent to this phone so far."""
        return [message for message in (await self.transcript())[0] if message["direction"] == "in"]

    async def receives(self, count: int, within: float = WAIT_SECONDS) -> list[dict[str, Any]]:
        """Wait until the phone has received at least so many messages."""
        end = asyncio.get_running_loop().time() + within
        while True:
            found = await self.received()
            if len(found) >= count:
                return found
            left = end - asyncio.get_running_loop().time()
            assert left > 0, f"{self.user['name']} received {len(found)} of {count}: {[body(one) for one in found]}"
            await asyncio.sleep(0.03)

    async def receives_text(self, text: str, within: float = WAIT_SECONDS) -> dict[str, Any]:
        """Wait for a message that contains a text; returns the latest such message."""
        end = asyncio.get_running_loop().time() + within
        while True:
            found = [message for message in await self.received() if text in body(message)]
            if found:
                return found[-1]
            shown = [body(message) for message in await self.received()]
            assert asyncio.get_running_loop().time() < end, f"{self.user['name']} never received {text!r}: {shown}"
            await asyncio.sleep(0.03)


def _titled(choices: list[dict[str, Any]], title: str) -> dict[str, Any]:
    found = [choice for choice in choices if choice["title"] == title]
    assert found, f"no {title!r} to tap, only {[choice['title'] for choice in choices]}"
    return found[0]


def body(message: dict[str, Any]) -> str:
    """What a message from the business says."""
    raw = message["raw"]
    if raw.get("type") == "text":
        return str(raw["text"]["body"])
    if raw.get("type") == "interactive":
        return str(raw["interactive"]["body"]["text"])
    return str(raw.get(raw.get("type", ""), ""))


def rows(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a list message."""
    sections = message["raw"]["interactive"]["action"]["sections"]
    return [row for section in sections for row in section["rows"]]
