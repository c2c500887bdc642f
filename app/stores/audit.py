"""What the register's store reads and writes of the two audits: changes of agents, and orders about users.

In: orders as they came to the router. Out: statements and their values; the store alone speaks to PostgreSQL.
"""

from typing import Any

from app.core.events import EndOrdered, MoveOrdered

SELECT_CHANGES = """
    SELECT json_build_object('id', id, 'at', extract(epoch FROM at)::float8, 'actor', actor, 'agent_id', agent_id,
                             'before', before, 'after', after)::text
    FROM agents_audit ORDER BY id DESC LIMIT %s
"""
SELECT_ORDERS = """
    SELECT json_build_object('id', id, 'at', extract(epoch FROM at)::float8, 'actor', actor, 'action', action,
                             'user', user_key, 'from', from_agent, 'to', to_agent, 'order', order_id)::text
    FROM orders_audit ORDER BY at DESC, id DESC LIMIT %s
"""
# A repeated order has the same id, and only the first had an effect.
INSERT_ORDER = """
    INSERT INTO orders_audit (at, actor, action, user_key, from_agent, to_agent, order_id)
    VALUES (to_timestamp(%s), %s, %s, %s, %s, %s, %s) ON CONFLICT (order_id) DO NOTHING
"""


def order_values(order: MoveOrdered | EndOrdered) -> tuple[Any, ...]:
    """The values of `INSERT_ORDER`."""
    action, to = ("move", order.agent) if isinstance(order, MoveOrdered) else ("end", None)
    return order.at, order.actor, action, order.user.key, order.before, to, order.id
