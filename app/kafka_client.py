"""Clients that give up on a node of Kafka that hangs, instead of waiting for it while another could serve.

In: an aiokafka client that has not connected yet. Out: the same, with a bounded wait for each answer. A node that is
killed refuses connections and is noticed at once; one that is frozen, or behind a dead line, accepts and says nothing.
Only where producers are idempotent: a request given up may have been carried out, and is sent again.
"""

from typing import Any

ANSWER_SECONDS = 10.0
"""A node that has not answered for so long is asked no more; Kafka itself replaces it after 9 s by default."""
JOIN_SECONDS = 90.0
"""Joining a group may take as long as a rebalance: the answer comes when everybody is there."""
WAITS_FOR_OTHERS = ("JoinGroup", "SyncGroup")


def impatient(client: Any, *, answer: float = ANSWER_SECONDS, joining: float = JOIN_SECONDS) -> None:
    """Let a client wait `answer` seconds for a node, and `joining` seconds where the node waits for other members.

    A request that runs out of time ends in aiokafka's RequestTimedOutError, closes its connection and is tried again
    by the client with fresh metadata.
    """
    client._request_timeout_ms = int(answer * 1000)  # of connecting, and of asking for metadata
    send = client.send

    async def bounded(node_id: Any, request: Any, **more: Any) -> Any:
        connection = await client._get_conn(node_id, **more)
        if connection is not None:
            waits = type(request).__name__.startswith(WAITS_FOR_OTHERS)
            connection._request_timeout = joining if waits else answer
        return await send(node_id, request, **more)

    client.send = bounded
