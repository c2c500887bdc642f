"""One turn of `decide`: the state as it becomes, and the effects gathered on the way.

In: a user's state and one event. Out: a `Decision`. A turn lives for one call and is never kept; what it is handed
(state, register, rules) it never changes.
"""

from dataclasses import dataclass, replace
from typing import Any

from app.core import records
from app.core.effects import Effect, Quarantine, Send, TellAgent, effect_id
from app.core.events import Routed, UserWrote
from app.core.filling import Filling
from app.core.identity import User
from app.core.menu import NOTHING_SHOWN, menu_message, shown_by
from app.core.messages import Message, Text
from app.core.opening import opening
from app.core.register import Agent, Register
from app.core.rules import Rules, Texts
from app.core.state import Session, State, Window, digest

CLOCK_SKEW_SECONDS = 300
"""How far Meta's clock may be ahead of ours: a time-stamp in the far future must not hold a window open."""

KEPT_BYTES = 512 * 1024
"""Of the messages kept for the agent to come: a user's state stays far below what Kafka takes as one record."""

REFERENCES = 10
"""Messages of a conversation whose ids the next agent is given."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The state to write, and the effects that must be acknowledged before it is written."""

    state: State
    effects: tuple[Effect, ...] = ()


def _size(record: dict[str, Any]) -> int:
    return len(record["raw_payload"]) + 4 * len(record["text"])


def silent_since(session: Session, window: Window) -> float:
    """From when on a user counts as silent, in seconds UTC: a message may come days late and begin a session now."""
    return max(window.last_seen, session.since)


class Turn:
    """The moving parts while one event is decided."""

    def __init__(self, state: State, event: Routed, now: float, register: Register, rules: Rules) -> None:
        self.event_id = event.id
        self._of_user = isinstance(event, UserWrote)
        self.now = now
        self.register = register
        self.rules = rules
        self.session: Session | None = state.session
        self._session_before = state.session
        self.window = state.window or Window(user=event.user)
        self.effects: list[Effect] = []
        self._refers = False

    @property
    def user(self) -> User:
        """The user with everything known of them."""
        return self.window.user

    @property
    def window_ends(self) -> float:
        """When free text must stop leaving, in seconds UTC, with the margin taken off."""
        if not self.window.last_seen:
            return 0.0
        return self.window.last_seen + self.rules.window_seconds - self.rules.window_margin_seconds

    @property
    def window_open(self) -> bool:
        """Whether free text may leave now."""
        return self.now < self.window_ends

    def silent(self, at: float) -> bool:
        """Whether the user has been away, at a time in seconds UTC, for longer than a session lasts."""
        return self.session is not None and at - silent_since(self.session, self.window) >= self.rules.session_seconds

    def decision(self) -> Decision:
        """What the turn has come to."""
        session = self.session
        if session is not None and session != self._session_before:
            session = replace(session, by=digest(self.event_id), refers=self._refers)
        window = self.window
        if session is None or session.agent is None:
            # At the menu a conversation has the kept messages and no others: so a crash between the writes of session
            # and window cannot leave the ones of the conversation before.
            kept = session.kept if session else ()
            window = replace(window, references=tuple(record["message_id"] for record in kept)[-REFERENCES:])
        return Decision(State(session=session, window=window), tuple(self.effects))

    def handled(self) -> None:
        """Remember the event's id, so that a repeat has no effect."""
        self.window = self.window.remembering(self.event_id, self.rules.recent_ids, of_user=self._of_user)

    def touched(self, at: float) -> None:
        """Note when something about the user happened."""
        self.window = replace(self.window, touched=max(self.window.touched, at, self.now))

    def user_seen(self, user: User, at: float) -> None:
        """Move the window, and learn what the user shows of themselves; a late message never moves it back.

        Only the user's own messages teach us their number: a status may carry Meta's rewritten form of it.
        """
        at = min(at, self.now + CLOCK_SKEW_SECONDS)
        self.window = replace(self.window, user=self.user.merged(user), last_seen=max(self.window.last_seen, at))

    def tell(self, agent: Agent, record: dict[str, Any], *, error: bool = False) -> None:
        """Write to an agent's in topic, or to its error topic."""
        topic = agent.error_topic if error else agent.read_topic
        new_id = self._next_id()
        self.effects.append(TellAgent(id=new_id, agent=agent.id, topic=topic, record={**record, "id": new_id}))

    def refer(self, message: str) -> None:
        """Remember a message of the conversation by its id, for an agent the user may be handed to."""
        self.window = self.window.referring(message, REFERENCES)
        self._refers = True

    def tell_kept(self, agent: Agent, record: dict[str, Any]) -> None:
        """Hand over a kept message, marked so; its id is made of the message, whichever are handed over beside it."""
        new_id = effect_id(f"{self.event_id}\n{record['message_id']}", 0)
        self.effects.append(
            TellAgent(id=new_id, agent=agent.id, topic=agent.read_topic, record={**record, "kept": True, "id": new_id})
        )

    def send(
        self,
        message: Message | dict[str, Any],
        agent: int | None = None,
        ref: str | None = None,
        deadline: float | None = None,
    ) -> str:
        """Send to the user, and return the effect's id; whoever calls has seen to the window."""
        content = message if isinstance(message, dict) else message.model_dump(mode="json")
        new_id = self._next_id()
        self.effects.append(
            Send(
                id=new_id,
                user=self.user,
                message=content,
                made_at=self.now,
                window_ends=self.window_ends,
                agent=agent,
                ref=ref,
                deadline=deadline,
            )
        )
        return new_id

    def say(self, text: str) -> None:
        """The broker's own words to the user, if the window is open."""
        if self.window_open and text.strip():
            self.send(Text(text=text))

    def set_aside(self, reason: str, record: dict[str, Any]) -> None:
        """Put a record into the quarantine."""
        self.effects.append(Quarantine(id=self._next_id(), reason=reason, user=self.user, record=record))

    def texts(self, agent: Agent | None) -> Texts:
        """Our sentences, as an agent says them."""
        return agent.said_by(self.rules.texts) if agent else self.rules.texts

    def fill(self, text: str, agent: Agent | None = None) -> str:
        """One of our sentences with its fields filled in."""
        return self._filling.fill(text, agent)

    @property
    def _filling(self) -> Filling:
        exit_word = self.rules.exit_words[0] if self.rules.exit_words else ""
        return Filling(now=self.now, user=self.user.name or self.user.address, exit=exit_word)

    def to_menu(self, notice: str = "", *, fresh: bool = True, page: int = 0) -> None:
        """Put the user at the menu and show it; a fresh menu makes the rows of older ones stale."""
        kept = self.session if self.session and self.session.agent is None else None
        menu_id = kept.menu if kept and not fresh else digest(self.event_id)[:8]
        self.session = Session(
            since=kept.since if kept else self.now,
            menu=menu_id,
            shown=shown_by(self.register) if self.window_open else self._shown,
            kept=kept.kept if kept else (),
            dropped=kept.dropped if kept else 0,
        )
        if self.window_open:
            self.send(menu_message(self.register, self.rules.texts, menu_id, page, notice, filling=self._filling))

    def to_agent(self, agent: Agent) -> None:
        """Connect the user with an agent, and welcome them."""
        self.session = Session(since=self.now, agent=agent.id, shown=self._shown)
        if not self.closed(agent):
            self.say(agent.welcome_message or self.fill(self.rules.texts.transferring, agent))
        else:
            self.say_closed(agent)

    @property
    def _shown(self) -> str:
        return self.session.shown if self.session else NOTHING_SHOWN

    def closed(self, agent: Agent) -> bool:
        """Whether an agent is outside its hours now."""
        return opening(agent, self.now) is not None

    def say_closed(self, agent: Agent) -> None:
        """Tell the user that the agent is closed, once until it opens; nothing while it is open.

        With the window shut it waits for the user's next message.
        """
        assert self.session is not None
        opens = opening(agent, self.now)
        if opens is None or opens == self.session.told_of or not self.window_open:
            return
        self.session = replace(self.session, told_of=opens)
        texts = self.texts(agent)
        facts = self.fill(texts.closed, agent), self._filling.opens(texts, agent)
        self.say("\n\n".join(filter(None, (agent.closed_message, " ".join(filter(None, facts))))))

    def keep(self, event: UserWrote) -> None:
        """Keep a message for the agent to come; past the bound the oldest goes, and is counted."""
        self.keep_records(records.message_record(event, self.user))

    def keep_records(self, *more: dict[str, Any]) -> None:
        """Keep records for the agent to come, as `keep` does."""
        assert self.session is not None and self.session.agent is None
        kept = (*self.session.kept, *more)
        over = max(0, len(kept) - self.rules.kept_messages)
        while over < len(kept) and sum(map(_size, kept[over:])) > KEPT_BYTES:
            over += 1
        for record in kept[:over]:
            self.set_aside("more messages than can be kept came before an agent was chosen", record)
        self.session = replace(self.session, kept=kept[over:], dropped=self.session.dropped + over)

    def _next_id(self) -> str:
        return effect_id(self.event_id, len(self.effects))
