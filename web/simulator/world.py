"""Everything the fake WhatsApp remembers: users, transcripts, and the logs of Graph calls and webhooks.

Changes come in through its methods, each of which also tells the listeners (the phones page). It is plain
memory: it never waits on the network, posts nothing, and is emptied by `reset`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from web.simulator.config import Number, SimulatorConfig
from web.simulator.journal import Counter, Journal
from web.simulator.media import MediaStore
from web.simulator.templates import Template
from web.simulator.users import FIRST_PHONE, NewUser, User, make_user

Direction = Literal["in", "out"]
Listener = Callable[[dict[str, Any]], None]
RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}


@dataclass(slots=True, kw_only=True)
class Message:
    """A line of a transcript; "out" is from the user's phone, "in" from the business."""

    seq: int
    changed: int
    direction: Direction
    wamid: str
    type: str
    text: str
    raw: dict[str, Any]
    status: str
    """out: pending, accepted (webhook got its 200), read, dropped.
    in: accepted, sent, delivered, read, played, failed."""
    at: float
    choices: list[dict[str, str]] = field(default_factory=list)
    """What can be tapped: kind (row, button, template_button), id, title, and of a row description, section."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    phone_number_id: str
    """The business number the chat is with."""
    shown: dict[str, Any] = field(default_factory=dict)
    """What the phone draws beyond `raw`: media by id or link, and a template's header, footer and links."""


@dataclass(slots=True, kw_only=True)
class GraphCall:
    """A POST to the Graph API that was seen."""

    seq: int
    changed: int
    at: float
    phone_number_id: str
    """The business number that was named, played or not."""
    accepted: bool
    code: int | None
    http_status: int
    wamid: str | None
    to: str | None
    payload: Any
    answered: bool


@dataclass(slots=True, kw_only=True)
class WebhookPost:
    """A webhook POST that was tried."""

    seq: int
    changed: int
    at: float
    status: int | None
    """None when there was no HTTP answer; then `error` says why."""
    items: list[dict[str, str]]
    attempt: int
    duplicate: bool
    error: str | None


@dataclass(slots=True, kw_only=True)
class MediaCall:
    """A call of the media API that was seen."""

    seq: int
    changed: int
    at: float
    action: str
    media_id: str | None
    code: int | None
    """Meta's code, or the HTTP status of a download that failed; None when all went well."""
    http_status: int


class World:
    """The state of one simulator."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.counter = Counter()
        self.listeners: set[Listener] = set()
        self._users_made = 0
        self.media = MediaStore(config.media_limit_bytes)
        self.graph_origin: str | None = None
        """Where the business reaches this simulator, as its last good Graph call showed."""
        self._empty()

    def _empty(self) -> None:
        self.users: dict[str, User] = {}
        self._names: dict[str, User] = {}
        self._transcripts: dict[tuple[str, str], Journal[Message]] = {}
        self._messages: dict[str, tuple[User, Message]] = {}
        self.graph_log: Journal[GraphCall] = Journal(self.counter, self.config.journal_limit)
        self.webhook_log: Journal[WebhookPost] = Journal(self.counter, self.config.journal_limit)
        self.media_log: Journal[MediaCall] = Journal(self.counter, self.config.journal_limit)
        self.templates: list[Template] = list(self.config.templates)
        self.media.clear()
        self.delivered_service_messages = 0
        for name in self.config.starting_phones:
            self.add_user(NewUser(name=name))

    def reset(self) -> None:
        """Forget everybody and everything but the numbering, so that no id is ever used twice."""
        self._empty()
        self.tell({"type": "reset"})

    def tell(self, event: dict[str, Any]) -> None:
        """Hand an event to every listener."""
        for listener in tuple(self.listeners):
            listener(event)

    def add_user(self, new: NewUser) -> User:
        """Add a phone; raises ValueError if its number or id is taken or missing."""
        user = make_user(new, self._users_made + 1)
        for name in user.names:
            if name in self._names:
                raise ValueError(f"{name} belongs to user {self._names[name].id} already")
        self._users_made += 1
        self.users[user.id] = user
        self._names |= dict.fromkeys(user.names, user)
        self.tell({"type": "user", "user": user.public()})
        return user

    def rename(self, user: User, wa_id: str | None, user_id: str | None) -> None:
        """Give a user another number or BSUID; the old ones reach nobody. Raises ValueError if taken or none left."""
        if not wa_id and not user_id:
            raise ValueError("phone and user_id are both null; a user needs one of them")
        for name in (wa_id, user_id):
            if name and self._names.get(name, user) is not user:
                raise ValueError(f"{name} belongs to user {self._names[name].id} already")
        for name in user.names:
            del self._names[name]
        if user.parent_user_id and user_id and user_id != user.user_id:
            user.parent_user_id = user_id.replace(".", ".ENT.", 1)
        user.wa_id, user.user_id = wa_id, user_id
        self._names |= dict.fromkeys(user.names, user)
        self.tell({"type": "user", "user": user.public()})

    def free_number(self) -> str:
        """Return a phone number nobody has."""
        self._users_made += 1
        while str(FIRST_PHONE + self._users_made) in self._names:
            self._users_made += 1
        return str(FIRST_PHONE + self._users_made)

    def find_user(self, name: str) -> User | None:
        """Return the user with this wa_id or BSUID."""
        return self._names.get(name)

    def transcript(self, user: User, phone_number_id: str) -> Journal[Message]:
        """Return the chat of a user with a business number, empty before either has written."""
        name = (user.id, phone_number_id)
        if name not in self._transcripts:
            self._transcripts[name] = Journal(self.counter, self.config.journal_limit)
        return self._transcripts[name]

    def numbers_of(self, user: User) -> tuple[Number, ...]:
        """Return the business numbers a user has a chat with; the first one when there is none yet."""
        chats = [one for one in self.config.numbers if self.transcript(user, one.id).entries]
        return tuple(chats) or self.config.numbers[:1]

    def find_message(self, wamid: str) -> tuple[User, Message] | None:
        """Return a message and the user whose transcript holds it."""
        return self._messages.get(wamid)

    def add_message(
        self,
        user: User,
        direction: Direction,
        *,
        phone_number_id: str | None = None,
        wamid: str,
        type: str,
        text: str,
        raw: dict[str, Any],
        choices: list[dict[str, str]] | None = None,
        shown: dict[str, Any] | None = None,
    ) -> Message:
        """Write a line into the user's transcript with a business number, the first one where none is named."""
        number = self.config.number(phone_number_id)
        seq = self.counter.next()
        message = Message(
            seq=seq,
            changed=seq,
            direction=direction,
            wamid=wamid,
            type=type,
            text=text,
            raw=raw,
            status="pending" if direction == "out" else "accepted",
            at=self.config.clock(),
            choices=choices or [],
            phone_number_id=number.id,
            shown=shown or {},
        )
        self._messages[wamid] = (user, message)
        if len(self._messages) > self.config.journal_limit:
            del self._messages[next(iter(self._messages))]
        self.transcript(user, number.id).append(message)
        self._tell_message(user, message)
        return message

    def set_status(self, message: Message, status: str, errors: list[dict[str, Any]] | None = None) -> None:
        """Move a message's tick; ticks of the business never go back."""
        found = self._messages.get(message.wamid)
        if found is None:
            return  # the world was reset meanwhile
        if message.direction == "in" and RANKS.get(status, 9) <= RANKS.get(message.status, 9):
            return
        if message.direction == "out" and message.status == "read":
            return
        message.status = status
        message.errors = errors or message.errors
        user = found[0]
        self.transcript(user, message.phone_number_id).touch(message)
        self._tell_message(user, message)

    def mark_read(self, user: User, message: Message) -> None:
        """Give the user's messages of this chat up to this one their blue ticks."""
        for other in self.transcript(user, message.phone_number_id).entries:
            if other.direction == "out" and other.seq <= message.seq:
                self.set_status(other, "read")

    def log_graph(self, **fields: Any) -> GraphCall:
        """Note a Graph call."""
        seq = self.counter.next()
        call = GraphCall(seq=seq, changed=seq, at=self.config.clock(), **fields)
        self.graph_log.append(call)
        return call

    def log_media(self, **fields: Any) -> None:
        """Note a call of the media API."""
        seq = self.counter.next()
        self.media_log.append(MediaCall(seq=seq, changed=seq, at=self.config.clock(), **fields))

    def log_webhook(self, **fields: Any) -> WebhookPost:
        """Note a webhook POST that was tried."""
        seq = self.counter.next()
        post = WebhookPost(seq=seq, changed=seq, at=self.config.clock(), **fields)
        self.webhook_log.append(post)
        return post

    def _tell_message(self, user: User, message: Message) -> None:
        if self.listeners:
            self.tell({"type": "message", "user": user.id, "message": asdict(message)})
