"""The life of a sent message, told by statuses: sent, delivered, read, played, or failed.

A message that the Graph API accepted comes in; status items go to the delivery, one after another with
the delays of the switches. Media behind links are fetched first. `read` waits until the phone is open, `played`
until the voice note is played.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from web.simulator.config import Number
from web.simulator.delivery import Delivery
from web.simulator.errors import status_error
from web.simulator.faults import Faults
from web.simulator.links import BrokenLink, LinkedMedium, Links
from web.simulator.pricing import open_entry_point, price
from web.simulator.users import User
from web.simulator.validation import Send
from web.simulator.webhooks import Item
from web.simulator.world import Message, World

UNKNOWN = "unknown"


@dataclass(slots=True, kw_only=True)
class Sent:
    """An accepted send on its way; without user and message when nobody has that number."""

    send: Send
    number: Number
    """The business number it left from."""
    wamid: str
    user: User | None
    message: Message | None
    media: tuple[LinkedMedium, ...] = ()
    """What must be fetched before the message can leave."""


class Statuses:
    """Plays the statuses of every accepted send."""

    def __init__(self, world: World, faults: Faults, delivery: Delivery, links: Links) -> None:
        self._links = links
        self._world = world
        self._faults = faults
        self._delivery = delivery
        self._tasks: set[asyncio.Task[None]] = set()
        self._unread: dict[str, list[Sent]] = {}
        self._voices: dict[str, Sent] = {}

    def play(self, sent: Sent, failure: tuple[int, str] | None) -> None:
        """Start the statuses of a send: the failure (code, details) if there is one, else the good way."""
        self._start(self._fail(sent, *failure) if failure else self._deliver(sent))

    def opened(self, user: User) -> None:
        """Report as read what waited for this phone to be opened."""
        for sent in self._unread.pop(user.id, []):
            self._start(self._read(sent))

    def played(self, wamid: str) -> bool:
        """Report a voice note as played, once; returns whether there was one not played before."""
        sent = self._voices.pop(wamid, None)
        if sent is not None:
            self._report(sent, "played", priced=False)
        return sent is not None

    async def stop(self) -> None:
        """Drop what has not been told yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._unread.clear()
        self._voices.clear()

    def _start(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fail(self, sent: Sent, code: int, details: str) -> None:
        await asyncio.sleep(self._faults.status_delay())
        errors = [status_error(code, details)]
        if sent.message is not None:
            self._world.set_status(sent.message, "failed", errors)
        item = self._item(sent, "failed") | {"errors": errors}
        if sent.send.user_id:
            item["recipient_user_id"] = sent.send.user_id
        self._post(sent, item, contact=None)

    async def _deliver(self, sent: Sent) -> None:
        try:
            await self._fetch(sent)
        except BrokenLink as broken:
            await self._fail(sent, 131053, str(broken))
            return
        await asyncio.sleep(self._faults.status_delay())
        self._report(sent, "sent", priced=True)
        if sent.send.type == "reaction":
            return  # reactions have no further life
        await asyncio.sleep(self._faults.status_delay())
        user = sent.user
        assert user is not None
        is_open = user.open
        if sent.send.voice:
            self._voices[sent.wamid] = sent
        if not is_open or self._faults.switches.delivered_before_read:
            self._report(sent, "delivered", priced=True)
        open_entry_point(user.entry_point(sent.number.id), self._world.config.clock())
        if sent.send.template is None:
            self._world.delivered_service_messages += 1
        if is_open:
            await self._read(sent)
        else:
            self._unread.setdefault(user.id, []).append(sent)

    async def _fetch(self, sent: Sent) -> None:
        assert sent.message is not None
        for linked in sent.media:
            medium = await self._links.fetch(linked)
            sent.message.shown.setdefault("media", {})[linked.link] = medium.public()

    async def _read(self, sent: Sent) -> None:
        await asyncio.sleep(self._faults.status_delay())
        self._report(sent, "read", priced=sent.message is not None and sent.message.status != "delivered")

    def _report(self, sent: Sent, status: str, *, priced: bool) -> None:
        user = sent.user
        assert user is not None
        assert sent.message is not None
        item = self._item(sent, status)
        if user.user_id:
            item["recipient_user_id"] = user.user_id
        if user.parent_user_id:
            item["recipient_parent_user_id"] = user.parent_user_id
        if self._faults.switches.identity_check:
            item["recipient_identity_key_hash"] = user.identity_key_hash
        if priced:
            delivered = self._world.delivered_service_messages
            point = user.entry_point(sent.number.id)
            item |= price(point, sent.send.template, delivered, self._world.config.clock(), first=status == "sent")
        self._world.set_status(sent.message, status)
        contact = user.contact(with_username=status != "sent")
        self._post(sent, item, contact=contact)

    def _item(self, sent: Sent, status: str) -> dict[str, Any]:
        item = {"id": sent.wamid, "status": status, "timestamp": str(int(self._world.config.clock()))}
        recipient = sent.send.digits or (sent.user.shown_wa_id if sent.user else None)
        if recipient:
            item["recipient_id"] = recipient
        if sent.send.callback_data is not None:
            item["biz_opaque_callback_data"] = sent.send.callback_data
        return item

    def _post(self, sent: Sent, item: dict[str, Any], contact: dict[str, Any] | None) -> None:
        if self._faults.switches.statuses:
            lane = sent.user.id if sent.user else UNKNOWN
            self._delivery.post(Item(lane=lane, number=sent.number, kind="statuses", content=item, contact=contact))
