"""Who plays: users with phones, and agents as anybody may write them.

In: plans. Out: messages written and replies sent, noted as they were acknowledged. A player never gives up because
something is away: it says the same again until it is taken, as Meta and as any Kafka client does.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from aiokafka.errors import KafkaError

from app.core.state import digest
from tests.faults.bench.pictures import take
from tests.faults.bench.plan import LATE_SECONDS, Plan, Reply, Step, Written
from tests.system.agent_program import AgentProgram
from tests.system.phones import Phone
from tests.system.system import System, until

MENU_SECONDS = 15.0
ANSWER_SECONDS = 30.0


class UserPlayer:
    """One user with a phone."""

    def __init__(self, system: System, phone: Phone, plan: Plan, note: Callable[[Written], None]) -> None:
        self.phone = phone
        self.plan = plan
        self._system = system
        self._note = note
        self._menu_by = ""
        self._crafted = 0
        self._received: list[dict[str, Any]] = []
        self._after = 0
        self.answers = 0
        """How many answers of agents the phone has got."""

    async def play(self, over: asyncio.Event) -> None:
        """Go through the plan until it is over."""
        while not over.is_set():
            step = self.plan.next()
            await self._do(step)
            if step.waits:
                await self._hears(f"echo {step.texts[-1]}", over)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), step.pause)

    async def received(self, wait: float = 0.0) -> list[dict[str, Any]]:
        """Every message the business has sent to this phone so far; asks only for what is new.

        Waits up to so many seconds for something new.
        """
        found, after = await self.phone.transcript(self._after, wait)
        # Two may have asked at once: what the other has noted meanwhile is not news.
        fresh = [one for one in found if one["direction"] == "in" and one["seq"] > self._after]
        self._after = max(self._after, after)
        self._received += fresh
        self.answers += sum(message["text"].startswith("echo ") for message in fresh)
        return self._received

    async def _do(self, step: Step) -> None:
        match step.kind:
            case "batch":
                await self._write_batch(step)
            case "burst":
                await asyncio.gather(*(self._write(step, text) for text in step.texts))
            case "choose":
                await self._choose(step)
                self._menu_by = ""
            case _:
                message_id = await self._write(step, step.texts[0])
                self._menu_by = self._menu_by or message_id
                if step.kind == "exit":
                    self._menu_by = message_id

    async def _write(self, step: Step, text: str) -> str:
        begun = time.time()
        if step.kind == "image":
            image = {"id": "1", "mime_type": "image/png", "caption": text}
            message_id = await self.phone._act({"type": "raw", "message": {"type": "image", "image": image}})
        elif step.kind == "picture":
            message_id = await self.phone.photograph(await take(self._system, text), text)
        elif step.kind == "late":
            message_id = await self.phone.write(text, timestamp=int(time.time()) - LATE_SECONDS)
        else:
            message_id = await self.phone.write(text)
        self._taken(step, text, message_id, begun)
        return message_id

    def _taken(self, step: Step, text: str, message_id: str, begun: float) -> None:
        self._note(Written(self.phone.address, text, message_id, begun, step.heard, step.kind == "picture"))

    async def _choose(self, step: Step) -> None:
        title = list(self._system.agents)[step.agent]
        begun = time.time()
        if step.how == "tap":
            menu = await self._menu()
            if menu is not None:
                message_id = await self.phone.tap(menu, title)
                self._taken(step, "<choice>", message_id, begun)
                return
        text = str(step.agent + 1) if step.how == "number" else title.upper()
        self._taken(step, "<choice>", await self.phone.write(text), begun)

    async def _menu(self) -> dict[str, Any] | None:
        """The menu that the latest opening message brought to the phone; None when it does not come."""
        mark = f"menu|{digest(self._menu_by)[:8]}|"

        async def shown() -> Any:
            found = [one for one in (await self.received(wait=1.0))[-20:] if mark in json.dumps(one["raw"])]
            return found[-1] if found else None

        try:
            menu: dict[str, Any] = await until(shown, MENU_SECONDS, "a menu")
        except AssertionError:
            return None
        return menu

    async def _write_batch(self, step: Step) -> None:
        """Several messages in one webhook, posted by ourselves until it is taken."""
        self._crafted += 1
        begun = time.time()
        ids = [f"wamid.batch.{self.phone.id}.{self._crafted}.{number}" for number in range(len(step.texts))]
        body = self._webhook(list(zip(ids, step.texts, strict=True)))
        while True:
            url = f"{self.phone_simulator}/sim/webhooks"
            async with self._system.http.post(url, json={"body": body, "sign": True}) as answer:
                said = await answer.json()
            if said.get("status") == 200:
                break
            await asyncio.sleep(0.3)
        for message_id, text in zip(ids, step.texts, strict=True):
            self._taken(step, text, message_id, begun)

    @property
    def phone_simulator(self) -> str:
        """Address of the simulator."""
        return self._system.simulator.url

    def _webhook(self, messages: list[tuple[str, str]]) -> dict[str, Any]:
        user = self.phone.user
        number = self._system.stack.credentials.phone_number_id
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "551155501234", "phone_number_id": number},
            "contacts": [{"profile": {"name": user["name"]}, "wa_id": user["wa_id"], "user_id": user["user_id"]}],
            "messages": [
                {
                    "from": user["wa_id"],
                    "from_user_id": user["user_id"],
                    "id": message_id,
                    "timestamp": str(int(time.time())),
                    "type": "text",
                    "text": {"body": text},
                }
                for message_id, text in messages
            ],
        }
        change = {"field": "messages", "value": value}
        return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}

    async def _hears(self, words: str, over: asyncio.Event) -> None:
        """Wait for an answer, but not for ever: people go on."""

        async def heard() -> bool:
            return over.is_set() or any(words in one["text"] for one in (await self.received(wait=1.0))[-20:])

        with contextlib.suppress(AssertionError):
            await until(heard, ANSWER_SECONDS, words)


class EchoProgram(AgentProgram):
    """An agent that answers most messages with their text; it knows the first generation's contract only.

    `names` is whether it gives its messages a name (`ref`), which the contract makes optional.
    """

    def __init__(self, name: str, *topics: str, names: bool, arrived: Callable[[str, float], None]) -> None:
        super().__init__(*topics)
        self._name = name
        self._names = names
        self._arrived = arrived
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._answering: asyncio.Task[None] | None = None
        self._is_answering = False
        self._known: set[str] = set()
        self.replies: list[Reply] = []

    async def open(self) -> None:
        """Connect, and begin to answer."""
        await super().open()
        self._answering = asyncio.create_task(self._answer())

    async def close(self) -> None:
        """Disconnect."""
        if self._answering is not None:
            self._answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._answering
        await super().close()

    @property
    def idle(self) -> bool:
        """Whether everything read has been answered."""
        return self._queue.empty() and not self._is_answering

    @property
    def broken(self) -> BaseException | None:
        """What ended this program, if anything did."""
        for task in (self._task, self._answering):
            if task is not None and task.done() and not task.cancelled() and task.exception():
                return task.exception()
        return None

    async def _read(self) -> None:
        async for record in self._consumer:
            found = json.loads(record.value)
            if record.topic != self._read_topic:
                self.errors.append(found)
                continue
            self.records.append(found)
            if found.get("message_id") and found["type"] != "status":
                self._arrived(found["message_id"], time.time())
            # Records that repeat have the id they had before: that is all an agent needs to know.
            if found["id"] not in self._known and found["type"] in ("text", "image"):
                self._known.add(found["id"])
                if digest(found["id"])[0] not in "01":
                    self._queue.put_nowait((found["waID"], found["text"]))

    async def _answer(self) -> None:
        while True:
            address, text = await self._queue.get()
            self._is_answering = True
            number = len(self.replies) + 1
            reply = Reply(self._name, f"echo {text} ({self._name} {number})", 0.0)
            more = {"ref": f"{self._name[:20]}-{number}"} if self._names else {}
            while True:
                try:
                    await self.say(address, reply.text, **more)
                    break
                except (KafkaError, aiohttp.ClientError):
                    await asyncio.sleep(0.3)
            reply.at = time.time()
            self.replies.append(reply)
            self._is_answering = False
