"""The process `chat`: the demo agent. Reads its agents' topics, keeps conversations, serves the chat page."""

import time
import uuid

from agents.demo.inbox import Inbox
from app.core.register import Agent, Register
from app.faust_app import BrokerApp, make_app
from app.processes.running import kafka_check, reader_check, register_check, stamp
from app.processes.stores import media_store
from app.producing import Producer
from app.reader import TopicReader
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.stores.conversations import Conversations
from app.stores.pushes import Pushes
from app.topics import Topics
from web.chat.install import install_chat
from web.health import add_health


def build(settings: Settings) -> BrokerApp:
    """The Faust app of the process; raises SettingsError when the chat would be open to everybody."""
    app = make_app(settings, "chat", settings.chat_port, producer_only=True)
    feed = RegisterFeed(settings, Topics(settings))
    conversations = Conversations(settings.mongo_url, settings.mongo_database, settings.window_seconds)
    pushes = Pushes(settings.redis_url, f"{settings.app_id}:chat", uuid.uuid4().hex)
    inbox = Inbox(
        conversations,
        pushes.publish,
        lambda topic: feed.register.reader_of(topic),
        phone_number_id=settings.phone_number_id,
        clock=time.time,
        new_id=lambda: str(uuid.uuid4()),
    )
    reader = TopicReader(settings, "chat-inbox", inbox.handle)
    feed.subscribe(lambda register: reader.follow(_inbound_topics(served(register, settings))))
    hub = install_chat(app, settings, feed, Producer(app), conversations, pushes, media_store(settings))
    app.attach(feed, pushes, reader)

    async def close() -> None:
        conversations.close()

    app.close_at_end(close)
    add_health(
        app,
        {
            "kafka": kafka_check(app),
            "register": register_check(feed),
            "inbox": reader_check(reader),
            "mongodb": conversations.check,
        },
        {"inbox": inbox.counts},
        {**stamp(app), "browsers": lambda: float(len(hub))},
        notes={"pushes": pushes.check},
        about=lambda: {"agents": [agent.name for agent in served(feed.register, settings)]},
    )
    return app


def served(register: Register, settings: Settings) -> list[Agent]:
    """The agents this chat answers for: those of BROKER_CHAT_AGENTS, or all."""
    wanted = {name.casefold() for name in settings.chat_agents}
    return [agent for agent in register.active if not wanted or agent.name.casefold() in wanted]


def _inbound_topics(agents: list[Agent]) -> set[str]:
    return {topic for agent in agents for topic in (agent.read_topic, agent.error_topic)}
