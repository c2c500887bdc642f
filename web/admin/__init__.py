"""The admin API: the agents' register over HTTP, in the first generation's shapes.

In: JSON with a bearer token. Out: the envelopes of docs/register.md. Needs PostgreSQL and, to create an agent's topics,
Kafka; while one of them is away it answers 503 and changes nothing.
"""

from web.admin.gate import check_admin_settings
from web.admin.install import install_admin

__all__ = ["check_admin_settings", "install_admin"]
