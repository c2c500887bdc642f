"""What a page may ask for over the socket: one model and one method per action.

In: a JSON object with `do`. Out: a JSON object. Every action checks that its agent belongs to the browser's login.
Raises Refused with words for the operator. The table of all actions is in `web/chat/socket.py`.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.acts import Close, Transfer
from app.core.agent_record import LIST_TEXT
from app.core.media import LARGEST
from app.core.messages import List as ListMessage
from app.core.messages import Row
from app.core.messages import Text as TextMessage
from app.core.register import Agent
from app.stores.chat_documents import Document
from app.stores.conversations import Conversations
from app.stores.pushes import Push
from web.chat.access import Access
from web.chat.attached import Attachments
from web.chat.codes import Login
from web.chat.refused import Refused
from web.chat.sending import Content, Sending

PAGE = 50
Limit = Annotated[int, Field(ge=1, le=200)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    agent: int


class _Listing(_Asked):
    search: Annotated[str, Field(max_length=100)] = ""
    before: tuple[float, str] | None = None
    limit: Limit = PAGE


class _Place(_Asked):
    user: Annotated[str, Field(min_length=1, max_length=300)]


class _History(_Place):
    before: int | None = None
    limit: Limit = PAGE


class _CatchUp(_Place):
    after: int


class _Seen(_Place):
    upto: int


class _ListContent(BaseModel):
    text: str = ""
    title: str
    body: str
    items: tuple[Row, ...]


class _File(BaseModel):
    media: str
    caption: str = ""


class _Send(_Place):
    ref: str
    text: str = ""
    list: _ListContent | None = None
    file: _File | None = None


class _Attach(_Asked):
    name: Annotated[str, Field(max_length=1000)]
    type: Annotated[str, Field(max_length=200)] = ""
    size: Annotated[int, Field(ge=0)]


class _Retry(_Place):
    ref: str


class _Close(_Place):
    text: str = ""
    reason: str = ""


class _Transfer(_Place):
    to: int
    note: str = ""


class Actions:
    """Answers pages."""

    def __init__(
        self,
        access: Access,
        conversations: Conversations,
        sending: Sending,
        publish: Callable[[Push], None],
        attachments: Attachments,
    ) -> None:
        self._access = access
        self._conversations = conversations
        self._sending = sending
        self._publish = publish
        self._attachments = attachments
        self._table: dict[str, Callable[[Login, Document], Awaitable[Document]]] = {
            "conversations": self._listing,
            "history": self._history,
            "catch_up": self._catch_up,
            "read": self._read,
            "attach": self._attach,
            "send": self._send,
            "retry": self._retry,
            "targets": self._targets,
            "transfer": self._transfer,
            "close": self._close,
            "ping": self._ping,
        }

    async def do(self, login: Login, data: Document) -> Document:
        """Do what a page asks for; raises Refused, StoreAway or StoreRefused."""
        action = self._table.get(str(data.get("do")))
        if action is None:
            raise Refused("unknown_action", f"`do` is one of {', '.join(self._table)}, not {data.get('do')!r}")
        try:
            return await action(login, data)
        except ValidationError as error:
            raise Refused("invalid", explain(error)) from error

    def _agent(self, login: Login, agent_id: int) -> Agent:
        for agent in self._access.agents_of(login):
            if agent.id == agent_id:
                return agent
        raise Refused("not_yours", "this browser is not logged in for that agent; log in again")

    async def _listing(self, login: Login, data: Document) -> Document:
        asked = _Listing.model_validate(data)
        self._agent(login, asked.agent)
        found = await self._conversations.listing(asked.agent, asked.search, asked.before, asked.limit)
        unread = await self._conversations.unread(asked.agent)
        return {"conversations": found, "more": len(found) == asked.limit, "unread": unread}

    async def _history(self, login: Login, data: Document) -> Document:
        asked = _History.model_validate(data)
        self._agent(login, asked.agent)
        conversation = await self._existing(asked)
        found = await self._conversations.history(asked.agent, conversation["user"], asked.before, asked.limit)
        return {"conversation": conversation, "messages": found, "more": len(found) == asked.limit}

    async def _catch_up(self, login: Login, data: Document) -> Document:
        asked = _CatchUp.model_validate(data)
        self._agent(login, asked.agent)
        conversation = await self._existing(asked)
        user = conversation["user"]
        found = await self._conversations.changes(asked.agent, user, asked.after) if user == asked.user else None
        if found is None:
            newest = await self._conversations.history(asked.agent, user, None, PAGE)
            return {"conversation": conversation, "messages": newest, "reset": True, "more": True}
        return {"conversation": conversation, "messages": found, "reset": False}

    async def _existing(self, asked: _Place) -> Document:
        conversation = await self._conversations.conversation(asked.agent, asked.user)
        if conversation is None:
            raise Refused("unknown", "there is no such conversation")
        return conversation

    async def _read(self, login: Login, data: Document) -> Document:
        asked = _Seen.model_validate(data)
        self._agent(login, asked.agent)
        before = await self._existing(asked)
        conversation = await self._conversations.mark_read(asked.agent, before["user"], asked.upto)
        if conversation is not None and conversation["unread"] != before["unread"]:
            self._publish({"push": "conversation", "agent": asked.agent, "conversation": conversation})
        return {"conversation": conversation}

    async def _send(self, login: Login, data: Document) -> Document:
        asked = _Send.model_validate(data)
        agent = self._agent(login, asked.agent)
        change = await self._sending.send(agent, asked.user, asked.ref, await self._content(asked))
        return {"message": change.message, "conversation": change.conversation}

    async def _attach(self, login: Login, data: Document) -> Document:
        asked = _Attach.model_validate(data)
        self._agent(login, asked.agent)
        return {"kind": self._attachments.kind(asked.name, asked.type, asked.size)}

    async def _retry(self, login: Login, data: Document) -> Document:
        asked = _Retry.model_validate(data)
        agent = self._agent(login, asked.agent)
        change = await self._sending.retry(agent, asked.user, asked.ref)
        return {"message": change.message, "conversation": change.conversation}

    async def _targets(self, login: Login, data: Document) -> Document:
        asked = _Asked.model_validate(data)
        self._agent(login, asked.agent)
        others = (agent for agent in self._access.everybody if agent.id != asked.agent)
        return {"targets": [{"id": agent.id, "name": agent.name} for agent in others]}

    async def _transfer(self, login: Login, data: Document) -> Document:
        asked = _Transfer.model_validate(data)
        act = Transfer(to=asked.to, note=asked.note.strip() or None)
        await self._sending.act(self._agent(login, asked.agent), asked.user, act)
        return {}

    async def _close(self, login: Login, data: Document) -> Document:
        asked = _Close.model_validate(data)
        act = Close(text=asked.text.strip() or None, reason=asked.reason.strip() or None)
        await self._sending.act(self._agent(login, asked.agent), asked.user, act)
        return {}

    async def _ping(self, login: Login, data: Document) -> Document:
        return {"pong": True}

    async def _content(self, asked: _Send) -> Content:
        if asked.file is not None:
            return await self._attachments.message(asked.file.media, asked.file.caption.strip())
        if asked.list is None:
            return TextMessage(text=asked.text)
        wanted = asked.list
        return ListMessage(
            text=wanted.text.strip() or LIST_TEXT, button=wanted.title, section=wanted.body, rows=wanted.items
        )


WORDS = {
    **dict.fromkeys(LARGEST, "the words under the file"),
    "text": "the text",
    "button": "the button's label",
    "section": "the heading",
    "title": "the button's label",
    "body": "the heading",
    "rows": "the rows",
    "items": "the rows",
}


def explain(error: ValidationError) -> str:
    """A validation error in an operator's words."""
    said = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"] if part != "list"]
        name = WORDS.get(place[0], place[0]) if place else "the list"
        if len(place) > 2 and place[1].isdigit():
            name = f"row {int(place[1]) + 1}, {place[2]}"
        blank = problem["type"] == "string_pattern_mismatch"
        said.append(f"{name}: {'must not be empty' if blank else problem['msg']}")
    return "; ".join(said)
