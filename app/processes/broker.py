"""The process `broker`: router, bridge, sweeper, mirror, register and admin API. Add workers to share the users."""

import logging

from mode import Service

from agents.auditor import Auditor
from agents.bridge import Bridge
from agents.drainer import Drainer
from agents.mirror import Mirror
from agents.register_publisher import RegisterPublisher
from agents.router import install_router
from agents.sweeper import Sweeper
from app.core.register import Agent
from app.faust_app import BrokerApp, make_app
from app.meter import Meter
from app.owners import Owners
from app.processes.running import kafka_check, reader_check, register_check, stamp, tables_check
from app.producing import Producer
from app.progress import Progress
from app.reader import TopicReader
from app.register_feed import RegisterFeed
from app.settings import Settings
from app.stores.mirror import MirrorStore
from app.stores.register import RegisterStore
from app.topics import Topics, agent_topics, ensure_topics
from tables.users import Users
from web.admin.counts import Counts
from web.admin.install import install_admin, install_numbers, install_page, install_people, install_sessions
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import Passing
from web.admin.people import People
from web.health import add_health

log = logging.getLogger("broker.process")


def build(settings: Settings) -> BrokerApp:
    """The Faust app of the process."""
    app = make_app(settings, "broker", settings.broker_port)
    topics = Topics(settings)
    producer = Producer(app)
    users = Users(app, settings.partitions)
    feed = RegisterFeed(settings, topics)
    router = install_router(app, settings, topics, feed, producer, users)
    bridge = Bridge(topics, feed, producer, settings.phone_number_id)
    bridge_reader = TopicReader(settings, "bridge", bridge.handle)
    feed.subscribe(lambda register: bridge_reader.follow(register.written_topics))
    owners = Owners(app, topics.sessions_changelog, settings.partitions)
    sweeper = Sweeper(
        topics,
        settings.rules,
        settings.sweep_seconds,
        feed,
        producer,
        users,
        ready=lambda: not app.rebalancing,
        has=owners.has,
    )
    store = RegisterStore(settings.postgres_dsn, drain_seconds=settings.drain_seconds)
    publisher = RegisterPublisher(settings, store, feed, producer)
    drainer = Drainer(settings.sweep_seconds, store, feed, publisher.notify, bridge_reader.has_read)

    async def create_topics(agent: Agent) -> None:
        await ensure_topics(settings, agent_topics(agent, settings), within=10.0)

    office = install_admin(app, settings, store, create_topics, publisher.notify)
    mirror_store = MirrorStore(settings.redis_url)
    passing = Passing(owners, users.home, settings.phone_number_id, lambda: app.http_client, settings.admin_tokens)
    lookups = Lookups(passing, users.load, lambda: feed.register, settings.rules)
    counts = Counts(mirror_store, lambda: feed.register)
    orders = Orders(passing, users.load, lambda: feed.register, producer, topics.control)
    install_sessions(app, lookups, counts, orders)
    meter = Meter(settings, lambda: feed.register)
    people = People(owners, users, lambda: feed.register, settings.rules, passing)
    install_people(app, people)
    install_numbers(app, meter.numbers)
    install_page(app, settings, office, lookups, counts, orders, lambda: feed.register, meter.numbers, people)
    mirror = Mirror(settings, topics, mirror_store)
    auditor = Auditor(store)
    audit_reader = TopicReader(settings, "audit", auditor.handle, [topics.control])
    mirror_reader = TopicReader(settings, "mirror", mirror.handle, mirror.topics)
    services: list[Service] = [feed, publisher, bridge_reader, mirror_reader, audit_reader, sweeper, drainer, meter]
    app.attach(*services)
    app.close_at_end(store.close)
    app.close_at_end(mirror_store.close)
    add_health(
        app,
        {
            "kafka": kafka_check(app),
            "tables": tables_check(app),
            "register": register_check(feed),
            "bridge": reader_check(bridge_reader),
        },
        {"router": router.counts, "bridge": bridge.counts, "mirror": mirror.counts, "audit": auditor.counts},
        {**stamp(app), "register_version": lambda: float(feed.register.version)},
        notes={
            "publisher": publisher.check,
            "mirror": reader_check(mirror_reader),
            "audit": reader_check(audit_reader),
        },
        vital={"router": Progress(lambda: router.lanes, kafka_check(app)).check},
        about=lambda: {"agents": [agent.name for agent in feed.register.active]},
    )
    return app
