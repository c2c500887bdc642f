"""The socket protocol of the first generation's page: it asks each second, and sends to whoever wrote last.

In: `{"ws_action": "read"}` and `{"ws_action": "send", …}`. Out: a JSON list of unread messages, and nothing for a
send that was taken. Its fields keep their names; what it never had (several agents, users, errors) is added, not
required.
"""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from app.core.agent_record import LIST_TEXT
from app.core.messages import List as ListMessage
from app.core.messages import Text as TextMessage
from app.stores.chat_documents import Document, first_generation_view
from app.stores.conversations import Conversations
from app.stores.pushes import Push
from web.chat.access import Access
from web.chat.actions import explain
from web.chat.codes import Login
from web.chat.refused import Refused
from web.chat.sending import Content, Sending


class FirstGeneration:
    """Answers pages of the first generation."""

    def __init__(
        self,
        access: Access,
        conversations: Conversations,
        sending: Sending,
        publish: Callable[[Push], None],
        new_id: Callable[[], str],
    ) -> None:
        self._access = access
        self._conversations = conversations
        self._sending = sending
        self._publish = publish
        self._new_id = new_id

    async def do(self, login: Login, data: Document) -> list[Document] | None:
        """Do what the page asks for; raises Refused, StoreAway or StoreRefused."""
        agents = [agent.id for agent in self._access.agents_of(login)]
        match data.get("ws_action"):
            case "read":
                return await self._read(agents)
            case "send":
                await self._send(agents, data)
                return None
        raise Refused("unknown_action", f"`ws_action` is read or send, not {data.get('ws_action')!r}")

    async def _read(self, agents: list[int]) -> list[Document]:
        found = await self._conversations.unread_messages(agents)
        newest: dict[tuple[int, str], int] = {}
        for message in found:
            place = (message["agent"], message["user"])
            newest[place] = max(message["seq"], newest.get(place, 0))
        for (agent, user), upto in newest.items():
            conversation = await self._conversations.mark_read(agent, user, upto)
            self._publish({"push": "conversation", "agent": agent, "conversation": conversation})
        return [first_generation_view(message) for message in found]

    async def _send(self, agents: list[int], data: Document) -> None:
        address = data.get("waID")
        conversation = await self._conversations.latest(agents, address if isinstance(address, str) else "")
        if conversation is None:
            raise Refused("unknown", "nobody has written yet" if not address else f"no conversation with {address}")
        agent = self._access.agent(conversation["agent"])
        if agent is None:
            raise Refused("not_yours", "this agent is not served any more")
        try:
            content = _content(data)
        except ValidationError as error:
            raise Refused("invalid", explain(error)) from error
        await self._sending.send(agent, conversation["user"], self._new_id(), content)


def _content(data: dict[str, Any]) -> Content:
    if not data.get("list_items"):
        return TextMessage.model_validate({"text": data.get("text", "")})
    return ListMessage.model_validate(
        {
            "text": data.get("text") or LIST_TEXT,
            "button": data.get("list_title") or "Options",
            "section": data.get("list_body") or "Options",
            "rows": data["list_items"],
        }
    )
