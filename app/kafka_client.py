"""What every worker's client needs beyond aiokafka 0.14: bounded waits for a node that hangs, topics that stay known.

In: an aiokafka client that has not connected yet. Out: the same, contained. A node that is killed refuses connections
and is noticed at once; one that is frozen, or behind a dead line, accepts and says nothing. Waits are bounded only
where producers are idempotent: a request given up may have been carried out, and is sent again.
"""

import time
from typing import Any
from weakref import WeakKeyDictionary

from aiokafka.errors import UnknownTopicOrPartitionError

ANSWER_SECONDS = 10.0
"""A node that has not answered for so long is asked no more; Kafka itself replaces it after 9 s by default."""
JOIN_SECONDS = 65.0
"""Joining a group may take as long as a rebalance (60 s): the answer comes when everybody is there."""
EMBEDDED_JOIN_SECONDS = 15.0
"""The embedded broker never answers those who wait for a member that died while the group was joining."""
WAITS_FOR_OTHERS = ("JoinGroup", "SyncGroup")


def impatient(client: Any, *, embedded: bool) -> None:
    """Bound a client's waits for Kafka's answers as its kind of broker needs it, and let it forget no topic.

    With the embedded broker only joining a group is bounded: its producers are not idempotent.
    """
    keep_topics(client)
    if embedded:
        bound(client, answer=None, joining=EMBEDDED_JOIN_SECONDS)
    else:
        bound(client, answer=ANSWER_SECONDS, joining=JOIN_SECONDS)


def bound(client: Any, *, answer: float | None, joining: float) -> None:
    """Let a client wait `answer` seconds for a node (None: as before), `joining` where the node waits for members.

    Kafka answers the requests of a connection one after another: what is sent behind a join waits as long as that. A
    request that runs out of time ends in aiokafka's RequestTimedOutError, closes its connection and is tried again
    by the client with fresh metadata.
    """
    if answer is not None:
        client._request_timeout_ms = int(answer * 1000)  # of connecting, and of asking for metadata
    usual = client._request_timeout_ms / 1000
    send = client.send
    joins: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    async def bounded(node_id: Any, request: Any, **more: Any) -> Any:
        connection = await client._get_conn(node_id, **more)
        if connection is None:
            return await send(node_id, request, **more)
        waits = type(request).__name__.startswith(WAITS_FOR_OTHERS)
        joins[connection] = joins.get(connection, 0) + waits
        connection._request_timeout = joining if joins[connection] else usual
        try:
            return await send(node_id, request, **more)
        finally:
            joins[connection] -= waits

    client.send = bounded


def keep_topics(client: Any) -> None:
    """Let a client ask Kafka for every topic that is being written to, whenever it asks for any.

    Without it a topic known from a look at all topics is forgotten as soon as another one is asked for by name; a
    record for it that is still waiting to be sent then waits until the next one for the same topic comes. A topic of
    which Kafka does not know yet is waited for as long as the client waited before its waits were bounded.
    """
    wait = client._wait_on_metadata
    patience = client._request_timeout_ms / 1000

    async def remembering(topic: str) -> Any:
        client._topics.add(topic)
        end = time.monotonic() + patience
        while True:
            try:
                return await wait(topic)
            except UnknownTopicOrPartitionError:
                if time.monotonic() >= end:
                    raise

    client._wait_on_metadata = remembering
